import type { JsonObject } from '@backstage/types';
import { ConfigReader } from '@backstage/config';
import { readProviderConfigs } from '../../src/config/read';
import {
  addReadableOrganization,
  component,
  stageForAll,
} from '../e2e/support';
import { testFieldReports } from './table';

const stage = stageForAll();

beforeAll(async () => {
  addReadableOrganization(stage.simulator, 'contoso')
    .addProject('Payments')
    .addRepository('api', {
      files: { '/catalog-info.yaml': component('api') },
    });
});

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

testFieldReports('a mistake is reported with what to write instead:', [
  [
    'azureDevOps: {organization, project, schedule: {…}}',
    /^[^\n]*`default` has a mistake:\n.*put these keys under an id, such as `main`:\n +catalog:\n +providers:\n +azureDevOps:\n +main:\n +organization: contoso\n +project: Payments\n +schedule:\n +frequency:\n +minutes: 30$/,
    () =>
      mistakesOf({
        organization: 'contoso',
        project: 'Payments',
        schedule: { frequency: { minutes: 30 } },
      }),
  ],
  [
    'azureDevOps: {organization}',
    /such as `main`:\n +catalog:\n +providers:\n +azureDevOps:\n +main:\n +organization: contoso$/,
    () => mistakesOf({ organization: 'contoso' }),
  ],
  [
    'azureDevOps: {path, main: {organization}}',
    /such as `azure`:[^]*\n +path: \/catalog-info\.yml\nthe provider main is right$/,
    () => mistakesOf({ path: '/catalog-info.yml', main: RIGHT }),
  ],
  [
    'azureDevOps: {removals: {allow: (a token)}, host}',
    /such as `main`:[^]*removals:\n +allow: …\n +host: dev\.azure\.com$/,
    () =>
      mistakesOf({
        removals: { allow: 'x'.repeat(52) },
        host: 'dev.azure.com',
      }),
  ],
  [
    'one wrong block beside a right one',
    /verfyEvery[^]*set `backend\.startup\.plugins\.catalog\.modules\.azure-devops-entity-provider\.onPluginModuleBootFailure: continue`/,
    () => startError({ right: RIGHT, wrong: WRONG }),
  ],
  [
    'two wrong blocks beside a right one',
    /providers `wrong` and `worse` of Azure DevOps has 4 mistakes[^]*wrong\.verfyEvery[^]*worse\.organisation[^]*worse\.organization[^]*worse\.removals\.minimum/,
    () => startError({ right: RIGHT, wrong: WRONG, worse: WORSE }),
  ],
  [
    'the same, with the setting of the error',
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
  ],
]);
