import { AzureUrlReader } from '@backstage/backend-defaults/urlReader';
import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
} from '@backstage/catalog-model';
import { ConfigReader } from '@backstage/config';
import {
  DefaultAzureDevOpsCredentialsProvider,
  ScmIntegrations,
} from '@backstage/integration';
import {
  addReadableOrganization,
  component,
  setStage,
  TOKEN,
  type Stage,
} from './support';

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
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(async () => {
    await stage.stop();
  });

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
