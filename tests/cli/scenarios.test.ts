import { PROBLEM_IDS } from '../../src/credentials/problems/diagnosis';
import { Cloud } from '../credentials/support';
import { witness } from '../support/witness';
import { compileProgram, runInTerminal, type Screen } from './real-terminal';
import {
  FAILURES,
  KINDS,
  type Scenario,
  type Setting,
  World,
} from './scenarios';
import { steady } from './terminal';

let cloud: Cloud;
let program: string;

beforeAll(async () => {
  witness()?.register('a secret of the configuration', 'a-value-nobody-has');
  program = await compileProgram();
});

beforeEach(async () => {
  cloud = await Cloud.start();
});

afterEach(async () => await cloud.close());

/** The two commands, one after the other, as somebody at a terminal of 80 columns sees them. */
async function show(
  scenario: Scenario,
): Promise<{ seen: Screen[]; text: string }> {
  const setting = scenario.set(new World(cloud));
  const seen: Screen[] = [];
  let text = '';
  for (const args of commands(setting)) {
    const screen = await runInTerminal(
      program,
      { integrations: { azure: setting.azure } },
      args,
    );
    seen.push(screen);
    text += `$ azure-devops-catalog ${args.join(' ')}\n`;
    text += `${screen.text}\n(exit code ${screen.code})\n\n`;
  }
  return { seen, text: `\n${steady(text)}` };
}

function commands(setting: Setting): string[][] {
  const { organization = 'contoso', project } = setting;
  const named = ['--organization', organization];
  return project === undefined
    ? [
        ['repositories', ...named],
        ['doctor', ...named],
      ]
    : [['repositories', ...named, '--project', project]];
}

/** How wide the text is, but for tables and for lines of a single word: a name, an address or a key stays in one piece, so that it can be copied. */
function widest(text: string): number {
  const lines = text
    .split('\n')
    .filter(line => /\w \w/.test(line) && !/^\$|\w {2,}\w/.test(line));
  return Math.max(...lines.map(line => line.length));
}

describe('repositories and doctor show that all is well with', () => {
  it.each(KINDS)('$name', async scenario => {
    const { seen, text } = await show(scenario);
    expect(seen.map(({ code }) => code)).toEqual([0, 0]);
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toMatchSnapshot();
  });
});

describe('repositories and doctor explain', () => {
  it.each(FAILURES)('$name', async scenario => {
    const { seen, text } = await show(scenario);
    for (const screen of seen) {
      expect(screen.code).toBe(1);
      expect(screen.text).toContain(`docs/errors.md#${scenario.problem}`);
    }
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toMatchSnapshot();
  });
});

it('every problem is shown by one of these scenarios', () => {
  const shown = new Set(FAILURES.map(({ problem }) => problem));
  // Needs a service that fails for longer than the client has patience.
  const elsewhere = ['service-unavailable'];
  expect(PROBLEM_IDS.filter(id => !shown.has(id))).toEqual(elsewhere);
});
