import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { CatalogOptions } from '../support/backend';
import { DATABASES, type DatabaseKind } from '../support/databases';
import { OfficialProvider } from '../support/official';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  IDENTITY,
  stageForEach,
  type Stage,
} from './support';

const REPOSITORIES = 40;
/** These have files that cannot be read while the module takes over. */
const UNREADABLE = [7, 17, 27, 37];
/** Names as `encodeURI` leaves them and as it does not. */
const PROJECTS = ['Payments', 'Field Service', 'R&D', 'Größen'];

const name = (number: number) => `service-${number}`;

const PROVIDERS = {
  main: { organization: 'contoso', verifyEvery: { milliseconds: 1 } },
};
/** The catalog processes its Locations again and again while it is taken over. */
const RESTLESS = { processingInterval: { seconds: 1 } };

describe.each(DATABASES)('taking over from the official module on %s', kind => {
  const stage = stageForEach();
  let directory: string;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'takeover-'));
  });
  afterEach(async () => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('keeps every entity, at every moment, with its uid', async () => {
    const { targets, put } = company(stage);
    const { uids, databasePrefix } = await readOfficially(
      stage,
      targets,
      database(kind, directory),
    );
    const unreadable = stage.simulator.inject({
      match: { endpoint: 'items', repository: UNREADABLE.map(name) },
      fault: 'forbidden',
    });
    const catalog = await stage.catalog({
      providers: PROVIDERS,
      catalog: RESTLESS,
      ...database(kind, directory, databasePrefix),
    });
    const watch = watchOver(catalog.knex, uids);

    const first = await catalog.refresh();
    expect(first.error).toMatch(/could not tell/);
    // Of files that could not be read the Locations stay, and only of those.
    expect(await locationsOf(catalog.knex)).toHaveLength(UNREADABLE.length);

    unreadable.remove();
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await locationsOf(catalog.knex)).toEqual([]);
    await processedAgain(catalog.knex);
    expect(await watch.end()).toEqual([]);
    expect(await uidsOf(catalog.knex)).toEqual(uids);

    // From now on they are ours: a change arrives without the Location.
    put(3, component(name(3), '  system: taken-over'));
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    await until('the change to be shown', async () => {
      const [entity] = await catalog.entities({ 'metadata.name': name(3) });
      return entity?.spec?.system === 'taken-over';
    });
  });

  it('removes what is positively gone with its Location, though another file can never be read', async () => {
    const { targets, put } = company(stage);
    const { databasePrefix } = await readOfficially(
      stage,
      targets,
      database(kind, directory),
    );
    put(5, null);
    stage.simulator
      .organization('contoso')
      .project('Payments')
      .repository('service-9')
      .delete();
    const catalog = await stage.catalog({
      providers: PROVIDERS,
      catalog: RESTLESS,
      ...database(kind, directory, databasePrefix),
    });
    const unreadable = stage.simulator.inject({
      match: { endpoint: 'items', repository: [name(7)] },
      fault: 'forbidden',
    });
    const { error } = await catalog.refresh();
    expect(error).toMatch(/service-7.*listed but cannot be read/s);
    // That one list lacks a repository does not prove that it is gone.
    expect(await locationsOf(catalog.knex)).toHaveLength(2);
    await catalog.refresh();
    await catalog.refresh();
    expect(await locationsOf(catalog.knex)).toHaveLength(1);
    // What a Location gave, and nothing gives any more, is an orphan: the catalog
    // collects it in its own time, or keeps it if that is how it is configured.
    const gone = [5, 9].map(number => `component:default/${name(number)}`);
    const referred = await referredIn(catalog.knex);
    expect(referred.filter(reference => gone.includes(reference))).toEqual([]);
    expect(referred).toHaveLength(REPOSITORIES - gone.length);

    unreadable.remove();
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await locationsOf(catalog.knex)).toEqual([]);
  });

  it('keeps what the configuration leaves out by mistake, and for three lists what they lack', async () => {
    const { targets } = company(stage);
    const { databasePrefix } = await readOfficially(
      stage,
      targets,
      database(kind, directory),
    );
    const contoso = stage.simulator.organization('contoso');
    contoso.revoke(IDENTITY, { repositories: ['Payments/service-5'] });
    const catalog = await stage.catalog({
      providers: {
        main: {
          ...PROVIDERS.main,
          exclude: {
            repository: Array.from({ length: 8 }, (_, i) => name(20 + i)),
          },
          removals: { maxPercentage: 10 },
        },
      },
      catalog: RESTLESS,
      ...database(kind, directory, databasePrefix),
    });
    for (const referred of [REPOSITORIES, REPOSITORIES, REPOSITORIES - 1]) {
      const { error } = await catalog.refresh();
      expect(error).toMatch(
        /held back the removal of 8 of \d+ entities.*the configuration does not select its repository/,
      );
      expect(await referredIn(catalog.knex)).toHaveLength(referred);
    }
    expect(await locationsOf(catalog.knex)).toHaveLength(8);
  });

  it('keeps every entity of a project of which it may read nothing', async () => {
    const { targets } = company(stage);
    const { uids, databasePrefix } = await readOfficially(
      stage,
      targets,
      database(kind, directory),
    );
    const contoso = stage.simulator.organization('contoso');
    contoso.revoke(IDENTITY, { projects: ['Payments'] });
    const catalog = await stage.catalog({
      providers: PROVIDERS,
      catalog: RESTLESS,
      ...database(kind, directory, databasePrefix),
    });
    const { error } = await catalog.refresh();
    expect(await locationsOf(catalog.knex)).toHaveLength(10);
    expect(error).toMatch(/10 because the list has nothing of its project/);
    expect(error).toMatch(/removals\.allow/);

    contoso.grant(IDENTITY);
    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await locationsOf(catalog.knex)).toEqual([]);
    expect(await uidsOf(catalog.knex)).toEqual(uids);
  });
});

