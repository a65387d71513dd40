import { isDeepStrictEqual } from 'node:util';
import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';
import annotatorModule from '@backstage-community/plugin-catalog-backend-module-azure-devops-annotator-processor';
import type { TestCatalog } from '../support/backend';
import { until } from '../support/until';
import { withEnvironment } from '../support/with-environment';
import {
  addReadableOrganization,
  component,
  stageForAll,
  TOKEN,
  type Stage,
} from './support';

const KINDS = ['Component', 'API', 'System', 'Group'];
const catalogKeys = { rules: [{ allow: KINDS }] };

describe('the annotations of the plugins for Azure DevOps', () => {
  const stage = stageForAll();
  let restore: () => void;
  beforeAll(async () => {
    restore = withEnvironment({ NO_PROXY: 'localhost' });
  });
  afterAll(async () => {
    restore();
  });

  it("are those of the community's annotator processor, come with the setting at the next refresh, and follow renames", async () => {
    const { simulator } = stage;
    const organization = addReadableOrganization(simulator, 'Contoso');
    const descriptor = (name: string) =>
      [
        component(`${name}-plain`),
        component(`${name}-own`).replace(
          'spec:',
          "  annotations: {dev.azure.com/project-repo: Mine/other, other: 'yes'}\nspec:",
        ),
        component(`${name}-empty`).replace(
          'spec:',
          "  annotations: {dev.azure.com/host-org: ''}\nspec:",
        ),
        component(`${name}-api`)
          .replace('Component', 'API')
          .concat('  definition: x\n'),
        component(`${name}-system`).replace('Component', 'System'),
        component(`${name}-group`)
          .replace('Component', 'Group')
          .concat('  children: []\n'),
      ].join('---\n');
    const files = (name: string) => ({
      '/catalog-info.yaml': descriptor(name),
    });
    const payments = organization.addProject('Payments');
    const api = payments.addRepository('api', { files: files('api') });
    const umlauts = organization.addProject('Ärger & Söhne (50%)');
    umlauts.addRepository("a b+c#d'e[f]", { files: files('odd') });
    simulator.addPersonalAccessToken('token-of-the-server', { identity: 'me' });
    const server = simulator.addOrganization('tfs/Main', {
      deployment: 'server',
    });
    server.grant('me');
    server
      .addProject('My Project')
      .addRepository('on premises', { files: files('server') });

    const start = async (
      annotations: boolean | undefined,
      options: Parameters<Stage['catalog']>[0] = {},
    ) =>
      await stage.catalog({
        integrations: {
          azure: [
            {
              host: 'dev.azure.com',
              credentials: [{ personalAccessToken: TOKEN }],
            },
            {
              host: simulator.serverHost,
              credentials: [{ personalAccessToken: 'token-of-the-server' }],
            },
          ],
        },
        catalog: catalogKeys,
        providers: {
          main: {
            organization: 'Contoso',
            ...(annotations !== undefined && { annotations }),
          },
          server: {
            host: simulator.serverHost,
            organization: 'tfs/Main',
            ...(annotations !== undefined && { annotations }),
          },
        },
        ...options,
      });

    const theirs = await start(undefined, { features: [annotatorModule] });
    await refresh(theirs);
    await theirs.settled();
    const expected = await annotations(theirs);
    expect(expected).toMatchObject({
      'component:default/api-plain': {
        'dev.azure.com/project-repo': 'Payments/api',
        'dev.azure.com/host-org': 'dev.azure.com/Contoso',
      },
      'component:default/api-own': {
        'dev.azure.com/project-repo': 'Mine/other',
      },
      'component:default/server-plain': {
        'dev.azure.com/project-repo': 'My Project/on premises',
        'dev.azure.com/host-org': `${simulator.serverHost}/tfs/Main`,
      },
      'api:default/api-api': {},
    });
    expect(Object.keys(expected)).toHaveLength(18);

    // A swap changes nothing.
    const before = await start(undefined, { database: 'postgres' });
    await refresh(before);
    await before.settled();
    const plain = await annotations(before);
    expect(plain['component:default/api-plain']).toEqual({});
    const { databasePrefix } = before;
    await before.stop({ keepDatabase: true });

    const ours = await start(true, { database: 'postgres', databasePrefix });
    await refresh(ours);
    await becomes(ours, expected);

    api.rename('payments-api');
    payments.rename('Pay');
    const renamed = JSON.parse(JSON.stringify(expected)) as Annotations;
    for (const name of ['api-plain', 'api-empty']) {
      const ofOne = renamed[`component:default/${name}`] ?? {};
      ofOne['dev.azure.com/project-repo'] = 'Pay/payments-api';
    }
    for (const catalog of [ours, theirs]) {
      await refresh(catalog);
      await becomes(catalog, renamed);
    }
  });
});

type Annotations = Record<string, Record<string, string>>;

async function refresh(catalog: TestCatalog): Promise<void> {
  for (const id of ['main', 'server']) {
    const { outcome, error } = await catalog.refresh(id);
    expect({ outcome, error }).toEqual({ outcome: 'complete' });
  }
}

/** Waits until the catalog has processed what was changed in it. */
async function becomes(
  catalog: TestCatalog,
  expected: Annotations,
): Promise<void> {
  await until(`the annotations to be ${JSON.stringify(expected)}`, async () =>
    isDeepStrictEqual(await annotations(catalog), expected),
  );
}

/** What entities have of these annotations, by reference. */
async function annotations(catalog: TestCatalog): Promise<Annotations> {
  const ours = ({ metadata }: Entity) =>
    Object.fromEntries(
      Object.entries(metadata.annotations ?? {}).filter(
        ([name]) => name.startsWith('dev.azure.com/') || name === 'other',
      ),
    );
  return Object.fromEntries(
    (await catalog.entities()).map(entity => [
      stringifyEntityRef(entity),
      ours(entity),
    ]),
  );
}
