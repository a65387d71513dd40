/** What people who run Backstage with Azure DevOps did, what has to come of it, and the same once more: what comes of it. */
export type FieldReport = [
  input: string,
  right: RegExp,
  now: () => Promise<string> | string,
];

export function testFieldReports(
  title: string,
  reports: readonly FieldReport[],
): void {
  describe(title, () => {
    it.each(reports)('%s', async (_input, right, now) => {
      expect(await now()).toMatch(right);
    });
  });
}
