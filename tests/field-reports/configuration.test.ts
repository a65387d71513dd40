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

const wrong = (id: string, mistakes = 'a mistake') =>
  `The configuration of the Azure DevOps provider \`${id}\` has ${mistakes}; until corrected, the provider does nothing and its entities stay as they are:`;
const noId = (key: string, value: string) =>
  `${wrong(key)}
- Expected \`catalog.providers.azureDevOps.${key}\` to be an object with the keys of a provider, got \`"${value}"\` (string); \`${key}\` is a key of a provider: put the keys one level deeper, under an id of your choice`;
const noOrganization = (id: string) =>
  `- Expected \`catalog.providers.azureDevOps.${id}.organization\` to be the name of an organization (for Azure DevOps Server: of a collection), got nothing`;
const notConnected = (id: string) =>
  `ConfigurationError: Failed to connect entity provider 'AzureDevOpsEntityProvider:${id}'; caused by ConfigurationError:`;
const NOT_STARTED = `Backend startup failed due to the following errors:
Module 'azure-devops-entity-provider' for plugin 'catalog' startup failed; caused by`;
const WRONG_BEFORE = `${notConnected('wrong')} ${wrong('wrong')}
- Unknown key \`catalog.providers.azureDevOps.wrong.verfyEvery\`; did you mean \`verifyEvery\`?`;
const WORSE_BEFORE = `${notConnected('worse')} ${wrong('worse', '3 mistakes')}
- Unknown key \`catalog.providers.azureDevOps.worse.organisation\`; did you mean \`organization\`?
${noOrganization('worse')}
- Expected \`catalog.providers.azureDevOps.worse.removals.minimum\` to be a whole number of at least 0, got \`-1\` (number)`;
const CONTINUED =
  "Plugin 'catalog' reported failure for module 'azure-devops-entity-provider' during startup, but boot failure is permitted for this plugin module so startup will continue.";

testFieldReports('Mistakes in the configuration', [
  report(
    10,
    'azureDevOps: {organization, project, schedule: {…}}',
    [
      noId('organization', 'contoso'),
      noId('project', 'Payments'),
      wrong('schedule', '2 mistakes'),
      '- Unknown key `catalog.providers.azureDevOps.schedule.frequency`; did you mean `schedule.frequency`?',
      noOrganization('schedule'),
    ].join('\n'),
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
    noId('organization', 'contoso'),
    /such as `main`:\n +catalog:\n +providers:\n +azureDevOps:\n +main:\n +organization: contoso$/,
    () => mistakesOf({ organization: 'contoso' }),
  ),
  report(
    10,
    'azureDevOps: {path, main: {organization}}',
    `${noId('path', '/catalog-info.yml')}\nthe provider main is right`,
    /such as `azure`:[^]*\n +path: \/catalog-info\.yml\nthe provider main is right$/,
    () => mistakesOf({ path: '/catalog-info.yml', main: RIGHT }),
  ),
  report(
    10,
    'azureDevOps: {removals: {allow: (a token)}, host}',
    [
      wrong('removals', '2 mistakes'),
      '- Unknown key `catalog.providers.azureDevOps.removals.allow`; did you mean `removals.allow`?',
      noOrganization('removals'),
      noId('host', 'dev.azure.com'),
    ].join('\n'),
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
    `${NOT_STARTED} ${WRONG_BEFORE}`,
    /verfyEvery[^]*set `backend\.startup\.plugins\.catalog\.modules\.azure-devops-entity-provider\.onPluginModuleBootFailure: continue`/,
    () => startError({ right: RIGHT, wrong: WRONG }),
  ),
  report(
    11,
    'two wrong blocks beside a right one',
    `${NOT_STARTED} ${WORSE_BEFORE}`,
    /providers `wrong` and `worse` of Azure DevOps has 4 mistakes[^]*wrong\.verfyEvery[^]*worse\.organisation[^]*worse\.organization[^]*worse\.removals\.minimum/,
    () => startError({ right: RIGHT, wrong: WRONG, worse: WORSE }),
  ),
  report(
    11,
    'the same, with the setting of the error',
    `right: complete, component:default/api; errors in the log: ${CONTINUED} ${WRONG_BEFORE}\n${CONTINUED} ${WORSE_BEFORE}`,
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
