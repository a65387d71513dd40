import { problemsIn } from '../support/logs';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

const FILE = 'https://dev.azure.com/contoso/P/_git/app?path=/catalog-info.yaml';

/** How people, browsers and Backstage itself write the URL of one file. */
const SPELLINGS = [
  FILE,
  'https://dev.azure.com/contoso/P/_git/app?path=%2Fcatalog-info.yaml',
  'https://dev.azure.com/Contoso/p/_git/App?path=/catalog-info.yaml&version=GBmain&_a=contents',
];

describe('several ways to one file', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(async () => {
    await stage.stop();
  });

  it('give one entity: a static location, registrations in three spellings, a root Location and the provider', async () => {
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    project.addRepository('app', {
      files: { '/catalog-info.yaml': component('app') },
    });
    project.addRepository('mono', {
      files: {
        '/catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: Location',
          'metadata: {name: mono-root}',
          'spec: {targets: [./a/catalog-info.yaml, ./b/catalog-info.yaml]}',
        ].join('\n'),
        '/a/catalog-info.yaml': component('mono-a'),
        '/b/catalog-info.yaml': component('mono-b'),
      },
    });
    const catalog = await stage.catalog({
      providers: {
        main: { organization: 'contoso', path: '/**/catalog-info.yaml' },
      },
      catalog: {
        locations: [{ type: 'url', target: FILE }],
        processingInterval: { seconds: 2 },
      },
    });
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    const registered: string[] = [];
    for (const target of SPELLINGS.slice(1)) {
      const { location } = await catalog.client.addLocation({ target });
      registered.push(location.id);
    }
    const names = ['app', 'mono-a', 'mono-b'];
    for (let round = 0; round < 3; round++) {
      const reads = stage.simulator.requests.count({ endpoint: 'items' });
      await until(
        'the locations to be processed again',
        () => stage.simulator.requests.count({ endpoint: 'items' }) > reads + 4,
      );
      expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
      expect(await components()).toEqual(names);
    }

    for (const id of registered) {
      await catalog.client.removeLocationById(id);
    }
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    await until(
      'the entity to be there after its registration has gone',
      async () => (await components()).join() === names.join(),
    );
    expect(problemsIn(catalog.logs)).toEqual([]);

    async function components() {
      const entities = await catalog.entities({ kind: 'component' });
      return entities.map(({ metadata }) => metadata.name).sort();
    }
  });

  it('bring the entity back with the next refresh of one provider when another that gave it too is gone', async () => {
    addReadableOrganization(stage.simulator, 'contoso')
      .addProject('P')
      .addRepository('app', {
        files: { '/catalog-info.yaml': component('app') },
      });
    const both = await stage.catalog({
      database: 'postgres',
      providers: {
        main: { organization: 'contoso' },
        second: { organization: 'contoso', project: 'P' },
      },
    });
    await both.refresh('main');
    await both.refresh('second');
    await both.settled();
    expect(await both.entities({ kind: 'component' })).toHaveLength(1);
    await both.stop({ keepDatabase: true });

    // The catalog evicts what the provider gave that is no longer there.
    const one = await stage.catalog({
      database: 'postgres',
      databasePrefix: both.databasePrefix,
      providers: { main: { organization: 'contoso' } },
    });
    await one.refresh('main');
    const [entity] = await until('the entity to be back', async () => {
      const found = await one.entities({ kind: 'component' });
      return found.length > 0 && found;
    });
    expect(entity).toMatchObject({ metadata: { name: 'app' } });
  });
});
