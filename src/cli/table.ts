import { displayWidth, fold } from './text';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** No column is made narrower than this for want of room. */
const NARROWEST = 8;
const GAP = 2;

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
    columns.map(({ title }, i) =>
      Math.max(
        displayWidth(title),
        ...rows.map(row => displayWidth(row[i] ?? '')),
      ),
    ),
    width,
  );
  return [
    columns.map(({ title }) => title),
    widths.map(w => '-'.repeat(w)),
    ...rows,
  ]
    .flatMap(row => renderRow(row, columns, widths))
    .join('\n');
}

function renderRow(
  row: readonly string[],
  columns: readonly Column[],
  widths: readonly number[],
): string[] {
  const cells = widths.map((width, i) => fold(row[i] ?? '', width));
  const height = Math.max(...cells.map(lines => lines.length));
  return Array.from({ length: height }, (_line, n) =>
    cells
      .map((lines, i) => {
        const text = lines[n] ?? '';
        const padding = ' '.repeat((widths[i] ?? 0) - displayWidth(text));
        return columns[i]?.align === 'right' ? padding + text : text + padding;
      })
      .join(' '.repeat(GAP))
      .trimEnd(),
  );
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
