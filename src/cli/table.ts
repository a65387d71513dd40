import CliTable from 'cli-table3';
import { displayWidth } from './text';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Narrower than this no column is made for want of room. */
const NARROWEST = 8;
const GAP = 2;

/** No lines around or between the cells. */
const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/**
 * Draws a table that is at most `width` characters wide. What does not fit into
 * its column goes on in the next line; nothing is cut off.
 */
export function renderTable(
  columns: readonly Column[],
  rows: ReadonlyArray<readonly string[]>,
  width: number,
): string {
  const widths = fitColumns(
    columns.map((column, i) =>
      Math.max(
        displayWidth(column.title),
        ...rows.map(row => displayWidth(row[i] ?? '')),
      ),
    ),
    width,
  );
  const table = new CliTable({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [] },
    colWidths: widths.map(w => w + GAP),
    colAligns: columns.map(column => column.align ?? 'left'),
    wordWrap: true,
    wrapOnWordBoundary: false,
  });
  table.push(
    columns.map(column => column.title),
    widths.map(w => '-'.repeat(w)),
    ...rows.map(row => [...row]),
  );
  return table.toString().replace(/[ \t]+$/gm, '');
}

/** Takes room from the widest columns until all of them fit. */
export function fitColumns(
  natural: readonly number[],
  width: number,
): number[] {
  const widths = [...natural];
  let excess =
    widths.reduce((sum, w) => sum + w, 0) + GAP * (widths.length - 1) - width;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess -= 1;
  }
  return widths;
}
