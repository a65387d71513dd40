import type { JsonObject } from '@backstage/types';
import { ConfigReader } from '@backstage/config';
import { readProviderConfigs } from '../../src/config/index';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from '../e2e/support';
import { testFieldReports, type FieldReport } from './table';

let stage: Stage;

beforeAll(async () => {
  stage = await setStage();
  addReadableOrganization(stage.simulator, 'contoso')
    .addProject('Payments')
    .addRepository('api', {
      files: { '/catalog-info.yaml': component('api') },
    });
});
afterAll(() => stage.stop());

/** What reading the blocks says. */
function mistakesOf(blocks: JsonObject): string {
  return readProviderConfigs(
    new ConfigReader({ catalog: { providers: { azureDevOps: blocks } } }),
  )
    .map(({ id, error }) => error?.message ?? `the provider ${id} is right`)
    .join('\n');
}

/** The error with which a backend does not start. */
async function startError(
  providers: Record<string, JsonObject>,
): Promise<string> {
  try {
    await stage.catalog({ providers });
  } catch (error) {
    return causesOf(error);
  }
  throw new Error('The backend started');
}

/** All of an error: Backstage's own, and what it is about. */
function causesOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const RIGHT = { organization: 'contoso' };
const WRONG = { organization: 'contoso', verfyEvery: 'PT1H' };
const WORSE = { organisation: 'contoso', removals: { minimum: -1 } };
const CONTINUE = {
  backend: {
    startup: {
      plugins: {
        catalog: {
          modules: {
            'azure-devops-entity-provider': {
              onPluginModuleBootFailure: 'continue',
            },
          },
        },
      },
    },
  },
};

const report = (
  number: number,
  input: string,
  before: string,
  right: RegExp,
  now: FieldReport['now'],
): FieldReport => ({ number, input, before, seenAt: 'baa2d86', right, now });

const NO_ID =
  'The configuration of the Azure DevOps provider `organization` has a mistake; until corrected, the provider does nothing and its entities stay as they are: Expected `catalog.providers.azureDevOps.organization` to be an object with the keys of a provider, got `"contoso"` (string); `organization` is a key of a provider: put the keys one level deeper, under an id of your choice';

testFieldReports('Mistakes in the configuration', [
  report(
    10,
    'azureDevOps: {organization, project, schedule: {…}}',
    `${NO_ID}. […] The configuration of the Azure DevOps provider \`schedule\` has 3 mistakes: Unknown key \`catalog.providers.azureDevOps.schedule.frequency\`; did you mean \`schedule.frequency\`? […]`,
    /^[^\n]*`default` has a mistake:\n.*put these keys under an id, such as `main`:\n +catalog:\n +providers:\n +azureDevOps:\n +main:\n +organization: contoso\n +project: Payments\n +schedule:\n +frequency:\n +minutes: 30$/,
    () =>
      mistakesOf({
        organization: 'contoso',
        project: 'Payments',
        schedule: { frequency: { minutes: 30 } },
      }),
  ),
  report(
    10,
    'azureDevOps: {organization}',
    NO_ID,
    /such as `main`:\n +catalog:\n +providers:\n +azureDevOps:\n +main:\n +organization: contoso$/,
    () => mistakesOf({ organization: 'contoso' }),
  ),
  report(
    10,
    'azureDevOps: {path, main: {organization}}',
    'The configuration of the Azure DevOps provider `path` has a mistake […] put the keys one level deeper, under an id of your choice',
    /such as `azure`:[^]*\n +path: \/catalog-info\.yml\nthe provider main is right$/,
    () => mistakesOf({ path: '/catalog-info.yml', main: RIGHT }),
  ),
  report(
    10,
    'azureDevOps: {removals: {allow: (a token)}, host}',
    'The configuration of the Azure DevOps provider `removals` has 2 mistakes […]',
    /such as `main`:[^]*removals:\n +allow: …\n +host: dev\.azure\.com$/,
    () =>
      mistakesOf({
        removals: { allow: 'x'.repeat(52) },
        host: 'dev.azure.com',
      }),
  ),
  report(
    11,
    'one wrong block beside a right one',
    'The backend does not start, and the documentation says that only that provider stops',
    /verfyEvery[^]*set `backend\.startup\.plugins\.catalog\.modules\.azure-devops-entity-provider\.onPluginModuleBootFailure: continue`/,
    () => startError({ right: RIGHT, wrong: WRONG }),
  ),
  report(
    11,
    'two wrong blocks beside a right one',
    'Only the mistakes of one of the wrong blocks',
    /providers `wrong` and `worse` of Azure DevOps has 4 mistakes[^]*wrong\.verfyEvery[^]*worse\.organisation[^]*worse\.organization[^]*worse\.removals\.minimum/,
    () => startError({ right: RIGHT, wrong: WRONG, worse: WORSE }),
  ),
  report(
    11,
    'the same, with the setting of the error',
    'The right one runs; the log has the mistakes of each wrong block',
    /^right: complete, component:default\/api; errors in the log: [^]*has 4 mistakes/,
    async () => {
      const catalog = await stage.catalog({
        providers: { right: RIGHT, wrong: WRONG, worse: WORSE },
        config: CONTINUE,
      });
      const { outcome } = await catalog.refresh('right');
      await catalog.settled();
      const [entity] = await catalog.entities({ kind: 'component' });
      const errors = catalog.logs
        .filter(({ level }) => level === 'error')
        .map(({ message, meta }) => `${message} ${String(meta ?? '')}`);
      return `right: ${outcome}, component:default/${entity?.metadata.name}; errors in the log: ${errors.join('\n')}`;
    },
  ),
]);
