import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { LISTEN_HOST } from '../../dev/ports';
import { Control } from './control';
import { NpmStart } from './npm-start';

const SLOW = 180_000;

interface CatalogEntity {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
}

describe('npm start', () => {
  it(
    'fills a catalog whose API agrees with the summary and stops on Ctrl-C',
    async () => {
      // Its port is taken.
      const occupant = createServer().listen(0, LISTEN_HOST);
      await once(occupant, 'listening');
      const { port } = occupant.address() as AddressInfo;
      const run = NpmStart.run([], { PORT: String(port) });
      try {
        await run.find(/Ctrl-C stops it/);
        expect(run.output).toContain(`Port ${port} is occupied; using`);

        const api = (await run.find(/The catalog's API: +(\S+)/))[1] ?? '';
        const entities = (await (await fetch(api)).json()) as CatalogEntity[];
        const emitted = entities.filter(({ metadata: { annotations } }) => {
          const location = annotations['backstage.io/managed-by-location'];
          return (
            location?.startsWith('url:') &&
            location === annotations['backstage.io/managed-by-origin-location']
          );
        });
        const [, given, rejected] = await run.find(
          /^Entities: +(\d+)\nRejected: +(\d+)/m,
        );
        const [, byCatalog = 0] =
          /^Rejected by the catalog itself \((\d+)\)/m.exec(run.output) ?? [];
        expect(emitted.length + Number(byCatalog)).toBe(
          Number(given) + Number(rejected),
        );
        const [, total] = await run.find(/^Catalog: +(\d+)/m);
        expect(entities.length).toBeGreaterThanOrEqual(Number(total));

        const control = new Control(
          (await run.find(/control: +(\S+)/))[1] ?? '',
        );
        const [, requests] = await run.find(/^Requests: +(\d+)/m);
        expect(Number(requests)).toBeGreaterThan(0);
        expect(await control.countRequests()).toBeGreaterThanOrEqual(
          Number(requests),
        );

        const page = await fetch(new URL('/catalog-import', api));
        expect(page.status).toBe(200);
        expect(await page.text()).toContain('<div id="root">');

        // The shell that npm starts scripts with may itself end by the signal.
        expect([0, 'SIGINT']).toContain(await run.interrupt());
        expect(run.output.slice(run.output.indexOf('Ctrl-C stops it.'))).toBe(
          'Ctrl-C stops it.\n',
        );
        await run.gone();
        await expect(fetch(api)).rejects.toThrow();
      } finally {
        await run.kill();
        occupant.close();
      }
    },
    SLOW,
  );

  it(
    'leaves no process behind when it is interrupted half way',
    async () => {
      const run = NpmStart.run(['--once']);
      try {
        await run.find(/^(Waiting|Ingesting)/m);
        expect(await run.interrupt()).not.toBe(0);
        await run.gone();
      } finally {
        await run.kill();
      }
    },
    SLOW,
  );
});
