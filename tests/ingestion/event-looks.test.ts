import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import fc from 'fast-check';
import { Applier } from '../../src/ingestion/apply';
import { openLedger, present, probe } from '../ledger/support';
import { recordingLogger, type LogLine } from '../support/logs';
import { FAIR, Model, truthOf, type Held } from './model';

const NO_GUARD = { maxPercentage: 100, maxConfirmedPercentage: 100 };
const INTERLEAVINGS = process.env['LONG_TESTS'] ? 1_000 : 40;

const held: fc.Arbitrary<Held> = fc.record({
  names: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 })),
  revision: fc.nat({ max: 3 }),
  name: fc.constantFrom('former', 'latter'),
  state: fc.oneof(
    { weight: 4, arbitrary: fc.constant('listed' as const) },
    { weight: 1, arbitrary: fc.constant('disabled' as const) },
    { weight: 1, arbitrary: fc.constant('deleted' as const) },
  ),
});
const some: Held = {
  names: ['z'],
  revision: 0,
  state: 'listed',
  name: 'other',
};

describe('an event that one replica looks at while another refreshes the same repository', () => {
  it(`brings the content that it announced, and the refresh never brings back what was there before: ${INTERLEAVINGS} interleavings`, async () => {
    let model: Model | undefined;
    await fc.assert(
      fc.asyncProperty(
        held,
        held,
        held,
        fc.array(fc.constantFrom(0, 0, 5, 40, 300), {
          minLength: 4,
          maxLength: 10,
        }),
        fc.nat({ max: 40 }),
        async (known, before, after, delays, startsAt) => {
          model = await Model.open({ ...NO_GUARD, confirmations: 1 });
          try {
            const others = { 'contoso/r2': some };
            // Of what is new to the ledger and gone before it is read nothing is written down that could be newer.
            const isKnown = after.state !== 'listed';
            model.world = {
              ...others,
              'contoso/r1': isKnown ? { ...known, state: 'listed' } : known,
            };
            await model.refresh(FAIR);
            model.world = { ...others, 'contoso/r1': before };
            model.delays = delays;
            const refreshing = model.refresh(FAIR);
            await model.queried(startsAt);
            model.world = { ...others, 'contoso/r1': after };
            await Promise.all([refreshing, model.look(['contoso/r1'])]);
            expect(contentOf(model)).toEqual(expected(model.world));
          } finally {
            await model.destroy();
          }
        },
      ),
      { numRuns: INTERLEAVINGS },
    );
  });
});

it('an event that is looked at while the same process refreshes: the catalog takes one after the other, and ends with what was found last', async () => {
  const opened = await openLedger('sqlite');
  try {
    const { ledger } = opened;
    const logs: LogLine[] = [];
    const logger = recordingLogger(logs);
    const outbox = opened.outbox('this process');
    const find = async (revision: string) => {
      const found = present(['a'], { repository: revision });
      const claims = found.claims.map(claim => ({
        ...claim,
        entity: claim.entity.replace('"name"', `"title":"${revision}","name"`),
      }));
      const startTicket = await ledger.currentTicket();
      await ledger.recordProbes(
        [probe('r1', [{ ...found, claims }], { startTicket })],
        1,
      );
    };
    /** What the catalog was given, in the order in which it was done. */
    const taken: Array<string | undefined> = [];
    let given = 0;
    let goOn: () => void = () => {};
    const heldUp = new Promise<void>(resolve => (goOn = resolve));
    const catalog: EntityProviderConnection = {
      async applyMutation(mutation) {
        given += 1;
        if (given === 1) await heldUp;
        if (mutation.type === 'delta') {
          taken.push(...mutation.added.map(it => it.entity.metadata.title));
        }
      },
      async refresh() {},
    };
    await find('former');
    const refreshing = new Applier(outbox, catalog, logger).applyPending({
      wait: true,
    });
    while (given === 0) await soon();
    await find('latter');
    const looking = new Applier(outbox, catalog, logger).applyPending({
      wait: true,
    });
    for (let i = 0; i < 200; i++) await soon();
    goOn();
    await Promise.all([refreshing, looking]);
    expect(taken).toEqual(['former', 'latter']);
    expect(await outbox.isPending()).toBe(false);
    expect(logs).toEqual([]);
  } finally {
    await opened.destroy();
  }
});

async function soon(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

/** By reference, the title, and the name of the repository that its location has. */
function contentOf({ catalog }: Model) {
  return Object.fromEntries(
    [...catalog.entities]
      .map(([reference, { title, location }]) => [
        reference,
        [title, /_git\/([^?]*)/.exec(location)?.[1]],
      ])
      .sort(),
  );
}

function expected(world: Model['world']) {
  return Object.fromEntries(
    [...truthOf(world)]
      .map(([reference, [title = '']]) => [
        reference,
        [title, world[title.split(' ')[0] ?? '']?.name],
      ])
      .sort(),
  );
}
