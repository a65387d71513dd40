import { Simulator } from '../../dev/simulator';
import {
  type SeededOrganization,
  seedCompany,
} from '../../dev/simulator/company';
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
  let company: SeededOrganization[];
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
    'prints the same summary of the company every time and exits with 0',
    async () => {
      run = NpmStart.run(['--once']);
      expect([await run.ended, run.output]).toEqual([0, expect.anything()]);

      const { output } = run;
      expect(output).not.toContain('deprecated');
      // Repositories, selected, skipped, read, unknown.
      expect(rowOf(output, 'dev.azure.com/nordhavn')).toEqual([
        33, 28, 5, 28, 0,
      ]);
      expect(rowOf(output, 'dev.azure.com/nordhavn-data')).toEqual([
        14, 11, 3, 11, 0,
      ]);
      expect(rowOf(output, 'dev.azure.com/kestrel-freight')).toEqual([
        10, 8, 2, 8, 0,
      ]);
      expect(output).toContain(
        'Skipped repositories: 3 disabled, 3 fork, 3 empty, 1 project-not-well-formed',
      );
      expect(numberIn(output, 'Descriptors')).toBe(49);
      // Of 68 documents 60 are entities; the others are listed, by line and reason.
      expect(numberIn(output, 'Entities')).toBe(60);
      expect(output.match(/^ +document \d+.*: /gm)).toHaveLength(8);
      // Once, and not in the log as well.
      expect(output.match(/metadata\.name is missing/g)).toHaveLength(1);
      expect(output.match(/_git\/customer-360\?/g)).toHaveLength(1);
      expect(numberIn(output, 'Rejected')).toBe(7);
      expect(output).toContain('Rejected by the catalog itself (1)');
      expect(output).toContain('Defined more than once (1)');
      expect(output).toMatch(
        /^Catalog: +78 entities: 40 Component, 9 Location, 8 Group, 7 API, 7 Resource, 5 System, 2 Domain$/m,
      );
      expect(output).not.toMatch(/^Failed/m);
      for (const { token } of company) {
        expect(output).not.toContain(token);
      }
      await run.gone();
    },
    SLOW,
  );

  it(
    'ingests the organization that the environment names',
    async () => {
      const [{ name = '', token = '' } = {}] = company;
      run = NpmStart.run(
        ['--once'],
        ownOrganization({
          AZURE_DEVOPS_ORGANIZATION: name,
          AZURE_DEVOPS_TOKEN: token,
        }),
      );
      expect([await run.ended, run.output]).toEqual([0, expect.anything()]);

      expect(rowOf(run.output, `dev.azure.com/${name}`)[0]).toBe(33);
      expect(run.output).not.toContain(token);
    },
    SLOW,
  );

  it(
    'exits with 1 when a repository could not be read, and names it',
    async () => {
      const [{ name = '', token = '' } = {}] = company;
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
    'exits with 1 when an organization could not be read, and ingests the others',
    async () => {
      const [first, second] = company;
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
      expect(rowOf(run.output, `dev.azure.com/${first?.name}`)[0]).toBe(33);
    },
    SLOW,
  );

  it(
    'exits with 1 without a token and sends no request',
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
