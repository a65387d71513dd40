import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../support/random';
import { postgresUrl } from '../../support/databases';
import { Drift } from '../stage/drift';
import { Evidence } from '../stage/evidence';
import { compare, isSame } from '../stage/compare';
import { PostgresGate } from '../stage/postgres-gate';
import { Replica } from '../stage/replica';
import type { Row, RowOutcome, Scale } from '../stage/row';
import { setStageWithoutBackend, type SetSettings } from '../stage/start';
import type { Stage } from '../stage/stage';
import { minutesLater } from '../stage/clock';
import { killAfterDelivery } from './announced';
import { killWhileTakingOver } from './taking-over';

/** What processes killed, and how it went. */
type Run = (scale: Scale, stage: Stage) => Promise<RowOutcome>;

function row(
  declared: Omit<Row, 'group' | 'run'>,
  run: Run,
  settings?: SetSettings,
): Row {
  return {
    group: 6,
    ...declared,
    async run(scale) {
      const stage = await setStageWithoutBackend(settings);
      try {
        return await run(scale, stage);
      } finally {
        await stage.clear();
      }
    },
  };
}

async function killAgainAndAgain(
  { killPoints }: Scale,
  stage: Stage,
): Promise<RowOutcome> {
  const random = seededRandom(6);
  const drift = new Drift(stage.world, random);
  const evidence = new Evidence(stage, drift);
  const landed = { before: 0, amidst: 0, after: 0 };
  let next = Replica.load();
  try {
    for (let kill = 0; kill <= killPoints; kill++) {
      const replica = next;
      next = Replica.load();
      await replica.start(stage.catalogOptions());
      await minutesLater(stage);
      // How long a refresh takes if nobody disturbs it.
      let lasts = 0;
      await evidence.becomesWhole(async () => {
        const report = await replica.refresh();
        lasts = (report.endedAt ?? report.startedAt) - report.startedAt;
        return report;
      });
      if (kill < killPoints) {
        const before = drift.truth;
        evidence.step();
        replica.beginRefresh();
        await replica.refreshing();
        await delay(instant(kill, random()) * lasts);
        await replica.kill();
        await evidence.nothingIsLost();
        const snapshot = await stage.snapshot();
        const where = isSame(compare(snapshot, before))
          ? 'before'
          : isSame(compare(snapshot, drift.truth))
            ? 'after'
            : 'amidst';
        landed[where] += 1;
      } else {
        await replica.kill();
      }
    }
  } finally {
    await next.kill();
  }
  return evidence.outcome(
    `the next refresh succeeds; of ${killPoints} kills ${landed.before} came before the first mutation, ${landed.amidst} amidst, ${landed.after} after the last`,
  );
}

/**
 * When to kill, as a part of what a refresh takes: anywhere, and every other
 * time towards its end, where most of the writing is done.
 */
function instant(kill: number, random: number): number {
  return kill % 2 === 0 ? random : 0.6 + random * 0.4;
}

/** Replicas refresh at the same time, the world goes on changing, and one of them is killed. */
function replicasOf(count: number): Run {
  return async ({ interleavings }, stage) => {
    const random = seededRandom(count);
    const drift = new Drift(stage.world, random);
    const evidence = new Evidence(stage, drift);
    const replicas = Array.from({ length: count }, () => Replica.load());
    try {
      for (const replica of replicas) {
        await replica.start(stage.catalogOptions());
      }
      await evidence.becomesWhole(() => first(replicas).refresh());
      for (let round = 0; round < interleavings; round++) {
        const victim = first(replicas.splice(round % count, 1));
        evidence.step();
        victim.beginRefresh();
        const ends = replicas.map(replica => replica.refresh());
        await delay(random() * 1_000);
        evidence.step();
        await delay(random() * 500);
        await victim.kill();
        await evidence.nothingIsLost();
        await minutesLater(stage);
        for (const { error } of await Promise.all(ends)) {
          if (error !== undefined) {
            evidence.fail(error);
          }
        }
        await evidence.nothingIsLost();
        const successor = Replica.load();
        replicas.push(successor);
        await successor.start(stage.catalogOptions());
        await evidence.becomesWhole(() => first(replicas).refresh());
      }
    } finally {
      await Promise.all(replicas.map(replica => replica.kill()));
    }
    return evidence.outcome('no error; the survivors go on');
  };
}

const FIVE_MINUTES_MS = 300_000;

