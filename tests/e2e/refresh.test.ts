import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AzureUrlReader } from '@backstage/backend-defaults/urlReader';
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
} from '@backstage/catalog-model';
import type { AlphaEntity } from '@backstage/catalog-model/alpha';
import { ConfigReader } from '@backstage/config';
import {
  DefaultAzureDevOpsCredentialsProvider,
  ScmIntegrations,
} from '@backstage/integration';
import { problemsIn } from '../support/logs';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  IDENTITY,
  stageForEach,
  TOKEN,
} from './support';

const stage = stageForEach();

describe('the log', () => {
  it('has after a refresh what was found, skipped and read, and only once which entities are defined twice', async () => {
    const organization = addReadableOrganization(stage.simulator, 'contoso');
    const project = organization.addProject('P');
    const descriptor = (name: string) => ({
      files: { '/catalog-info.yaml': component(name) },
    });
    project.addRepository('first', descriptor('same'));
    project.addRepository('second', descriptor('same'));
    project.addRepository('off', descriptor('off')).disable();
    project.addRepository('empty');
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
    });
    const lines = (level: string) =>
      catalog.logs
        .splice(0)
        .filter(line => line.level === level)
        .map(({ message }) => message);

    await catalog.refresh();
    const [first] = problemsIn(catalog.logs);
    expect(first?.message).toMatch(
      /^component:default\/same is defined by https:\S*_git\/first\S*, which is in the catalog, and by https:\S*_git\/second/,
    );
    expect(lines('info')).toContain(
      'dev.azure.com/contoso: 4 repositories; 2 skipped (disabled: 1, empty: 1); 2 read (new: 2)',
    );

    await catalog.refresh();
    expect(lines('warn')).toEqual([]);

    // The other one gives it now, and a third is left out.
    project.repository('first').delete();
    project.addRepository('third', descriptor('same'));
    await catalog.refresh();
    expect(lines('warn')).toEqual([
      expect.stringMatching(/_git\/second\S*, which is in the catalog/),
    ]);
  });

  it('has one line where no provider is configured, with what is, and one for a key that nobody reads', async () => {
    const { logs, baseUrl } = await stage.catalog({
      catalog: { azureDevOps: { urlreader: { enabled: false } } },
    });
    const tasks = `${baseUrl}/api/catalog/.backstage/scheduler/v1/tasks`;
    await until('the catalog to have scheduled its tasks', async () => {
      const response = await fetch(tasks);
      const body = (await response.json()) as { tasks: unknown[] };
      return body.tasks.length > 0;
    });
    expect(
      logs
        .map(({ message }) => message)
        .filter(message => message.includes('catalog.providers')),
    ).toEqual([
      'Nothing stands under `catalog.providers.azureDevOps`, so that nothing is ingested from Azure DevOps; besides, `catalog.providers` has nothing',
    ]);
    expect(problemsIn(logs).map(({ message }) => message)).toEqual([
      'Unknown key `catalog.azureDevOps.urlreader`; did you mean `urlReader`? (it has no effect)',
    ]);
  });
});

const TARGET =
  'https://dev.azure.com/contoso/P/_git/broken?path=/catalog-info.yaml';

describe('a file that cannot be read', () => {
  it('shows in the catalog with its errors, at no further request, until it is repaired', async () => {
    const repository = addReadableOrganization(stage.simulator, 'contoso')
      .addProject('P')
      .addRepository('broken', {
        files: {
          '/catalog-info.yaml': `${component('fine')}---\nkind: Component\n  name: {\n`,
        },
      });
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
      catalog: { processingInterval: { seconds: 1 } },
    });
    const report = await catalog.refresh();
    expect(report.rejectedFiles).toBe(1);
    expect(await catalog.rejectedFiles()).toEqual([
      expect.objectContaining({
        target: TARGET,
        errors: [expect.stringMatching(/^document 2, line 1\d/)],
      }),
    ]);
    expect(catalog.logs).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(
          /\/_git\/broken\?path=\/catalog-info\.yaml: document 2, line \d+/,
        ),
      }),
    );
    const requests = stage.simulator.requests.count({});

    const shown = await until('the errors to show', async () => {
      const [location]: AlphaEntity[] = await errorLocations();
      return location?.status ? location : undefined;
    });
    expect(shown).toMatchObject({
      metadata: {
        annotations: { 'backstage.io/managed-by-location': `url:${TARGET}` },
      },
      status: {
        items: [
          {
            level: 'error',
            message: expect.stringContaining('document 2, line 1'),
          },
        ],
      },
    });
    expect(
      (await catalog.entities({ kind: 'component' })).map(
        ({ metadata }) => metadata.name,
      ),
    ).toEqual(['fine']);
    expect(stage.simulator.requests.count({})).toBe(requests);

    repository.push({
      files: {
        '/catalog-info.yaml': `${component('fine')}---\n${component('repaired')}`,
      },
    });
    await catalog.knex('azure_devops_repositories').update({ verified_at: 0 });
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      rejectedFiles: 0,
    });
    await catalog.settled();
    expect(await errorLocations()).toEqual([]);
    expect(await catalog.entities({ kind: 'component' })).toHaveLength(2);

    async function errorLocations() {
      return await catalog.entities({ kind: 'location' });
    }
  });
});

