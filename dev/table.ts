/** A table in plain text: words to the left, counts to the right, and the counts' sums below where there is more than one row. */
export function table(content: {
  readonly words: readonly string[];
  readonly counts: readonly string[];
  readonly rows: ReadonlyArray<{
    readonly words: readonly string[];
    readonly counts: readonly number[];
  }>;
}): string[] {
  const { rows } = content;
  const lines = [
    [...content.words, ...content.counts],
    ...rows.map(({ words, counts }) => [...words, ...counts.map(String)]),
  ];
  if (rows.length > 1) {
    lines.push([
      'Total',
      ...content.words.slice(1).map(() => ''),
      ...content.counts.map((_, column) =>
        String(rows.reduce((sum, row) => sum + (row.counts[column] ?? 0), 0)),
      ),
    ]);
  }

  const widthOf = (column: number) =>
    Math.max(...lines.map(line => line[column]?.length ?? 0));
  return lines.map(line =>
    line
      .map((cell, column) =>
        column < content.words.length
          ? cell.padEnd(widthOf(column))
          : cell.padStart(widthOf(column)),
      )
      .join('  ')
      .trimEnd(),
  );
}