/** Forty repositories in four projects, with the URLs that the official module makes of them. */
function company(stage: Stage) {
  const organization = addReadableOrganization(stage.simulator, 'contoso');
  const repositories = PROJECTS.flatMap((projectName, p) => {
    const project = organization.addProject(projectName);
    return Array.from({ length: REPOSITORIES / PROJECTS.length }, (_, i) => {
      const number = p * 10 + i;
      return project.addRepository(name(number), {
        files: { '/catalog-info.yaml': component(name(number)) },
      });
    });
  });
  return {
    targets: repositories.map(repository =>
      encodeURI(
        `https://dev.azure.com/contoso/${repository.project.name}/_git/${repository.name}?path=/catalog-info.yaml`,
      ),
    ),
    put(number: number, content: string | null) {
      repositories[number]?.push({ files: { '/catalog-info.yaml': content } });
    },
  };
}

/** A backend with the official module fills the catalog, and is stopped. */
async function readOfficially(
  stage: Stage,
  targets: readonly string[],
  options: CatalogOptions,
) {
  const official = new OfficialProvider();
  const { knex, databasePrefix, stop } = await stage.catalog({
    ...options,
    withoutModule: true,
    features: [official.feature()],
    catalog: { processingInterval: { hours: 1 } },
  });
  await official.state(targets);
  const uids = await until('the official Locations to be read', async () => {
    const found = await uidsOf(knex);
    return found.size === targets.length && found;
  });
  // The next backend is to process all of it at once.
  await knex('refresh_state').update({ next_update_at: knex.fn.now() });
  await stop({ keepDatabase: true });
  return { uids, databasePrefix };
}

/** Two backends, one after the other, on one database. */
function database(
  kind: DatabaseKind,
  directory: string,
  databasePrefix?: string,
): Pick<CatalogOptions, 'database' | 'databasePrefix' | 'config'> {
  return kind === 'postgres'
    ? { database: kind, databasePrefix }
    : {
        database: kind,
        config: {
          backend: {
            database: { client: 'better-sqlite3', connection: { directory } },
          },
        },
      };
}

/** The components that the catalog shows, with their uids. */
async function uidsOf(knex: Knex): Promise<Map<string, string>> {
  const rows: Array<{ entity_ref: string; entity_id: string }> = await knex(
    'final_entities as f',
  )
    .join('refresh_state as s', 's.entity_id', 'f.entity_id')
    .whereNotNull('f.final_entity')
    .whereLike('s.entity_ref', 'component:%')
    .select('s.entity_ref', 's.entity_id');
  return new Map(rows.map(row => [row.entity_ref, row.entity_id]));
}

/** The components that are given to the catalog. */
async function referredIn(knex: Knex): Promise<string[]> {
  return await knex('refresh_state_references')
    .whereLike('target_entity_ref', 'component:%')
    .distinct()
    .pluck('target_entity_ref');
}

async function locationsOf(knex: Knex): Promise<string[]> {
  return await knex('refresh_state')
    .whereLike('entity_ref', 'location:default/generated-%')
    .pluck('entity_ref');
}

/** Waits until the catalog has processed every entity twice, so that nothing is left of what it had under way. */
async function processedAgain(knex: Knex): Promise<void> {
  for (let round = 1; round <= 2; round++) {
    const dueBefore = await dueOf(knex);
    await until('every entity to be processed', async () => {
      const due = await dueOf(knex);
      return [...due].every(([id, at]) => at !== dueBefore.get(id));
    });
  }
}

/** When each entity is to be processed next: processing puts it off. */
async function dueOf(knex: Knex): Promise<Map<string, string>> {
  const rows: Array<{ entity_id: string; next_update_at: unknown }> =
    await knex('refresh_state').select('entity_id', 'next_update_at');
  return new Map(
    rows.map(row => [row.entity_id, JSON.stringify(row.next_update_at)]),
  );
}

/** Looks again and again, and notes whatever is absent or another for however short a moment. */
function watchOver(knex: Knex, expected: ReadonlyMap<string, string>) {
  const seen = new Set<string>();
  let looks = 0;
  let ended = false;
  const watching = (async () => {
    while (!ended) {
      const now = await uidsOf(knex);
      looks += 1;
      for (const [reference, uid] of expected) {
        if (now.get(reference) !== uid) {
          seen.add(
            `${reference}: ${now.has(reference) ? 'another uid' : 'absent'}`,
          );
        }
      }
      await delay(5);
    }
  })();
  return {
    async end(): Promise<string[]> {
      await until('the catalog to be looked at often', () => looks > 100);
      ended = true;
      await watching;
      return [...seen];
    },
  };
}
