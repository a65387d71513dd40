import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ROWS } from './rows';
import { BRIEF, FULL, runRow, failuresOf, type RowResult } from './stage/row';
import { formatTable, summarize } from './stage/table';

const ROOT = join(__dirname, '..', '..');
const FILE = join(ROOT, '.output', 'faults.json');

/** A row for a process to run, by its place in the table. */
interface Order {
  readonly index: number;
  readonly full: boolean;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      full: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      'at-once': { type: 'string', default: '2' },
    },
  });
  const wanted = new RegExp(values.only, 'i');
  const orders = ROWS.flatMap(({ group, name }, index) =>
    wanted.test(`${group}. ${name}`) ? [{ index, full: values.full }] : [],
  );
  const startedAt = performance.now();
  const results = await runAll(orders, Number(values['at-once']));
  process.stdout.write(
    `\n${formatTable(results)}\n${summarize(results)}, done after ${Math.round((performance.now() - startedAt) / 1_000)} s\n`,
  );
  mkdirSync(join(ROOT, '.output'), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`All of it is in ${relative(process.cwd(), FILE)}\n`);
  return results.every(result => failuresOf(result).length === 0) ? 0 : 1;
}

/**
 * Runs rows, some at once: most of the time a row waits. Each is in another
 * process, since a row's simulator is the proxy of its whole process.
 *
 * @returns what came of them, in the table's order
 */
async function runAll(
  orders: readonly Order[],
  atOnce: number,
): Promise<RowResult[]> {
  const results = new Map<number, RowResult>();
  // Those of processes take longest.
  const queue = [...orders].sort((a, b) => isLong(b) - isLong(a));
  const work = async () => {
    let child: ChildProcess | undefined;
    for (let order = queue.shift(); order; order = queue.shift()) {
      child = child?.connected ? child : fork(__filename);
      const result = await runIn(child, order);
      results.set(order.index, result);
      print(result);
    }
    child?.kill();
  };
  await Promise.all(
    Array.from({ length: Math.min(atOnce, queue.length) }, work),
  );
  return orders.flatMap(({ index }) => results.get(index) ?? []);
}

function isLong({ index }: Order): number {
  return ROWS[index]?.group === 6 ? 1 : 0;
}

async function runIn(child: ChildProcess, order: Order): Promise<RowResult> {
  const ended = new AbortController();
  child.send(order);
  const [message] = (await Promise.race([
    once(child, 'message', ended),
    once(child, 'exit', ended).then(() => [undefined]),
  ]).finally(() => ended.abort())) as [RowResult | undefined];
  return message ?? (await died(order));
}

/** A row has failed whose process ended under it. */
async function died({ index }: Order): Promise<RowResult> {
  const row = ROWS[index];
  if (!row) {
    throw new Error(`The table has no row ${index}`);
  }
  const run = () => Promise.reject(new Error('the process of the row ended'));
  return await runRow({ ...row, run }, BRIEF);
}

function print(result: RowResult): void {
  const wrong = failuresOf(result);
  process.stdout.write(
    `${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${result.seconds.toFixed(1).padStart(6)} s  ${result.group}. ${result.name}\n${wrong.map(line => `         ${line}\n`).join('')}`,
  );
}

/** Runs what the parent process orders. */
function obey(): void {
  // Nobody waits for these; they are a mistake of the row in which they happen.
  const strays: string[] = [];
  process.on('unhandledRejection', reason => {
    strays.push(`unhandled: ${String(reason)}`);
  });
  process.on('message', ({ index, full }: Order) => {
    const row = ROWS[index];
    if (row) {
      void runRow(row, full ? FULL : BRIEF).then(ran =>
        process.send?.({
          ...ran,
          failures: [...ran.failures, ...strays.splice(0)],
        }),
      );
    }
  });
  process.on('disconnect', () => process.exit(1));
}

if (process.send) {
  obey();
} else {
  main().then(
    code => process.exit(code),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
}