/** Names that Azure DevOps takes for projects, repositories and folders. */
const NAMES = [
  'plain',
  'My Project',
  'C#lib',
  'R&D',
  '100% done',
  'a+b',
  "it's",
  'größe-日本',
  'dots.and-dashes_1',
  '%41 already encoded',
  'semi;colon,comma',
  '(parens)',
];

const BRANCHES = [
  'main',
  'feat/a&b',
  'release/1.0+x',
  'fix#12',
  'größe',
  "it's-100%",
];

describe('names with spaces, umlauts and signs', () => {
  it("survive the round trip, and the URL in the catalog opens the same file through Backstage's own reader", async () => {
    const organization = addReadableOrganization(stage.simulator, 'contoso');
    NAMES.forEach((name, i) => {
      organization.addProject(`${name} p`).addRepository(`${name} r`, {
        files: { [`/${name} f/catalog-info.yaml`]: component(`named-${i}`) },
      });
    });
    BRANCHES.forEach((branch, i) => {
      organization.addProject(`branches ${i}`).addRepository('repo', {
        files: { '/README.md': 'the descriptor is on another branch\n' },
      });
      organization
        .project(`branches ${i}`)
        .repository('repo')
        .push({
          branch,
          files: { '/catalog-info.yaml': component(`branch-${i}`) },
        });
    });

    const catalog = await stage.catalog({
      providers: {
        main: {
          organization: 'contoso',
          path: '/**/catalog-info.yaml',
          exclude: { project: 'branches *' },
        },
        ...Object.fromEntries(
          BRANCHES.map((branch, i) => [
            `branch${i}`,
            { organization: 'contoso', project: `branches ${i}`, branch },
          ]),
        ),
      },
    });
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    for (let i = 0; i < BRANCHES.length; i++) {
      expect(await catalog.refresh(`branch${i}`)).toMatchObject({
        outcome: 'complete',
        entities: 1,
      });
    }
    await catalog.settled();
    const entities = await catalog.entities({ kind: 'component' });
    expect(entities.map(entity => entity.metadata.name).sort()).toEqual(
      [
        ...NAMES.map((_, i) => `named-${i}`),
        ...BRANCHES.map((_, i) => `branch-${i}`),
      ].sort(),
    );

    const reader = officialReader();
    for (const { metadata } of entities) {
      const location = metadata.annotations?.[ANNOTATION_LOCATION];
      expect(metadata.annotations?.[ANNOTATION_ORIGIN_LOCATION]).toBe(location);
      const url = location?.replace(/^url:/, '') ?? '';
      const buffer = await (await reader.readUrl(url)).buffer();
      expect({ url, text: buffer.toString('utf8') }).toEqual({
        url,
        text: component(metadata.name),
      });
    }
  });
});

function officialReader(): AzureUrlReader {
  const integrations = ScmIntegrations.fromConfig(
    new ConfigReader({
      integrations: {
        azure: [
          {
            host: 'dev.azure.com',
            credentials: [{ personalAccessToken: TOKEN }],
          },
        ],
      },
    }),
  );
  const integration = integrations.azure.byHost('dev.azure.com');
  if (!integration) {
    throw new Error('There is no integration for dev.azure.com');
  }
  return new AzureUrlReader(integration, {
    treeResponseFactory: {
      fromTarArchive: unused,
      fromZipArchive: unused,
      fromReadableArray: unused,
    },
    credentialsProvider:
      DefaultAzureDevOpsCredentialsProvider.fromIntegrations(integrations),
  });
}

/** Reading one file unpacks no archive. */
function unused(): never {
  throw new Error('No archive is to be unpacked');
}

