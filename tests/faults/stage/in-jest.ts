import { ROWS } from '../rows';
import { BRIEF, runRow, verdictOn } from './row';

/**
 * The rows of some groups as tests; the table itself is printed by `npm run test:faults`.
 *
 * @param options.each - only each so many of them, unless `LONG_TESTS=1`
 */
export function testGroups(
  groups: readonly number[],
  { each = 1 }: { each?: number } = {},
): void {
  const step = process.env.LONG_TESTS === '1' ? 1 : each;
  const rows = ROWS.filter(({ group }) => groups.includes(group)).filter(
    (_, index) => index % step === 0,
  );
  it.each(rows.map(row => ({ row, name: row.name })))(
    '$name',
    async ({ row }) => {
      expect(verdictOn(await runRow(row, BRIEF))).toEqual([]);
    },
    300_000,
  );
}
