import fc from 'fast-check';
import { ProbeWriter } from '../../src/ingestion/probe-writer';
import { Applier } from '../../src/ingestion/apply';
import { openLedger, present, probe } from '../ledger/support';
import { recordingLogger } from '../support/logs';
import { until } from '../support/until';

describe('what a probe found', () => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeEach(async () => {
    opened = await openLedger('sqlite');
  });
  afterEach(async () => {
    await opened.destroy();
  });

  it('is in the ledger and in the catalog within seconds, though no other probe ends', async () => {
    const { knex } = opened;
    const { writer, applied } = await startApplying(opened);
    writer.begin('r1', 0);
    await writer.add({
      ...probe('r1', [present(['a'])], { startTicket: 0 }),
      end: {},
    });

    await until('the probe to be written', async () => {
      const rows = await knex('azure_devops_repositories');
      return rows.length === 1;
    });
    await until('the catalog to have it', () => applied.length === 1);
    await writer.flush();
    expect(applied).toEqual(['a']);
  });

  it('is in the catalog before the next is read, where it is large', async () => {
    const { writer, applied } = await startApplying(opened);
    writer.begin('r1', 0);
    const small = present(['a'], { path: '/a' });
    const [claim] = small.claims;
    const entity = claim?.entity.replace(
      '{}',
      JSON.stringify({ definition: 'x'.repeat(2 * 1_048_576) }),
    );
    const large = { ...small, claims: [{ ...claim, entity }] } as typeof small;
    await writer.add(probe('r1', [large], { startTicket: 0 }));
    expect(applied).toEqual(['a']);
    await writer.flush();
  });

  it('is named with what the database says where it does not take it, and not with the whole statement', async () => {
    await opened.knex.raw(
      "create trigger refused before insert on azure_devops_claims begin select raise(abort, 'not this - one'); end",
    );
    const { writer } = await startApplying(opened);
    writer.begin('r1', 0);
    await writer.add({
      ...probe('r1', [present(['a'])], { startTicket: 0 }),
      end: {},
    });
    await writer.flush();
    const [refused] = writer.takeRefused();
    expect(refused?.message).toMatch(/\bone$/);
    expect(refused?.message).not.toMatch(/insert|component/);
  });

  it('counts piece by piece: of two replicas the newer observation wins, or its repository is looked at again', async () => {
    const step = fc.record({
      replica: fc.nat({ max: 1 }),
      what: fc.constantFrom('begin', 'look', 'look', 'add', 'write', 'change'),
      path: fc.constantFrom('/a', '/b', '/c'),
    });
    let settled = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        async steps => {
          const { knex, ledger } = await openLedger('sqlite');
          try {
            const replicas = [startWriter(ledger), startWriter(ledger)];
            const begun = [false, false];
            const world = new Map([...'abc'].map(name => [`/${name}`, 0]));
            /** What each has looked at and not yet handed on. */
            const inHand: Look[][] = [[], []];
            /** By path, the latest look of those that were handed on. */
            const latest = new Map<string, Look>();
            let isOvertaken = false;
            for (const [at, { replica, what, path }] of steps.entries()) {
              const writer = replicas[replica] as ProbeWriter;
              const looks = inHand[replica] ?? [];
              if (what === 'change') {
                world.set(path, (world.get(path) ?? 0) + 1);
              } else if (what === 'begin') {
                await writer.flush();
                writer.begin('r1', await ledger.currentTicket());
                begun[replica] = true;
                looks.splice(0);
              } else if (what === 'write') {
                await writer.flush();
              } else if (what === 'look' && begun[replica]) {
                const found = present([`v${world.get(path)}`], { path });
                looks.push({ at, found });
              } else if (what === 'add') {
                const index = looks.findIndex(it => it.found.path === path);
                const [look] = index < 0 ? [] : looks.splice(index, 1);
                if (look) {
                  const former = latest.get(look.found.path);
                  latest.set(
                    look.found.path,
                    former && former.at > look.at ? former : look,
                  );
                  await writer.add(
                    probe('r1', [look.found], { startTicket: 0 }),
                  );
                }
              }
            }
            for (const writer of replicas) {
              await writer.flush();
              isOvertaken ||= writer.takeOvertaken().size > 0;
            }
            if (!isOvertaken) {
              settled += latest.size;
              const rows: Array<{ path: string; object_id: string }> =
                await knex('azure_devops_descriptors');
              expect(
                new Map(rows.map(row => [row.path, row.object_id])),
              ).toEqual(
                new Map(
                  [...latest].map(([of, { found }]) => [of, found.objectId]),
                ),
              );
            }
          } finally {
            await knex.destroy();
          }
        },
      ),
      { numRuns: 100, examples: [[AGREES_THEN_DIFFERS]] },
    );
    expect(settled).toBeGreaterThan(0);
  });
});

/** The first writes what it has seen as the other has, then what it had seen before the other. */
const AGREES_THEN_DIFFERS = [
  { replica: 0, what: 'begin', path: '/a' },
  { replica: 1, what: 'begin', path: '/a' },
  { replica: 0, what: 'look', path: '/b' },
  { replica: 0, what: 'change', path: '/b' },
  { replica: 1, what: 'look', path: '/b' },
  { replica: 1, what: 'look', path: '/a' },
  { replica: 1, what: 'add', path: '/a' },
  { replica: 1, what: 'add', path: '/b' },
  { replica: 1, what: 'write', path: '/a' },
  { replica: 0, what: 'look', path: '/a' },
  { replica: 0, what: 'add', path: '/a' },
  { replica: 0, what: 'write', path: '/a' },
  { replica: 0, what: 'add', path: '/b' },
  { replica: 0, what: 'write', path: '/b' },
];

/** A writer, and the names of what it applied to the catalog. */
async function startApplying(
  opened: Awaited<ReturnType<typeof openLedger>>,
): Promise<{ writer: ProbeWriter; applied: string[] }> {
  const { ledger } = opened;
  const logger = recordingLogger([]);
  const applied: string[] = [];
  const applier = new Applier(
    opened.outbox('test'),
    {
      async applyMutation(mutation) {
        if (mutation.type === 'delta') {
          applied.push(
            ...mutation.added.map(({ entity }) => entity.metadata.name),
          );
        }
      },
      async refresh() {},
    },
    logger,
  );
  const writer = new ProbeWriter({
    ledger,
    applier,
    logger,
    clock: Date,
  });
  return { writer, applied };
}

interface Look {
  readonly at: number;
  readonly found: ReturnType<typeof present>;
}

function startWriter(
  ledger: Awaited<ReturnType<typeof openLedger>>['ledger'],
): ProbeWriter {
  const logger = recordingLogger([]);
  const applier = { applyPending: async () => {} } as unknown as Applier;
  return new ProbeWriter({ ledger, applier, logger, clock: Date });
}
