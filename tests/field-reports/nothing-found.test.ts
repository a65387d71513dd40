import type { JsonObject } from '@backstage/types';
import {
  addReadableOrganization,
  component,
  stageForAll,
} from '../e2e/support';
import type { TestCatalog } from '../support/backend';
import { testFieldReports, type FieldReport } from './table';

const REPOSITORIES = 30;
const WITH_DESCRIPTOR = 12;

const PROVIDERS: Record<string, JsonObject> = {
  extension: { path: '/catalog-info.yml' },
  folder: { path: '/backstage/*.yaml' },
  both: { path: ['/catalog-info.yml', '/catalog.yaml'], project: 'Cross Team' },
  branch: { branch: 'mian' },
  unlike: { branch: 'production' },
  glob: { branch: 'mian', path: '/**/catalog-info.yaml' },
  project: { project: 'Cross%20Team' },
  letter: { project: ['CrossTeam', 'X'] },
  other: { project: 'Payments' },
  repository: { repository: 'sevrice-1' },
  excluded: { exclude: { repository: ['*-*'] } },
  forks: { organization: 'forks', skipForkedRepos: true },
  disabled: { organization: 'disabled' },
  empty: { organization: 'empty' },
  right: {},
};

const stage = stageForAll();
let catalog: TestCatalog;

beforeAll(async () => {
  const { simulator } = stage;
  const team = addReadableOrganization(simulator, 'contoso').addProject(
    'Cross Team',
  );
  const [root] = Array.from({ length: REPOSITORIES }, (_, i) =>
    team.addRepository(`service-${i}`, {
      files: {
        [i < WITH_DESCRIPTOR ? '/catalog-info.yaml' : '/README.md']: component(
          `service-${i}`,
        ),
      },
    }),
  );
  const forks = addReadableOrganization(simulator, 'forks').addProject('P');
  forks.addRepository('fork', {
    parent: root,
    files: { '/catalog-info.yaml': component('fork') },
  });
  const disabled = addReadableOrganization(simulator, 'disabled').addProject(
    'P',
  );
  disabled.addRepository('old', { files: { '/a': 'b' } }).disable();
  disabled.addRepository('new');
  addReadableOrganization(simulator, 'empty');
  catalog = await stage.catalog({
    providers: Object.fromEntries(
      Object.entries(PROVIDERS).map(([id, block]) => [
        id,
        { organization: 'contoso', hints: { codeSearch: false }, ...block },
      ]),
    ),
  });
});

const items = () => stage.simulator.requests.count({ endpoint: 'items' });

/** What the log says about a provider. */
async function warningsOf(id: string): Promise<string> {
  await catalog.refresh(id);
  return (
    catalog.logs
      .filter(
        ({ level, message }) =>
          level === 'warn' &&
          message.startsWith(`AzureDevOpsEntityProvider:${id}: `),
      )
      .map(({ message }) => message)
      .join('\n') || 'no warning'
  );
}

const report = (
  id: string,
  right: RegExp,
  now: () => Promise<string> = () => warningsOf(id),
): FieldReport => [JSON.stringify(PROVIDERS[id]), right, now];

testFieldReports(
  'a provider that finds nothing names the key that leaves nothing:',
  [
    report(
      'extension',
      /`catalog\.providers\.azureDevOps\.extension\.path` \("\/catalog-info\.yml"\) finds no file in any of the 30 repositories that are selected\. 12 of 30 repositories that were looked at have \/catalog-info\.yaml: did you mean that\?; 60 requests$/,
      async () => {
        const before = items();
        const warnings = await warningsOf('extension');
        const asked = items() - before;
        // Said once, and looked for once.
        expect(await warningsOf('extension')).toBe(warnings);
        // 30 for the path in the first refresh, and 30 for the look.
        return `${warnings}; ${asked} requests`;
      },
    ),
    report(
      'folder',
      /folder\.path` \("\/backstage\/\*\.yaml"\) finds no file.*of 15 repositories that were looked at have \/catalog-info\.yaml/,
    ),
    report(
      'both',
      /both\.path` \("\/catalog-info\.yml", "\/catalog\.yaml"\).*12 of 30 repositories/,
    ),
    report(
      'branch',
      /branch\.branch` \("mian"\) is the default branch of none of the 30 repositories.*did you mean "main"\? 12 of 30 repositories that were looked at have \/catalog-info\.yaml at their default branch/,
    ),
    report(
      'unlike',
      /unlike\.branch` \("production"\).*Default branches are "main"\. 12 of 30/,
    ),
    report('glob', /glob\.branch` \("mian"\).*12 of 30/),
    report(
      'project',
      /project\.project` \("Cross%20Team"\) selects no project in the list, which has 1: "Cross Team"; did you mean "Cross Team"\?/,
    ),
    report('letter', /letter\.project` .*did you mean "Cross Team"\?/),
    report(
      'other',
      /other\.project` \("Payments"\) selects no project.*What to do: Compare it with the names in the browser/,
    ),
    report(
      'repository',
      /repository\.repository` \("sevrice-1"\) selects no repository in the list, which has 30: .*did you mean "service-1/,
    ),
    report(
      'excluded',
      /excluded\.exclude\.repository` \("\*-\*"\) leaves out every repository/,
    ),
    report('forks', /forks\.skipForkedRepos` leaves out every repository/),
    report(
      'disabled',
      /every repository that is selected is disabled or empty.*\(disabled: 1, empty: 1\)/,
    ),
    report(
      'empty',
      /dev\.azure\.com\/empty: repositories: none visible: what may not be read is left out without a word\. What to do: Add the identity to the group Readers/,
    ),
    report('right', /^no warning$/),
  ],
);
