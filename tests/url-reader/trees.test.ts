import { readdirSync, rmSync } from 'node:fs';
import type { UrlReaderService } from '@backstage/backend-plugin-api';
import { Simulator } from '../../dev/simulator/index';
import { proxyGlobalFetch } from '../support/proxied-fetch';
import { withEnvironment } from '../support/with-environment';
import { startReading, TOKEN } from '../content/support';

// A whole repository as TechDocs reads it, beside Backstage's own reader, with the
// service's limits on and 60 ms to each answer. LONG_TESTS=1 reads large ones too.
// Memory is that of the process, the simulator's included, above what it was.

const SIZES = process.env.LONG_TESTS ? [100, 3_000, 8_000] : [100];
const MEBIBYTE = 1_048_576;
const rows: string[] = [];

afterAll(() => {
  const head = 'files | reader    | requests |      bytes | seconds | peak MiB';
  process.stdout.write(`${[head, ...rows].join('\n')}\n`);
});

describe('a tree beside Backstage’s own reader', () => {
  it.each(SIZES)(
    'of %d files takes four requests whatever the size, and brings the same files',
    async size => {
      const simulator = await Simulator.start({ limiter: {} });
      simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
      const { HTTPS_PROXY = '', NO_PROXY = '' } = simulator.environment;
      const restore = withEnvironment({ HTTPS_PROXY, NO_PROXY });
      const restoreFetch = proxyGlobalFetch();
      const contoso = simulator.addOrganization('contoso');
      contoso.grant('alice');
      contoso.addProject('Docs').addRepository('docs', {
        files: Object.fromEntries(
          Array.from({ length: size }, (_, i) => [
            `/docs/folder-${i % 97}/page-${i}.md`,
            `# Page ${i}\n${'Some words about it. '.repeat(100)}`,
          ]),
        ),
      });
      const slow = simulator.inject({ match: {}, delayMs: 60 });
      const reading = startReading(simulator);
      const measured = async (name: string, reader: UrlReaderService) => {
        simulator.requests.reset();
        const base = process.memoryUsage().rss;
        let peak = base;
        const timer = setInterval(() => {
          peak = Math.max(peak, process.memoryUsage().rss);
        }, 20);
        const startedAt = performance.now();
        const tree = await reader.readTree(
          'https://dev.azure.com/contoso/Docs/_git/docs',
        );
        const dir = await tree.dir();
        const seconds = (performance.now() - startedAt) / 1000;
        clearInterval(timer);
        const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
          .filter(file => file.endsWith('.md'))
          .sort();
        rmSync(dir, { recursive: true });
        const requests = simulator.requests.count();
        rows.push(
          [
            String(size).padStart(5),
            name.padEnd(9),
            String(requests).padStart(8),
            String(simulator.requests.bytes()).padStart(10),
            seconds.toFixed(1).padStart(7),
            ((peak - base) / MEBIBYTE).toFixed(0).padStart(8),
          ].join(' | '),
        );
        return { files, requests };
      };
      try {
        const stock = await measured('Backstage', reading.stock);
        const ours = await measured('ours', reading.interactiveReader);
        expect(ours.files).toEqual(stock.files);
        expect(ours.files).toHaveLength(size);
        // The first read of an organization asks for its API versions and the repository's names.
        expect(ours.requests).toBeLessThanOrEqual(4);
      } finally {
        slow.remove();
        await reading.close();
        restore();
        await restoreFetch();
        await simulator.close();
      }
    },
  );
});
