import { renderTable, type Column } from '../../../src/cli/text';
import { GROUPS } from '../rows';
import { failuresOf, type RowResult } from './row';

const COLUMNS: readonly Column[] = [
  { title: 'fault' },
  { title: 'injected' },
  { title: 'expected' },
  { title: 'lost', align: 'right' },
  { title: 'kept', align: 'right' },
  { title: 'others' },
  { title: 'whole' },
  { title: 'reported' },
];

/** How much of what was reported is printed; the file has all of it. */
const LONGEST_REPORT = 150;

/** The table as it is printed, group by group. */
export function formatTable(results: readonly RowResult[]): string {
  const groups = [...new Set(results.map(({ group }) => group))];
  return groups
    .map(group => {
      const rows = results.filter(result => result.group === group);
      const table = renderTable(COLUMNS, rows.flatMap(linesOf));
      return `${group}. ${GROUPS[group]}\n\n${table}`;
    })
    .join('\n');
}

/** The row, and an empty line to set it off from the next. */
function linesOf(result: RowResult): string[][] {
  const { othersUndisturbed, refreshesUntilWhole } = result;
  return [
    [
      `${failuresOf(result).length === 0 ? '' : 'FAILED: '}${result.name}`,
      result.injected,
      result.expected,
      String(result.lost.length),
      String(result.wronglyKept.length),
      othersUndisturbed === undefined
        ? '(all struck)'
        : othersUndisturbed
          ? 'undisturbed'
          : 'DISTURBED',
      refreshesUntilWhole === undefined
        ? 'never'
        : `after ${refreshesUntilWhole}`,
      shorten(result.reported),
    ],
    COLUMNS.map(() => ''),
  ];
}

function shorten(text: string): string {
  const line = text
    .replaceAll(/\s+/g, ' ')
    .replace(/could not read \S+ of repository [0-9a-f-]+: /, '')
    .trim();
  return line.length > LONGEST_REPORT
    ? `${line.slice(0, LONGEST_REPORT - 3)}...`
    : line;
}

/** What the table comes to, in a line. */
export function summarize(results: readonly RowResult[]): string {
  const sum = (count: (result: RowResult) => number) =>
    results.reduce((total, result) => total + count(result), 0);
  const failed = results.filter(result => failuresOf(result).length > 0);
  const seconds = sum(result => result.seconds);
  return [
    `${results.length} rows in ${Math.round(seconds)} s`,
    `${sum(({ lost }) => lost.length)} entities lost`,
    `${sum(({ wronglyKept }) => wronglyKept.length)} wrongly kept`,
    `${sum(r => (r.othersUndisturbed === false ? 1 : 0))} times others were disturbed`,
    `${failed.length} rows failed`,
  ].join(', ');
}
