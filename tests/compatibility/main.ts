import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CHECKS, type Findings, lookAt } from './checks';
import { asDynamicPlugin, firstHour, withYarn } from './modes';
import { type Host, type Line, makeHost, makeNode, readLines } from './host';
import { npm } from './npm';

const ROOT = join(__dirname, '..', '..');
/** The versions of Node.js that are looked at with `--all`. */
const NODES = [20, 22, 24];

/** One release line on one version of Node.js. */
interface Cell {
  readonly line: Line;
  readonly node: number;
  readonly host?: Host;
  /** What npm said, where it refused. */
  readonly refusal?: string;
  readonly findings?: Findings;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      all: { type: 'boolean', default: false },
      line: { type: 'string', multiple: true },
      node: { type: 'string', multiple: true },
      keep: { type: 'boolean', default: false },
      package: { type: 'string' },
      jobs: { type: 'string', default: '2' },
      'first-hour': { type: 'boolean' },
      yarn: { type: 'boolean' },
      'dynamic-plugin': { type: 'boolean' },
    },
  });
  const plan = planOf(values);
  const directory = mkdtempSync(join(tmpdir(), 'azure-devops-compatibility-'));
  try {
    const tarball = values.package
      ? resolve(values.package)
      : await pack(directory);
    const modes = [
      ...(values['first-hour'] ? [firstHour] : []),
      ...(values.yarn ? [withYarn] : []),
      ...(values['dynamic-plugin'] ? [asDynamicPlugin] : []),
    ];
    for (const mode of modes) {
      // The platform of a dynamic plugin is the newest, unless one is chosen.
      const lines = plan.map(({ line }) => line);
      for (const line of mode === asDynamicPlugin ? lines.slice(-1) : lines) {
        console.log(`\n=== ${mode.name}: Backstage ${line.release}`);
        await mode(line, tarball, mkdtempSync(join(directory, 'mode-')));
      }
    }
    if (modes.length > 0) return;
    const nodes = new Map(
      await Promise.all(
        [...new Set(plan.flatMap(({ nodes }) => nodes))].map(
          async major =>
            [
              major,
              await makeNode(major, join(directory, `node-${major}`)),
            ] as const,
        ),
      ),
    );
    const cells: Cell[] = [];
    await inTurn(plan, Number(values.jobs), async ({ line, nodes: majors }) => {
      const done = await lookAtLine(line, majors, {
        nodes,
        tarball,
        directory,
      });
      cells.push(...done);
    });
    report(
      readLines().flatMap(({ release }) =>
        cells.filter(cell => cell.line.release === release),
      ),
    );
  } finally {
    if (values.keep) console.log(`Kept: ${directory}`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** Which lines on which versions of Node.js. */
function planOf(values: {
  all: boolean;
  line?: string[];
  node?: string[];
}): Array<{ line: Line; nodes: number[] }> {
  const lines = readLines();
  const oldest = lines[0]!;
  const newest = lines.at(-1)!;
  if (!values.all && !values.line && !values.node) {
    return [
      { line: oldest, nodes: [20] },
      { line: newest, nodes: [22, 24] },
    ];
  }
  const nodes = values.node?.map(Number) ?? NODES;
  const chosen = values.line
    ? lines.filter(({ release }) => values.line?.includes(release))
    : values.all
      ? lines
      : [oldest, newest];
  if (chosen.length === 0) {
    throw new Error(
      `Expected --line to be one of ${lines.map(({ release }) => release).join(', ')}`,
    );
  }
  return chosen.map(line => ({ line, nodes }));
}

/** As `npm publish` would send it. */
async function pack(directory: string): Promise<string> {
  const target = join(directory, 'package');
  mkdirSync(target);
  const file = await npm(ROOT, 'pack', '--pack-destination', target);
  return join(target, file.split('\n').at(-1)!);
}

async function lookAtLine(
  line: Line,
  majors: readonly number[],
  run: {
    nodes: ReadonlyMap<number, string>;
    tarball: string;
    directory: string;
  },
): Promise<Cell[]> {
  const cells: Cell[] = [];
  const directory = join(run.directory, `line-${line.release}`);
  try {
    const host = await makeHost(line, run.tarball, directory);
    for (const major of majors) {
      const findings = await lookAt({
        directory,
        node: run.nodes.get(major)!,
        prefix: `c${line.release.replace('.', '_')}_${major}_`,
      });
      cells.push({ line, node: major, host, findings });
      console.error(
        `Backstage ${line.release} on Node.js ${major}: ${verdict(cells.at(-1)!)}`,
      );
    }
  } catch (error) {
    const refusal = (error as Error).message;
    cells.push(...majors.map(node => ({ line, node, refusal })));
  }
  return cells;
}

/** Works a list off with so many at a time. */
async function inTurn<T>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const left = [...items];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let item = left.shift(); item; item = left.shift()) {
        await work(item);
      }
    }),
  );
}

/** Second copies of what has to be there once: Backstage's packages, and the identity library. */
function forbiddenCopies({ host }: Cell): string[] {
  return (
    host?.added.secondCopies.filter(name =>
      /^@(backstage|azure)\//.test(name),
    ) ?? []
  );
}

function problemsOf(cell: Cell): string[] {
  return [
    ...(cell.refusal ? [cell.refusal] : []),
    ...forbiddenCopies(cell).map(name => `second copy of ${name}`),
    ...Object.entries(cell.findings?.failures ?? {}).map(
      ([check, failure]) => `${check}: ${failure}`,
    ),
  ];
}

function verdict(cell: Cell): string {
  const problems = problemsOf(cell);
  return problems.length === 0 ? 'all is well' : problems.join('\n');
}

/** Prints the table, and then what failed; the exit code says whether something did. */
function report(cells: readonly Cell[]): void {
  const rows = cells.map(cell => {
    const { line, node, host, findings } = cell;
    const copies = forbiddenCopies(cell);
    return [
      `${line.release} (${line.published})`,
      line.packages['@backstage/backend-defaults'] ?? '',
      String(node),
      host ? `yes, ${host.added.count} added` : 'refused',
      host ? copies.join(', ') || 'none' : '',
      ...CHECKS.map(check =>
        findings ? (check in findings.failures ? 'FAILED' : 'yes') : '',
      ),
      host && findings?.firstEntitySeconds !== undefined
        ? `${Math.round(host.installSeconds + findings.firstEntitySeconds)} s`
        : '',
    ];
  });
  const head = [
    'Backstage',
    'backend-defaults',
    'Node.js',
    'npm install',
    'second copies',
    ...CHECKS,
    'install to first entity',
  ];
  const table = [head, head.map(() => '---'), ...rows];
  const widths = head.map((_, column) =>
    Math.max(...table.map(row => row[column]!.length)),
  );
  for (const row of table) {
    console.log(
      `| ${row.map((cell, column) => cell.padEnd(widths[column]!, cell === '---' ? '-' : ' ')).join(' | ')} |`,
    );
  }
  const others = new Set(
    cells.flatMap(({ host }) => host?.added.secondCopies ?? []),
  );
  console.log(
    `\nOf the module's own libraries the hosts have in another version: ${[...others].sort().join(', ') || 'none'}.`,
  );
  const failed = cells.filter(cell => problemsOf(cell).length > 0);
  for (const cell of failed) {
    console.log(`\nBackstage ${cell.line.release} on Node.js ${cell.node}:`);
    console.log(verdict(cell));
  }
  process.exitCode = failed.length > 0 ? 1 : 0;
}

void main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
