import type { JsonObject } from '@backstage/types';
import { until } from '../../support/until';
import { seededRandom } from '../../support/random';
import { Drift } from '../stage/drift';
import { Evidence } from '../stage/evidence';
import { outage } from '../stage/outage';
import type { Row } from '../stage/row';
import { setStage } from '../stage/set';
import type { Stage, StageSettings } from '../stage/stage';
import { DESCRIPTOR, repositoryName } from '../stage/world';

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

/** Group 6, continued: somebody changes what runs. */
export const CONFIGURATION_ROWS: readonly Row[] = [
  configurationMistakes,
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
