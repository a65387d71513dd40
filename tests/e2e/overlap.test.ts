import type { TestCatalog } from '../support/backend';
import { problemsIn } from '../support/logs';
import { until } from '../support/until';
import { addReadableOrganization, component, stageForEach } from './support';

const FILE = 'https://dev.azure.com/contoso/P/_git/app?path=/catalog-info.yaml';

/** How people, browsers and Backstage itself write the URL of one file. */
const SPELLINGS = [
  FILE,
  'https://dev.azure.com/contoso/P/_git/app?path=%2Fcatalog-info.yaml',
  'https://dev.azure.com/Contoso/p/_git/App?path=/catalog-info.yaml&version=GBmain&_a=contents',
];

describe('several ways to one file', () => {
  const stage = stageForEach();

  it('give one entity, which keeps its uid, and no warning: a static location, registrations in three spellings, a root Location and the provider', async () => {
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
    const uid = await until('the entity to be shown', uidOfApp);
    for (let round = 0; round < 3; round++) {
      const reads = stage.simulator.requests.count({ endpoint: 'items' });
      await until(
        'the locations to be processed again',
        () => stage.simulator.requests.count({ endpoint: 'items' }) > reads + 4,
      );
      expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
      expect(await components()).toEqual(names);
      expect(await uidOfApp()).toBe(uid);
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

    async function uidOfApp() {
      const app = await catalog.client.getEntityByRef('component:default/app');
      return app?.metadata.uid;
    }
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

  it('keep an entity, and its uid, when one provider leaves its repository to another: only its file takes it away', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    const stays = contoso.addProject('Stays');
    for (let i = 0; i < 9; i++) {
      stays.addRepository(`s${i}`, {
        files: { '/catalog-info.yaml': component(`s${i}`) },
      });
    }
    const moved = contoso.addProject('Moves').addRepository('former', {
      files: { '/catalog-info.yaml': component('moved') },
    });
    addReadableOrganization(stage.simulator, 'fabrikam')
      .addProject('P')
      .addRepository('whole', {
        files: { '/catalog-info.yaml': component('whole') },
      });
    const before = await stage.catalog({
      database: 'postgres',
      providers: { main: { organizations: ['contoso', 'fabrikam'] } },
    });
    await before.refresh('main');
    // Its location key stays that of the former name.
    moved.rename('latter');
    await before.refresh('main');
    await before.settled();
    const uids = await uidsIn(before);
    expect(Object.keys(uids)).toHaveLength(11);
    await before.stop({ keepDatabase: true });

    const after = await stage.catalog({
      database: 'postgres',
      databasePrefix: before.databasePrefix,
      providers: {
        main: { organization: 'contoso', project: 'Stays' },
        second: {
          organization: 'contoso',
          project: 'Moves',
          verifyEvery: { milliseconds: 1 },
        },
        third: { organization: 'fabrikam' },
      },
    });
    const waiting = () =>
      after.logs
        .splice(0)
        .filter(({ message }) => message.includes(': left to '))
        .map(({ message }) => message);
    await after.refresh('main');
    expect(waiting()).toEqual([
      expect.stringMatching(
        /^dev\.azure\.com\/contoso: left to AzureDevOpsEntityProvider:second, .*: 1 entity\./,
      ),
      expect.stringMatching(
        /^dev\.azure\.com\/fabrikam: left to AzureDevOpsEntityProvider:third, .*: 1 entity\./,
      ),
    ]);
    for (let round = 0; round < 3; round++) {
      for (const id of ['main', 'second', 'third']) {
        const report = await after.refresh(id);
        await after.settled();
        expect(await uidsIn(after)).toEqual(uids);
        expect(report).toMatchObject({ outcome: 'complete' });
      }
    }
    expect(waiting()).toEqual([
      expect.stringContaining(':second'),
      expect.stringContaining(':third'),
    ]);
    const known = await after
      .knex('azure_devops_repositories')
      .where('provider', 'AzureDevOpsEntityProvider:main');
    expect(known).toHaveLength(9);

    moved.push({ files: { '/catalog-info.yaml': null } });
    await after.refresh('second');
    expect(Object.keys(await uidsIn(after))).toHaveLength(10);

    async function uidsIn(catalog: TestCatalog) {
      const entities = await catalog.entities({ kind: 'component' });
      return Object.fromEntries(
        entities.map(({ metadata }) => [metadata.name, metadata.uid]),
      );
    }
  });
});
