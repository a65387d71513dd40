import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ROWS } from './rows';
import { BRIEF, FULL, runRow, verdictOn, type RowResult } from './stage/row';
import { formatTable, summarize } from './stage/table';

const ROOT = join(__dirname, '..', '..');
const FILE = join(ROOT, '.output', 'faults.json');

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      full: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
    },
  });
  const wanted = new RegExp(values.only, 'i');
  const rows = ROWS.filter(({ group, name }) =>
    wanted.test(`${group}. ${name}`),
  );
  // Nobody waits for these; they are a mistake of the row in which they happen.
  const strays: string[] = [];
  process.on('unhandledRejection', reason => {
    strays.push(`unhandled: ${String(reason)}`);
  });
  const results: RowResult[] = [];
  for (const row of rows) {
    const ran = await runRow(row, values.full ? FULL : BRIEF);
    const result = {
      ...ran,
      failures: [...ran.failures, ...strays.splice(0)],
    };
    results.push(result);
    const wrong = verdictOn(result);
    process.stdout.write(
      `${wrong.length === 0 ? 'ok    ' : 'FAILED'} ${result.seconds.toFixed(1).padStart(6)} s  ${row.group}. ${row.name}\n${wrong.map(line => `         ${line}\n`).join('')}`,
    );
  }
  process.stdout.write(`\n${formatTable(results)}\n${summarize(results)}\n`);
  mkdirSync(join(ROOT, '.output'), { recursive: true });
  writeFileSync(FILE, `${JSON.stringify(results, undefined, 2)}\n`);
  process.stdout.write(`All of it is in ${relative(process.cwd(), FILE)}\n`);
  return results.every(result => verdictOn(result).length === 0) ? 0 : 1;
}

main().then(
  // Backends that were stopped leave timers behind.
  code => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
