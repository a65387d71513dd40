import { execFileSync } from 'node:child_process';
import { GROUPS, ROWS } from '../rows';
import type { Row } from './row';
import { BRIEF, runRow, failuresOf } from './row';

/** A row has many steps, each of which may take long on a busy machine. */
const LONGEST_MS = 900_000;

/**
 * The rows of some groups as tests; the table itself is printed by `npm run test:faults`.
 *
 * @param options.parts - runs one of so many parts of the rows, another with each
 * commit. `FAULT_PART=2` chooses one by its number, `LONG_TESTS=1` runs them all.
 */
export function testGroups(
  groups: readonly number[],
  { parts = 1 }: { parts?: number } = {},
): void {
  const all = ROWS.filter(({ group }) => groups.includes(group));
  if (parts === 1 || process.env.LONG_TESTS === '1') {
    testRows(all);
    return;
  }
  const part = chosenPart(parts, process.env.FAULT_PART, currentCommit());
  describe(`(part ${part} of ${parts}; FAULT_PART=${part} runs it again, LONG_TESTS=1 all of them)`, () => {
    testRows(partOf(all, part, parts));
  });
}

/** The part, from 1 on: the one that is asked for, else the commit's; without a commit the first. */
export function chosenPart(
  parts: number,
  wanted: string | undefined,
  commit: string | undefined,
): number {
  if (wanted) {
    const part = Number(wanted);
    if (!Number.isInteger(part) || part < 1 || part > parts) {
      throw new Error(
        `FAULT_PART is ${wanted}, not a number from 1 to ${parts}`,
      );
    }
    return part;
  }
  return commit ? (parseInt(commit.slice(0, 8), 16) % parts) + 1 : 1;
}

/** Every so-manyth row, so that each part has rows of every kind. */
export function partOf<T>(
  rows: readonly T[],
  part: number,
  parts: number,
): T[] {
  return rows.filter((_, index) => index % parts === part - 1);
}

/** The hash of the commit that is checked out, also in a shallow clone; `undefined` where there is no Git. */
export function currentCommit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--verify', 'HEAD'], {
      cwd: __dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

function testRows(rows: readonly Row[]): void {
  const isOfOneGroup = new Set(rows.map(({ group }) => group)).size === 1;
  const titled = rows.map(row => ({
    row,
    title: isOfOneGroup ? row.name : `${GROUPS[row.group]}: ${row.name}`,
  }));
  it.each(titled)(
    '$title',
    async ({ row }) => {
      expect(failuresOf(await runRow(row, BRIEF))).toEqual([]);
    },
    LONGEST_MS,
  );
}
