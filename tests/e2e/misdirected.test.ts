import fc from 'fast-check';
import { serviceError } from '../../dev/simulator/errors';
import type { SimulatedResponse } from '../../dev/simulator/http';
import { addReadableOrganization, component, stageForEach } from './support';

/** Each refresh asks the service some 30 questions. */
const HISTORIES = process.env.LONG_TESTS === '1' ? 100 : 12;
describe('when any answer may belong to another question,', () => {
  const stage = stageForEach();

  it('nothing is removed and nothing becomes another entity, in any history', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    const sharing: string[] = [];
    for (const project of ['Payments', 'Platform']) {
      const made = contoso.addProject(project);
      for (const name of ['api', 'web', 'jobs']) {
        const unique = `${project}-${name}`.toLowerCase();
        made.addRepository(unique, {
          files: {
            '/catalog-info.yaml': component(unique),
            '/docs/a/info.yaml': component(`${unique}-docs`),
          },
        });
      }
      // Of the same name in both, and in one of them without a descriptor.
      const shared = made.addRepository('shared', {
        files:
          project === 'Payments'
            ? {
                '/catalog-info.yaml': component('shared'),
                '/docs/a/info.yaml': component('shared-docs'),
              }
            : { '/x': 'x' },
      });
      sharing.push(shared.id);
      // What is not there, empty or deleted has answers of its own.
      made.addRepository(`${project}-none`, { files: { '/x': 'x' } });
      made.addRepository(`${project}-empty`);
      made.addRepository(`${project}-gone`, { files: { '/x': 'x' } }).delete();
    }
    const catalog = await stage.catalog({
      providers: {
        main: {
          organization: 'contoso',
          path: ['/catalog-info.yaml', '/docs/**/info.yaml'],
          verifyEvery: { milliseconds: 1 },
          removals: {
            maxPercentage: 100,
            maxConfirmedPercentage: 100,
            confirmations: 1,
          },
        },
      },
    });
    const entities = async () =>
      await catalog
        .knex('refresh_state')
        .whereLike('entity_ref', 'component:%')
        .orderBy('entity_ref')
        .select('entity_id', 'entity_ref', 'location_key', 'unprocessed_hash');
    await catalog.refresh();
    const before: unknown[] = await entities();
    expect(before).toHaveLength(14);

    const pool: SimulatedResponse[] = [];
    /** By what is asked, whichever of the repositories of one name it is asked of. */
    const alike = new Map<string, SimulatedResponse[]>();
    const choices = fc.infiniteStream(
      fc.record({
        swaps: fc.integer({ min: 1, max: 3 }).map(n => n === 1),
        which: fc.nat(),
      }),
    );
    // Where much is unknown, nothing goes anyway: so that in some histories only
    // what is asked of the repositories of one name is confused, and with each other.
    const isAlike = fc.boolean();
    let swapped = 0;
    await fc.assert(
      fc.asyncProperty(choices, isAlike, async (stream, onlyAlike) => {
        const fault = stage.simulator.inject({
          match: { organization: 'contoso' },
          response: async ({ url }, proceed) => {
            const answer = await proceed();
            const question = sharing.reduce(
              (address, id) => address.replaceAll(id, 'shared'),
              url.href,
            );
            const same = alike.get(question) ?? [];
            alike.set(question, same);
            pool.push(answer);
            same.push(answer);
            const choice = stream.next().value;
            const isMeant = !onlyAlike || question !== url.href;
            if (!choice?.swaps || !isMeant) {
              return answer;
            }
            swapped += 1;
            const from = onlyAlike ? same : pool;
            return from[choice.which % from.length] ?? answer;
          },
        });
        await catalog.refresh();
        fault.remove();
        expect(await entities()).toEqual(before);
      }),
      { numRuns: HISTORIES, endOnFailure: true },
    );
    expect(swapped).toBeGreaterThan(HISTORIES);

    const { error } = await catalog.refresh();
    expect(error).toBeUndefined();
    expect(await entities()).toEqual(before);
  }, 600_000);

  it('a 404 about the same file of a repository of the same name removes nothing, and what is gone goes for one request more', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    const files = {
      '/catalog-info.yaml': component('root'),
      '/docs/a/info.yaml': component('docs'),
      '/deep/er/info.yaml': component('deep'),
    };
    const repository = contoso
      .addProject('Payments')
      .addRepository('shared', { files });
    const other = contoso
      .addProject('Platform')
      .addRepository('shared', { files: { '/x': 'x' } });
    const catalog = await stage.catalog({
      providers: {
        main: {
          organization: 'contoso',
          path: [
            '/catalog-info.yaml',
            '/docs/**/info.yaml',
            '/deep/er/info.yaml',
          ],
          verifyEvery: { milliseconds: 1 },
          removals: { maxPercentage: 100, maxConfirmedPercentage: 100 },
          hints: { codeSearch: false },
        },
      },
    });
    const names = async () =>
      await catalog
        .knex('refresh_state')
        .whereLike('entity_ref', 'component:%')
        .orderBy('entity_ref')
        .pluck('entity_ref');
    await catalog.refresh();
    const all: string[] = await names();
    expect(all).toHaveLength(3);

    // The answers of the other repository to the questions that are asked about files.
    const fault = stage.simulator.inject({
      match: { organization: 'contoso', endpoint: 'items' },
      response: async ({ url }, proceed) => {
        const asked = url.searchParams;
        const key = asked.get('path') ?? asked.get('scopePath') ?? '';
        const isFolder = asked.get('recursionLevel') === '1';
        return /^\/(catalog-info.yaml|docs|deep\/er\/info.yaml)$/.test(key) &&
          !isFolder
          ? serviceError(
              404,
              'GitItemNotFoundException',
              `TF401174: The item '${key}' could not be found in the repository '${other.name}' at the version specified by '<Branch: main >'.`,
            )
          : await proceed();
      },
    });
    const { error } = await catalog.refresh();
    expect(error).toMatch(
      /Payments\/shared.*said that it is not there, and of the folder above it that it has/s,
    );
    expect(await names()).toEqual(all);
    fault.remove();

    // What is gone in truth goes, with a folder or without.
    repository.push({
      files: { '/docs/a/info.yaml': null, '/catalog-info.yaml': null },
    });
    const items = { endpoint: 'items' };
    const before = stage.simulator.requests.count(items);
    expect((await catalog.refresh()).error).toBeUndefined();
    expect(await names()).toEqual(['component:default/deep']);
    // Three about each repository as ever, and one more for each thing that is gone.
    expect(stage.simulator.requests.count(items) - before).toBe(8);
    repository.push({ files: { '/deep/er/info.yaml': null } });
    expect((await catalog.refresh()).error).toBeUndefined();
    expect(await names()).toEqual([]);
  });
});
