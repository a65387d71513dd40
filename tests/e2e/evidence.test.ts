import type { CatalogOptions, TestCatalog } from '../support/backend';
import {
  addReadableOrganization,
  component,
  IDENTITY,
  stageForEach,
} from './support';

const TEN = Array.from({ length: 10 }, (_, i) => `service-${i}`);

/** What each of several refreshes could not do. */
async function errorsOf(refreshes: number, catalog: TestCatalog) {
  const errors: Array<string | undefined> = [];
  for (let refresh = 1; refresh <= refreshes; refresh++) {
    errors.push((await catalog.refresh()).error);
  }
  return errors;
}

describe('a repository, project or organization that is not in a list', () => {
  const stage = stageForEach();

  /** A project with a repository for each name, which gives a component of that name. */
  function fill(
    organization: ReturnType<typeof addReadableOrganization>,
    project: string,
    names: readonly string[],
  ) {
    const made = organization.addProject(project);
    for (const name of names) {
      made.addRepository(name, {
        files: { '/catalog-info.yaml': component(name) },
      });
    }
    return made;
  }

  async function start(provider: object = {}, options: CatalogOptions = {}) {
    const catalog = await stage.catalog({
      ...options,
      providers: {
        main: {
          organization: 'contoso',
          verifyEvery: { milliseconds: 1 },
          ...provider,
        },
      },
    });
    /** The names of the components that the catalog has from the provider. */
    const names = async () => {
      const refs: string[] = await catalog
        .knex('refresh_state')
        .whereLike('entity_ref', 'component:%')
        .orderBy('entity_ref')
        .pluck('entity_ref');
      return refs.map(ref => ref.replace('component:default/', ''));
    };
    return { catalog, names };
  }

  it('keeps all ten entities of an organization of which nothing is listed', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    fill(contoso, 'Payments', TEN);
    const { catalog, names } = await start();
    expect(await catalog.refresh()).toMatchObject({ entities: 10 });

    contoso.revoke(IDENTITY, { projects: ['Payments'] });
    const errors = await errorsOf(4, catalog);
    expect(await names()).toEqual(TEN);
    for (const error of errors) {
      expect(error).toMatch(/dev\.azure\.com\/contoso/);
      expect(error).toMatch(/Readers/);
      expect(error).toMatch(/removals\.allow/);
    }

    contoso.grant(IDENTITY);
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await names()).toEqual(TEN);
  });

  it('keeps the entities of a project of which nothing is listed, until the service calls it deleted', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    fill(contoso, 'Payments', TEN);
    const others = Array.from({ length: 40 }, (_, i) => `other-${i}`);
    fill(contoso, 'Others', others);
    const { catalog, names } = await start();
    expect(await catalog.refresh()).toMatchObject({ entities: 50 });

    contoso.revoke(IDENTITY, { projects: ['Payments'] });
    const errors = await errorsOf(4, catalog);
    expect(await names()).toHaveLength(50);
    for (const error of errors) {
      expect(error).toMatch(/project 'Payments'/);
      expect(error).not.toMatch(/project 'Others'/);
    }

    // Deleted meanwhile: then the service confirms it.
    contoso.grant(IDENTITY);
    contoso.project('Payments').delete();
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await names()).toEqual([...others].sort());
  });

  it('loses its entities once the operator allows that very set', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    fill(contoso, 'Payments', TEN);
    fill(contoso, 'Others', ['other']);
    const before = await start({}, { database: 'postgres' });
    await before.catalog.refresh();
    contoso.revoke(IDENTITY, { projects: ['Payments'] });
    const { error = '' } = await before.catalog.refresh();
    await before.catalog.stop({ keepDatabase: true });

    const allow = /removals\.allow to '([^']+)'/.exec(error)?.[1] ?? 'none';
    const { catalog, names } = await start(
      { removals: { allow } },
      {
        database: 'postgres',
        databasePrefix: before.catalog.databasePrefix,
      },
    );
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await names()).toEqual(['other']);
  });

  it('loses its entities after several lists though another repository can never be read', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    fill(contoso, 'Payments', TEN);
    const { catalog, names } = await start();
    await catalog.refresh();

    stage.simulator.inject({
      match: { endpoint: 'items', repository: ['service-5'] },
      fault: 'forbidden',
    });
    contoso.revoke(IDENTITY, { repositories: ['Payments/service-1'] });
    await errorsOf(2, catalog);
    expect(await names()).toEqual(TEN);
    const [error] = await errorsOf(1, catalog);
    expect(await names()).toEqual(TEN.filter(name => name !== 'service-1'));
    expect(error).toMatch(
      /Payments\/service-5.*listed.*cannot be read.*enable it.*exclude it/s,
    );
  });

  it('loses its entities when the configuration no longer names it, though a repository of another can never be read', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    fill(contoso, 'Payments', TEN);
    fill(addReadableOrganization(stage.simulator, 'fabrikam'), 'P', ['gone']);
    const both = await stage.catalog({
      database: 'postgres',
      providers: {
        main: { organizations: ['contoso', 'fabrikam'] },
      },
    });
    expect(await both.refresh()).toMatchObject({ entities: 11 });
    await both.stop({ keepDatabase: true });

    stage.simulator.inject({
      match: { endpoint: 'items', repository: ['service-5'] },
      fault: 'forbidden',
    });
    const one = await stage.catalog({
      database: 'postgres',
      databasePrefix: both.databasePrefix,
      providers: {
        main: {
          organization: 'contoso',
          verifyEvery: { milliseconds: 1 },
          removals: { maxPercentage: 100 },
        },
      },
    });
    expect(await one.refresh()).toMatchObject({ entities: 10 });
  });
});
