import { Simulator } from '../../dev/simulator';
import { type SeededCompany, seedCompany } from '../../dev/simulator/company';
import { NpmStart } from './npm-start';

const SLOW = 180_000;

/** The number that stands behind a label of the summary. */
function numberIn(output: string, label: string): number {
  const match = new RegExp(`^${label}: +(\\d+)`, 'm').exec(output);
  if (!match) throw new Error(`No "${label}" in:\n${output}`);
  return Number(match[1]);
}

/** The counts of an organization's row: repositories, selected, skipped, read, unknown. */
function rowOf(output: string, organization: string): number[] {
  const line = output
    .split('\n')
    .find(text => text.startsWith(`${organization} `));
  return (line?.match(/ \d+/g) ?? []).map(Number);
}

describe('npm start -- --once', () => {
  let simulator: Simulator;
  let company: SeededCompany;
  let run: NpmStart | undefined;

  beforeAll(async () => {
    simulator = await Simulator.start();
    company = seedCompany(simulator);
  });

  afterAll(async () => {
    await simulator.close();
  });

  afterEach(async () => {
    await run?.kill();
    simulator.faults.removeAll();
  });

  /** The environment of somebody whose Azure DevOps is this simulator. */
  function ownOrganization(
    variables: Record<string, string>,
  ): Record<string, string> {
    return { ...simulator.environment, ...variables };
  }

  it(
    'ingests the company, sums up what is there, and exits with 0',
    async () => {
      run = NpmStart.run(['--once']);
      expect([await run.ended, run.output]).toEqual([0, expect.anything()]);

      const { output } = run;
      for (const { name, counts } of company.organizations) {
        const skipped =
          counts.forks + counts.disabled + counts.empty + counts.unusable;
        const selected = counts.repositories - skipped;
        expect(rowOf(output, `dev.azure.com/${name}`)).toEqual([
          counts.repositories,
          selected,
          skipped,
          selected,
          0,
        ]);
      }
      const { counts } = company;
      const { taken, broken, forbidden, refused } = counts.documents;
      expect(numberIn(output, 'Descriptors')).toBe(counts.descriptors);
      // Every document is an entity or is listed as rejected, by us or by the catalog.
      const entities = numberIn(output, 'Entities');
      const listed = output.match(/^ +document \d+.*: /gm)?.length ?? 0;
      expect(entities + listed).toBe(taken + broken + forbidden + refused);
      expect(entities).toBeGreaterThanOrEqual(taken);
      expect(listed).toBeGreaterThanOrEqual(broken + forbidden);
      expect(output).not.toMatch(/^Failed/m);
      for (const { token } of company.organizations) {
        expect(output).not.toContain(token);
      }
      await run.gone();
    },
    SLOW,
  );

  it(
    'ingests the organization that the environment names',
    async () => {
      const [{ name = '', token = '', counts } = {}] = company.organizations;
      run = NpmStart.run(
        ['--once'],
        ownOrganization({
          AZURE_DEVOPS_ORGANIZATION: name,
          AZURE_DEVOPS_TOKEN: token,
        }),
      );
      expect([await run.ended, run.output]).toEqual([0, expect.anything()]);

      expect(rowOf(run.output, `dev.azure.com/${name}`)[0]).toBe(
        counts?.repositories,
      );
      expect(run.output).not.toContain(token);
    },
    SLOW,
  );

  it(
    'fails when a repository could not be read, and names it',
    async () => {
      const [{ name = '', token = '' } = {}] = company.organizations;
      simulator.inject({
        match: { repository: 'booking-api', endpoint: 'items' },
        response: { status: 500 },
      });
      run = NpmStart.run(
        ['--once'],
        ownOrganization({
          AZURE_DEVOPS_ORGANIZATION: name,
          AZURE_DEVOPS_TOKEN: token,
        }),
      );
      expect([await run.ended, run.output]).toEqual([1, expect.anything()]);

      expect(run.output).toMatch(/^Failed \(1\):\n.*booking-api/m);
      expect(rowOf(run.output, `dev.azure.com/${name}`)[4]).toBe(1);
    },
    SLOW,
  );

  it(
    'fails when an organization could not be read, and goes on with the others',
    async () => {
      const [first, second] = company.organizations;
      run = NpmStart.run(
        ['--once'],
        ownOrganization({
          AZURE_DEVOPS_ORGANIZATION: `${first?.name},${second?.name}`,
          AZURE_DEVOPS_TOKEN: first?.token ?? '',
        }),
      );
      expect([await run.ended, run.output]).toEqual([1, expect.anything()]);

      expect(run.output).toMatch(
        new RegExp(`^Failed \\(1\\):\\n.*${second?.name}`, 'm'),
      );
      expect(rowOf(run.output, `dev.azure.com/${first?.name}`)[0]).toBe(
        first?.counts.repositories,
      );
    },
    SLOW,
  );

  it(
    'fails without a token, before it asks anybody anything',
    async () => {
      simulator.requests.reset();
      run = NpmStart.run(
        ['--once'],
        ownOrganization({ AZURE_DEVOPS_ORGANIZATION: 'nordhavn' }),
      );
      expect(await run.ended).toBe(1);

      expect(run.output).toContain('AZURE_DEVOPS_TOKEN is not');
      expect(simulator.requests.count()).toBe(0);
    },
    SLOW,
  );
});
