/** Something that people who run Backstage with Azure DevOps met. */
export interface FieldReport {
  /** The report's number; its variations have the same. */
  readonly number: number;
  /** What they did, in a few words. */
  readonly input: string;
  /** What came of it, as it was seen. */
  readonly before: string;
  /** The commit at which it was seen. */
  readonly seenAt: string;
  /** What has to come of it. */
  readonly right: RegExp;
  /** Does the same, and returns what comes of it. */
  readonly now: () => Promise<string> | string;
}

/**
 * One test for each report, and at the end a table of all: number, input, what
 * came of it before, and what comes of it now.
 */
export function testFieldReports(
  title: string,
  reports: readonly FieldReport[],
): void {
  const lines: string[] = [];
  describe(title, () => {
    it.each(
      reports.map(report => [report.number, report.input, report] as const),
    )(
      'gives the right answer to report %i: %s',
      async (_number, _input, report) => {
        const now = await report.now();
        lines.push(
          [
            `${report.number}. ${report.input}`,
            `   before (${report.seenAt}): ${oneLine(report.before)}`,
            `   now: ${oneLine(now)}`,
          ].join('\n'),
        );
        expect(now).toMatch(report.right);
      },
    );
    afterAll(() => {
      process.stdout.write(`\n${title}\n\n${lines.join('\n')}\n\n`);
    });
  });
}

function oneLine(text: string): string {
  return text
    .replace(/\s*\n\s*/g, ' / ')
    .replace(/\b127\.0\.0\.1:\d+|localhost:\d+/g, match =>
      match.replace(/\d+$/, '…'),
    );
}
