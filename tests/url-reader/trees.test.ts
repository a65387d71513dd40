import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { UrlReaderService } from '@backstage/backend-plugin-api';
import { type Reading, startReading, TOKEN } from '../content/support';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { withEnvironment } from '../support/with-environment';

// A whole repository as TechDocs reads it, beside Backstage's own reader, with the
// service's limits on and 60 ms to each answer. LONG_TESTS=1 reads large ones too,
// and several times in turn, so that whatever else the machine does hits both.

const SIZES = process.env.LONG_TESTS ? [100, 3_000, 8_000] : [100];
const ROUNDS = process.env.LONG_TESTS ? 3 : 1;
const MEBIBYTE = 1_048_576;
const REPOSITORY = 'https://dev.azure.com/contoso/Docs/_git/docs';

/** What the simulator was asked since that was asked last. */
export interface Traffic {
  readonly requests: number;
  readonly bytes: number;
}

/** One read of the tree. */
interface Measured extends Traffic {
  readonly etag?: string;
  readonly files: readonly string[];
  readonly seconds: number;
  readonly peakMiB: number;
}

const rows: string[] = [];
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

afterAll(() => {
  const head =
    'files | what is read     | reader    | requests |      bytes | seconds: least, median | MiB: least, median';
  process.stdout.write(`\n${[head, ...rows].join('\n')}\n\n`);
});

describe('a tree beside Backstage’s own reader', () => {
  it.each(SIZES)(
    'of %d files takes two requests whatever the size, and brings the same files; unchanged, it takes one',
    async size => {
      const simulator = await startSimulator(size);
      const measured = new Map<string, Measured[]>();
      /** Each in turn is the first. */
      const both = async (
        what: string,
        round: number,
        { stock, interactiveReader }: Reading,
        etags: { stock?: string; ours?: string } = {},
      ) => {
        const readers = { stock, ours: interactiveReader };
        const names = ['stock', 'ours'] as const;
        const results: Partial<Record<(typeof names)[number], Measured>> = {};
        for (const name of round % 2 ? names.toReversed() : names) {
          await simulator.traffic();
          const came = await readWhole(readers[name], etags[name]);
          const result = { ...came, ...(await simulator.traffic()) };
          const label = name === 'ours' ? 'ours' : 'Backstage';
          const key = `${what.padEnd(16)} | ${label.padEnd(9)}`;
          measured.set(key, [...(measured.get(key) ?? []), result]);
          results[name] = result;
        }
        return results as Required<typeof results>;
      };
      try {
        for (let round = 0; round < ROUNDS; round++) {
          await inBackend(simulator, async reading => {
            const first = await both('first of all', round, reading);
            expect(first.ours.files).toEqual(first.stock.files);
            expect(first.ours.files).toHaveLength(size);
            // The repository's names and the API's versions as well.
            expect(first.ours.requests).toBe(4);
          });
          await inBackend(simulator, async reading => {
            await reading.reader.readUrl(`${REPOSITORY}?path=/README.md`);
            const whole = await both('whole', round, reading);
            expect(whole.ours.files).toEqual(whole.stock.files);
            expect(whole.ours.requests).toBe(2);
            const etags = {
              stock: whole.stock.etag,
              ours: whole.ours.etag,
            };
            const same = await both('unchanged', round, reading, etags);
            expect(same.ours.files).toEqual([]);
            expect(same.ours.requests).toBe(1);
            await simulator.push();
            const changed = await both(
              'one file changed',
              round,
              reading,
              etags,
            );
            expect(changed.ours.files).toEqual(changed.stock.files);
            expect(changed.ours.requests).toBe(3);
          });
          // What it takes but for the contents that are kept for the next read.
          const catalog = { azureDevOps: { urlReader: { cacheMegabytes: 1 } } };
          await inBackend(
            simulator,
            async reading => {
              await reading.reader.readUrl(`${REPOSITORY}?path=/README.md`);
              const small = await both('cache of 1 MB', round, reading);
              expect(small.ours.files).toEqual(small.stock.files);
              expect(small.ours.requests).toBe(2);
            },
            { catalog },
          );
        }
        rows.push(
          ...[...measured].map(([key, results]) => row(size, key, results)),
        );
      } finally {
        await simulator.close();
      }
    },
    1_200_000,
  );
});

/** What a backend does that has just been started. */
async function inBackend(
  simulator: Parameters<typeof startReading>[0],
  use: (reading: Reading) => Promise<void>,
  options: Parameters<typeof startReading>[1] = {},
): Promise<void> {
  const reading = startReading(simulator, options);
  try {
    await use(reading);
  } finally {
    await reading.close();
  }
}

/** Reads the tree and writes it out. */
async function readWhole(
  reader: UrlReaderService,
  etag: string | undefined,
): Promise<Omit<Measured, keyof Traffic>> {
  collectGarbage();
  const base = memory();
  let peak = base;
  const timer = setInterval(() => {
    peak = Math.max(peak, memory());
  }, 10);
  const startedAt = performance.now();
  const tree = await reader
    .readTree(REPOSITORY, { etag })
    .catch((error: Error) => {
      expect(error.name).toBe('NotModifiedError');
    });
  const folder = await tree?.dir();
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(timer);
  const files = folder
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter(file => file.endsWith('.md'))
        .sort()
    : [];
  if (folder) {
    rmSync(folder, { recursive: true });
  }
  const peakMiB = (peak - base) / MEBIBYTE;
  return { etag: tree?.etag, files, seconds, peakMiB };
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function row(size: number, key: string, results: readonly Measured[]): string {
  const [{ requests, bytes }] = results as [Measured];
  const [seconds, mebibytes] = (['seconds', 'peakMiB'] as const).map(name => {
    const sorted = results.map(result => result[name]).sort((a, b) => a - b);
    const middle = sorted[sorted.length >> 1] ?? 0;
    return [sorted[0] ?? 0, middle]
      .map(it => it.toFixed(name === 'seconds' ? 2 : 0).padStart(6))
      .join(',');
  });
  return [
    String(size).padStart(5),
    key,
    String(requests).padStart(8),
    String(bytes).padStart(10),
    seconds?.padStart(22),
    mebibytes?.padStart(18),
  ].join(' | ');
}

/** The simulator in a process of its own, so that its memory is not counted. */
async function startSimulator(size: number) {
  const child = fork(
    join(__dirname, 'trees-simulator.ts'),
    [String(size), TOKEN],
    {
      execArgv: ['--import', 'tsx'],
    },
  );
  const ask = async (question: 'traffic' | 'push') => {
    child.send(question);
    const [answer] = (await once(child, 'message')) as [Traffic];
    return answer;
  };
  const [{ environment, serverUrl }] = (await once(child, 'message')) as [
    { environment: Record<string, string>; serverUrl: string },
  ];
  const { HTTPS_PROXY, NO_PROXY } = environment;
  const restore = withEnvironment({ HTTPS_PROXY, NO_PROXY });
  const restoreFetch = proxyGlobalFetch();
  return {
    serverUrl,
    traffic: () => ask('traffic'),
    push: () => ask('push'),
    async close() {
      restore();
      await restoreFetch();
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    },
  };
}