/** Two replicas, of which one lives in the future, see the same world at the same time. */
async function clocksApart(
  { interleavings }: Scale,
  stage: Stage,
): Promise<RowOutcome> {
  const random = seededRandom(300);
  const drift = new Drift(stage.world, random);
  const evidence = new Evidence(stage, drift);
  const replicas = [
    Replica.load(),
    Replica.load({ clockOffsetMs: FIVE_MINUTES_MS }),
  ];
  try {
    for (const replica of replicas) {
      await replica.start(stage.catalogOptions());
    }
    for (let round = 0; round <= interleavings; round++) {
      evidence.step();
      const ends = replicas.map(replica => replica.refresh());
      await delay(random() * 1_000);
      evidence.step();
      for (const { error } of await Promise.all(ends)) {
        if (error !== undefined) {
          evidence.fail(error);
        }
      }
      await evidence.nothingIsLost();
      // In turn, so that the one in the past follows the one in the future.
      const [one, other] = round % 2 === 0 ? replicas : replicas.toReversed();
      await other?.refresh();
      evidence.step();
      await evidence.becomesWhole(() => first([one]).refresh());
    }
  } finally {
    await Promise.all(replicas.map(replica => replica.kill()));
  }
  return evidence.outcome('no error');
}

/** Where a refresh is when its database goes away, by the statement that it sends. */
const INSTANTS = {
  'the ledger is written': 'insert into "azure_devops_claims"',
  'the catalog applies a mutation': 'insert into "refresh_state_references"',
  'the ledger marks what was applied':
    'update "azure_devops_references" set "pending"',
};

async function databaseGone(
  { databaseOutageMs }: Scale,
  stage: Stage,
): Promise<RowOutcome> {
  const drift = new Drift(stage.world, seededRandom(60));
  const evidence = new Evidence(stage, drift);
  const gate = await PostgresGate.before(postgresUrl());
  const replica = Replica.load();
  const errors: string[] = [];
  try {
    const { databasePrefix } = stage;
    await replica.start(
      stage.catalogOptions({
        catalog: {
          config: {
            backend: {
              database: {
                client: 'pg',
                connection: gate.url,
                prefix: databasePrefix,
              },
            },
          },
        },
      }),
    );
    await evidence.becomesWhole(() => replica.refresh());
    for (const [instant, statement] of Object.entries(INSTANTS)) {
      evidence.step();
      const cut = gate.cutAt(statement);
      replica.beginRefresh();
      await cut;
      await evidence.nothingIsLost();
      await delay(databaseOutageMs);
      gate.restore();
      const { error } = await replica.endRefresh();
      if (error === undefined) {
        evidence.fail(`no error names the database gone when ${instant}`);
      }
      errors.push((error ?? 'nothing').split('\n').slice(0, 2).join(' '));
      await evidence.nothingIsLost();
      await minutesLater(stage);
      await evidence.becomesWhole(() => replica.refresh());
    }
  } finally {
    await replica.kill();
    await gate.close();
  }
  return evidence.outcome(errors[0] ?? '');
}

function first<T>(items: readonly (T | undefined)[]): T {
  const [item] = items;
  if (item === undefined) {
    throw new Error('There is no replica');
  }
  return item;
}

/** Group 6: processes die, the database goes away, replicas disagree. */
export const PROCESS_ROWS: readonly Row[] = [
  row(
    {
      name: 'the process killed at random instants of a refresh',
      injected: 'SIGKILL, while 72 descriptors change, come, go and move',
      expected:
        'Nothing that should stay is missing at any kill; the next refresh goes on from there.',
    },
    killAgainAndAgain,
  ),
  row(
    {
      name: 'the process killed while it takes over from the official module',
      injected: 'SIGKILL at random instants, again and again',
      expected:
        'Every entity stays, with its uid; whoever comes next goes on with it.',
    },
    killWhileTakingOver,
    { template: 'official' },
  ),
  row(
    {
      name: 'the process killed after an event was delivered to it',
      injected:
        'SIGKILL as soon as the delivery of a push is answered, or while Azure DevOps is asked about the repository',
      expected:
        'The next process brings the push into the catalog, and asks for no list.',
    },
    killAfterDelivery,
  ),
  row(
    {
      name: 'the database gone mid-mutation',
      injected: `every connection cut, new ones refused, when ${Object.keys(INSTANTS).join('; when ')}`,
      expected:
        'The refresh fails with an error, the backend lives on, the next refresh is whole.',
    },
    databaseGone,
  ),
  ...[2, 3].map(count =>
    row(
      {
        name: `${count} replicas, one of them killed`,
        injected: `${count} processes on one database refresh at the same time while the world changes; SIGKILL for one`,
        expected: 'The newest observation wins, whoever wrote last.',
      },
      replicasOf(count),
    ),
  ),
  row(
    {
      name: 'clocks of the replicas five minutes apart',
      injected:
        'two processes, one with a clock that is five minutes ahead, refresh at the same time and in turn',
      expected: 'No clock decides what is newer.',
    },
    clocksApart,
  ),
];
