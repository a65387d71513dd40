import fc from 'fast-check';
import type { SimulatedResponse } from '../../dev/simulator/http';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

/** Each refresh asks the service some 30 questions. */
const HISTORIES = process.env.LONG_TESTS === '1' ? 100 : 12;

describe('when any answer may belong to another question,', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = await setStage();
  });
  afterEach(async () => await stage.stop());

  it('nothing is removed and nothing becomes another entity, in any history', async () => {
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
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
    expect(before).toHaveLength(12);

    const pool: SimulatedResponse[] = [];
    const choices = fc.infiniteStream(
      fc.record({
        swaps: fc.integer({ min: 1, max: 3 }).map(n => n === 1),
        which: fc.nat(),
      }),
    );
    let swapped = 0;
    await fc.assert(
      fc.asyncProperty(choices, async stream => {
        const fault = stage.simulator.inject({
          match: { organization: 'contoso' },
          response: async (_request, proceed) => {
            const answer = await proceed();
            pool.push(answer);
            const choice = stream.next().value;
            if (!choice?.swaps) {
              return answer;
            }
            swapped += 1;
            return pool[choice.which % pool.length] ?? answer;
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
});
