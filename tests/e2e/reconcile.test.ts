import { isDeepStrictEqual } from 'node:util';
import { DATABASES } from '../support/databases';
import { until } from '../support/until';
import { addReadableOrganization, component, stageForEach } from './support';

// The catalog does not notify a provider of what happens to its entities; see
// group 7 of the fault table for deletions by hand and conflicts that end.

describe.each(DATABASES)('on %s, a refresh', database => {
  const stage = stageForEach();
  beforeEach(async () => {
    const project = addReadableOrganization(
      stage.simulator,
      'contoso',
    ).addProject('P');
    for (const name of ['a', 'b', 'c', 'd']) {
      project.addRepository(name, {
        files: { '/catalog-info.yaml': component(name) },
      });
    }
  });

  async function start() {
    const catalog = await stage.catalog({
      database,
      providers: { main: { organization: 'contoso' } },
    });
    const said = () =>
      catalog.logs
        .splice(0)
        .flatMap(
          ({ message }) =>
            /^Missing from the catalog.* (\d+) entities; applied again/.exec(
              message,
            )?.[1] ?? [],
        );
    /** As the catalog itself has it: what was applied to it, and its location key. */
    const rows = async () =>
      await catalog
        .knex('refresh_state')
        .whereLike('entity_ref', 'component:%')
        .orderBy('entity_ref')
        .select('entity_ref', 'unprocessed_entity', 'location_key');
    return { catalog, said, rows };
  }

  it('brings back what the catalog has lost or holds in another state, and touches nothing else', async () => {
    const { catalog, said, rows } = await start();
    await catalog.refresh();
    const before = await rows();
    expect(before).toHaveLength(4);

    // As a backup of the catalog's tables alone would have them.
    const { knex } = catalog;
    const of = (name: string) =>
      knex('refresh_state').where('entity_ref', `component:default/${name}`);
    await of('a').delete();
    await of('b').update({
      unprocessed_entity: JSON.stringify({ kind: 'Component' }),
      unprocessed_hash: 'of something else',
    });
    await of('c').update({ location_key: 'of somebody else' });
    said();
    await catalog.refresh();

    expect(await rows()).toEqual(before);
    expect(said()).toEqual(['3']);
    await catalog.refresh();
    expect(said()).toEqual([]);
  });

  it("brings back what the catalog has lost though it cannot read the catalog's tables", async () => {
    const { catalog, said, rows } = await start();
    await catalog.refresh();
    const before = await rows();

    const { knex } = catalog;
    await knex('refresh_state')
      .where('entity_ref', 'component:default/a')
      .delete();
    // As if a later catalog kept it elsewhere.
    await knex.schema.alterTable('azure_devops_references', table => {
      table.renameColumn('catalog_hash', 'elsewhere');
    });
    await catalog.refresh();

    expect(await rows()).toEqual(before);
    expect(said()).toEqual([]);
  });

  it('has the catalog show what it processed and did not show, as it was, and removes nothing for that', async () => {
    const { catalog, rows } = await start();
    await catalog.refresh();
    await catalog.settled();
    const uids = async () =>
      Object.fromEntries(
        (await catalog.entities({ kind: 'component' })).map(
          ({ metadata: { name, uid, annotations } }) => [
            name,
            { uid, again: annotations?.['azure-devops-catalog/given-again'] },
          ],
        ),
      );
    const before = { rows: await rows(), uids: await uids() };
    expect(Object.keys(before.uids).sort()).toEqual(['a', 'b', 'c', 'd']);

    // As after SIGKILL between processing and stitching, in this catalog and in older ones.
    const { knex } = catalog;
    const idOf = (name: string) =>
      knex('refresh_state')
        .where('entity_ref', `component:default/${name}`)
        .select('entity_id');
    await knex('final_entities').where('entity_id', idOf('a')).delete();
    await knex('final_entities')
      .where('entity_id', idOf('b'))
      .update({ final_entity: null });
    // What was given a moment ago may still be stitched.
    await knex('final_entities').where('entity_id', idOf('c')).delete();
    await knex('refresh_state')
      .whereNot('entity_ref', 'component:default/c')
      .update({ last_discovery_at: '2026-01-01 00:00:00' });
    expect(Object.keys(await uids())).toEqual(['d']);

    catalog.logs.splice(0);
    const warnings = () =>
      catalog.logs.filter(({ message }) =>
        /^Processed by the catalog/.test(message),
      );
    await catalog.refresh();
    expect(warnings()).toEqual([]);
    await catalog.refresh();
    expect(warnings()).toMatchObject([
      {
        level: 'warn',
        message: expect.stringMatching(
          /not shown by it: 2 entities; .*: component:default\/a, component:default\/b \(/,
        ),
      },
    ]);
    await until('the catalog to show both', async () => {
      const { a, b } = await uids();
      return a?.again === 'true' && b?.again === 'true';
    });

    await catalog.refresh();
    expect(await rows()).toEqual(before.rows);
    await until('all to be as they were', async () => {
      await catalog.settled();
      const { c: _c, ...now } = await uids();
      const { c: _was, ...was } = before.uids;
      return isDeepStrictEqual(now, was);
    });
    await catalog.refresh();
    expect(warnings()).toHaveLength(1);
  });
});