const SECRET = 'content of a file on the backend';

describe('a repository', () => {
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'backend-files-'));
    writeFileSync(join(directory, 'secret.txt'), SECRET);
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('cannot make users and groups, nor have files of the backend read by claiming to come from there', async () => {
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    project.addRepository('users', {
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: User',
          'metadata: {name: intruder}',
          'spec: {memberOf: [admins]}',
          '---',
          'apiVersion: backstage.io/v1alpha1',
          'kind: Group',
          'metadata: {name: admins}',
          'spec: {type: team, children: []}',
          '---',
          component('harmless'),
        ].join('\n'),
      },
    });
    project.addRepository('reader', {
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: API',
          'metadata:',
          '  name: reader',
          '  annotations:',
          `    backstage.io/managed-by-location: file:${directory}/catalog-info.yaml`,
          `    backstage.io/managed-by-origin-location: file:${directory}/catalog-info.yaml`,
          'spec:',
          '  type: openapi',
          '  lifecycle: production',
          '  owner: team-a',
          '  definition:',
          '    $text: ./secret.txt',
        ].join('\n'),
      },
    });
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
    });
    const report = await catalog.refresh();
    expect(report.rejectedFiles).toBe(1);
    await catalog.settled();

    const refs = (await catalog.entities()).map(
      ({ kind, metadata }) => `${kind}:${metadata.name}`,
    );
    expect(refs).toContain('Component:harmless');
    expect(refs.filter(ref => /^(User|Group):/.test(ref))).toEqual([]);
    expect(await catalog.rejectedFiles()).toEqual([
      expect.objectContaining({
        target:
          'https://dev.azure.com/contoso/P/_git/users?path=/catalog-info.yaml',
        errors: [
          expect.stringMatching(/^document 1.*user:default\/intruder/),
          expect.stringMatching(/^document 2.*group:default\/admins/),
        ],
      }),
    ]);

    // The placeholder was looked for beside the file that it really stands in.
    const state = await catalog.knex('refresh_state').select();
    expect(JSON.stringify(state)).not.toContain(SECRET);
    expect(
      stage.simulator.requests
        .list({ endpoint: 'items' })
        .some(({ url }) => /secret\.txt/.test(url)),
    ).toBe(true);
  });
});

describe('the requests of a first refresh', () => {
  it('are one for the list, one for each selected repository, and one to discover the interface', async () => {
    const { simulator } = stage;
    const sizes = { contoso: 40, fabrikam: 25 };
    for (const [name, size] of Object.entries(sizes)) {
      const project = addReadableOrganization(simulator, name).addProject('P');
      for (let i = 0; i < size; i++) {
        project.addRepository(`r${i}`, {
          files:
            i % 5 === 0
              ? { '/README.md': '# nothing here\n' }
              : { '/catalog-info.yaml': component(`${name}-${i}`) },
        });
      }
      project.addRepository('disabled', {
        disabled: true,
        files: { '/catalog-info.yaml': component(`${name}-disabled`) },
      });
      project.addRepository('empty');
      project.addRepository('skipped-by-name', {
        files: { '/catalog-info.yaml': component(`${name}-skipped`) },
      });
    }
    const catalog = await stage.catalog({
      providers: {
        main: {
          organizations: Object.keys(sizes),
          exclude: { repository: 'skipped-*' },
        },
      },
    });
    simulator.requests.reset();
    const report = await catalog.refresh();

    expect(report).toMatchObject({ outcome: 'complete', entities: 32 + 20 });
    for (const [organization, selected] of Object.entries(sizes)) {
      expect({
        organization,
        repositories: simulator.requests.count({
          organization,
          endpoint: 'repositories',
        }),
        items: simulator.requests.count({ organization, endpoint: 'items' }),
        discovery: simulator.requests.count({
          organization,
          method: 'OPTIONS',
        }),
        all: simulator.requests.count({ organization }),
        byOthers:
          simulator.requests.count({ organization }) -
          simulator.requests.count({ organization, identity: IDENTITY }),
      }).toEqual({
        organization,
        repositories: 1,
        items: selected,
        discovery: 1,
        all: selected + 2,
        byOthers: 0,
      });
    }

    // And nothing is read again by the catalog afterwards.
    await catalog.settled();
    const after = simulator.requests.count({});
    const entities = await catalog.entities({ kind: 'component' });
    expect(entities).toHaveLength(52);
    expect(simulator.requests.count({})).toBe(after);
  });
});
