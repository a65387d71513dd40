import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { chart } from './chart';
import { measureEvents, type EventsResult } from './events';
import { measureHour, type HourResult } from './hour';
import { report } from './report';
import { merged, type Results } from './results';
import { measureSize, SCENARIOS, type SizeResult } from './sizes';
import type { Way } from './steady';

const HELP = `Usage: npm run bench -- [options]

Measures refreshes of simulated organizations beside the bare limit, and an hour
of steady state beside what Backstage does alone.

  --sizes N,...      numbers of repositories (default 1000,10000,50000; 0 for none)
  --rounds N         how often each is measured (default 3; from 20000 on once)
  --hour N           descriptors of the hour of steady state (default 1000; 0 for none)
  --events N         pushes that service hooks announce (default 500; 0 for none)
  --only WHAT        nothing but these (events), or the hour with service hooks (hooks)
  --latency N        milliseconds that the service takes longer (default 20)
  --patience N       seconds to wait before each measurement until others leave the machine alone (default 10)
  --first            measures first refreshes alone
  --add              keeps what .output/benchmark.json holds of other sizes
  --chart FILE       where to draw (default docs/images/benchmark.svg; without all default sizes .output/benchmark.svg)
  --profile FOLDER   writes CPU profiles of our refreshes; then the times are not to be believed
  --help

Writes .output/benchmark.json and the chart.`;

const DEFAULT_SIZES = [1_000, 10_000, 50_000];
const OUTPUT = join('.output', 'benchmark.json');
/** From so many repositories on a round takes minutes. */
const LARGE = 20_000;
/** The intervals of three hours: what comes every 90 minutes counts with its share. */
const THREE_HOURS = 87;
/** How many intervals of Backstage's own reading are measured and extrapolated. */
const FEW = 2;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      sizes: { type: 'string', default: DEFAULT_SIZES.join(',') },
      rounds: { type: 'string' },
      hour: { type: 'string', default: '1000' },
      events: { type: 'string', default: '500' },
      only: { type: 'string' },
      latency: { type: 'string', default: '20' },
      patience: { type: 'string', default: '10' },
      first: { type: 'boolean', default: false },
      add: { type: 'boolean', default: false },
      chart: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (values.only !== undefined && !/^(?:events|hooks)$/.test(values.only)) {
    throw new Error(`Expected --only events or hooks, got '${values.only}'`);
  }
  const isOnly = values.only !== undefined;
  const latencyMs = numberOf('--latency', values.latency);
  const onProgress = (text: string) => console.error(text);
  const sizes: SizeResult[] = [];
  for (const text of isOnly ? [] : values.sizes.split(',')) {
    const size = numberOf('--sizes', text);
    if (size === 0) continue;
    const rounds =
      values.rounds === undefined
        ? size >= LARGE
          ? 1
          : 3
        : numberOf('--rounds', values.rounds);
    sizes.push(
      await measureSize(size, {
        latencyMs,
        rounds,
        scenarios: values.first ? SCENARIOS.slice(0, 1) : SCENARIOS,
        patienceMs: numberOf('--patience', values.patience) * 1000,
        profiles: values.profile,
        onProgress,
      }),
    );
  }
  const results = merged(values.add ? former() : undefined, {
    at: new Date().toISOString(),
    machine: {
      processors: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
      node: process.version,
      memoryBytes: totalmem(),
    },
    latencyMs,
    sizes,
    hours: await measureHours(
      values.only === 'events' ? 0 : numberOf('--hour', values.hour),
      values.only === 'hooks',
      {
        latencyMs,
        onProgress,
      },
    ),
    events: await eventsOf(
      values.only === 'hooks' ? 0 : numberOf('--events', values.events),
      {
        latencyMs,
        onProgress,
      },
    ),
  });
  console.log(report(results));
  write(OUTPUT, JSON.stringify(results, undefined, 1));
  const isWhole = DEFAULT_SIZES.every(size =>
    results.sizes.some(it => it.size === size),
  );
  const file =
    values.chart ??
    (isWhole
      ? join('docs', 'images', 'benchmark.svg')
      : join('.output', 'benchmark.svg'));
  write(file, chart(results));
  console.log(`\n${OUTPUT} and ${file} are written.`);
}

async function eventsOf(
  pushes: number,
  options: { latencyMs: number; onProgress: (text: string) => void },
): Promise<EventsResult | undefined> {
  return pushes === 0 ? undefined : await measureEvents({ pushes, ...options });
}

async function measureHours(
  size: number,
  isHooksOnly: boolean,
  options: { latencyMs: number; onProgress: (text: string) => void },
): Promise<HourResult[]> {
  const hours: HourResult[] = [];
  const ways: Way[] =
    size === 0
      ? []
      : isHooksOnly
        ? ['hooks']
        : ['ours', 'hooks', 'locations', 'search'];
  for (const way of ways) {
    const isOurs = way === 'ours' || way === 'hooks';
    const intervals = isOurs ? THREE_HOURS : FEW;
    hours.push(await measureHour(way, { size, intervals, ...options }));
  }
  return hours;
}

function former(): Results | undefined {
  return existsSync(OUTPUT)
    ? (JSON.parse(readFileSync(OUTPUT, 'utf8')) as Results)
    : undefined;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) {
    throw new Error(`Expected a number for ${option}, got '${text}'`);
  }
  return number;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
