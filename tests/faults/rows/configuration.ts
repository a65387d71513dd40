import type { JsonObject } from '@backstage/types';
import { until } from '../../support/until';
import { seededRandom } from '../../support/random';
import { Drift } from '../stage/drift';
import { Evidence } from '../stage/evidence';
import { outage, type Phase } from '../stage/outage';
import { withComponents } from '../stage/picture';
import type { Row } from '../stage/row';
import { setStage } from '../stage/start';
import type { Stage, StageSettings } from '../stage/stage';
import {
  component,
  DESCRIPTOR,
  identityOf,
  ORGANIZATIONS,
  repositoryName,
} from '../stage/world';

/** A backend that starts even when a part of it does not. */
const TOLERANT: JsonObject = {
  backend: {
    startup: { default: { onPluginModuleBootFailure: 'continue' } },
  },
};

const MISTAKES: ReadonlyArray<{
  readonly what: string;
  readonly settings: StageSettings;
  readonly failsWith: RegExp;
}> = [
  {
    what: "a key that does not exist in the provider's block",
    settings: {
      provider: { verfyEvery: '1 hour' },
      catalog: { config: TOLERANT },
    },
    failsWith: /azureDevOps\.main.*verfyEvery/s,
  },
  {
    what: 'no organization',
    settings: {
      provider: { organizations: [] },
      catalog: { config: TOLERANT },
    },
    failsWith: /azureDevOps\.main.*organization/s,
  },
  {
    what: 'a percentage as a text',
    settings: {
      provider: { removals: { maxPercentage: '20 %' } },
      catalog: { config: TOLERANT },
    },
    failsWith: /azureDevOps\.main\.removals\.maxPercentage/,
  },
  {
    what: 'azure-devops in place of azureDevOps',
    settings: {
      catalog: { config: TOLERANT, providersKey: 'azure-devops' },
    },
    failsWith:
      /catalog\.providers\.azure-devops.*did you mean `catalog\.providers\.azureDevOps`/s,
  },
];

const configurationMistakes: Row = {
  group: 6,
  name: 'a mistake in the configuration under a backend that tolerates it',
  injected: MISTAKES.map(({ what }) => what).join('; '),
  expected:
    'The provider exists all the same, and its error names the mistake: no entity is removed.',
  async run() {
    const stage = await setStage();
    try {
      const drift = new Drift(stage.world, seededRandom(1));
      const evidence = new Evidence(stage, drift);
      await evidence.begin();
      const errors: string[] = [];
      for (const { what, settings, failsWith } of MISTAKES) {
        await stage.restartBackend(settings);
        await evidence.nothingIsLost();
        const error = stage.catalog.logs
          .filter(({ level }) => level === 'error')
          .map(({ message, meta }) => `${message} ${String(meta ?? '')}`)
          .find(line => failsWith.test(line));
        if (error === undefined) {
          evidence.fail(`no error names ${what}`);
        }
        errors.push(error ?? '');
      }
      await stage.restartBackend();
      evidence.step();
      await evidence.becomesWhole(() => stage.refresh());
      const outcome = evidence.outcome(errors[0] ?? '');
      await expectEviction(stage);
      return outcome;
    } finally {
      await stage.clear();
    }
  },
};

/** The danger is real: a provider that does not exist does lose its entities. */
async function expectEviction(stage: Stage): Promise<void> {
  await stage.restartBackend({ catalog: { withoutModule: true } });
  await until('the catalog to evict what no provider gives', async () => {
    const { entities } = await stage.snapshot();
    return entities.size === 0;
  });
}

/** One in ten, in every organization. */
const UNREADABLE = Array.from({ length: 10 }, (_, i) =>
  repositoryName(i * 10 + 3),
);

/** An organization beside the others, with so few entities that the guard's minimum covers them. */
const SMALL = 'contoso-group';
const SMALL_NAMES = Array.from({ length: 10 }, (_, i) => `small-${i + 1}`);

function addSmallOrganization({ simulator }: Stage): void {
  const organization = simulator.addOrganization(SMALL);
  organization.grant(identityOf('contoso'));
  const projects = ['Payments', 'R&D'].map(it => organization.addProject(it));
  for (const [i, name] of SMALL_NAMES.entries()) {
    projects[i < 9 ? 0 : 1]?.addRepository(name, {
      files: { [DESCRIPTOR]: component(name) },
    });
  }
}

async function configure(stage: Stage, block: JsonObject): Promise<void> {
  const organizations = [...ORGANIZATIONS, SMALL];
  await stage.restartBackend({ provider: { organizations, ...block } });
}

const isSmall = withComponents(SMALL_NAMES, 1);

/** A phase under a block that leaves nothing, or one entity, of ten. */
function underMistake(block: JsonObject, held = 10): Phase {
  return {
    begin: stage => configure(stage, block),
    holds: isSmall,
    failsWith: new RegExp(
      `${SMALL}: held back the removal of ${held} of 10 entities`,
    ),
  };
}

/** Group 6, continued: somebody changes what runs. */
export const CONFIGURATION_ROWS: readonly Row[] = [
  configurationMistakes,
  outage({
    group: 6,
    name: 'a typing error in what is selected, in a small organization',
    injected:
      'one in `branch`, then in one of two names of `project`, while an organization has ten entities',
    expected:
      'Nothing goes, however few they are: the error names the numbers and the code, and is gone with the mistake.',
    strikes: 'all',
    during: [
      {
        async begin(stage) {
          addSmallOrganization(stage);
          await configure(stage, {});
        },
        holds: isSmall,
      },
      underMistake({ branch: 'mian' }),
      underMistake({ project: ['Paymets', 'R&D'] }, 9),
    ],
    end: stage => configure(stage, {}),
    endsWith: isSmall,
  }),
  outage({
    group: 6,
    name: "the official module's Locations taken over",
    injected:
      'a catalog of 285 official Locations, while the files of one repository in ten cannot be read',
    expected:
      'Every entity keeps its uid; the Locations of files that cannot be read stay until they can.',
    strikes: 'all',
    settings: () => ({ template: 'official' }),
    during: [
      {
        begin: stage =>
          void stage.simulator.inject({
            match: { endpoint: 'items', repository: UNREADABLE },
            fault: 'forbidden',
          }),
        errors: 30,
        failsWith: new RegExp(`could not tell.*${DESCRIPTOR}`, 's'),
      },
    ],
    end: stage => stage.simulator.faults.removeAll(),
  }),
];
