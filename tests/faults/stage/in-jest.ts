import { ROWS } from '../rows';
import { BRIEF, runRow, verdictOn } from './row';

/** The rows of some groups as tests; the table itself is printed by `npm run test:faults`. */
export function testGroups(...groups: readonly number[]): void {
  const rows = ROWS.filter(({ group }) => groups.includes(group));
  it.each(rows.map(row => ({ row, name: row.name })))(
    '$name',
    async ({ row }) => {
      expect(verdictOn(await runRow(row, BRIEF))).toEqual([]);
    },
    300_000,
  );
}
