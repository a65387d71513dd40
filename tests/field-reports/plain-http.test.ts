import { type AddressInfo, createServer, type Server } from 'node:net';
import { connect } from 'node:tls';
import type { JsonObject } from '@backstage/types';
import {
  component,
  IDENTITY,
  setStage,
  TOKEN,
  type Stage,
} from '../e2e/support';
import { azureDevOpsUrlReaderFactory } from '../../src/url-reader/reader-factory';
import type { TestCatalog } from '../support/backend';
import { testFieldReports } from './table';

let stage: Stage;
let server: Server;
let host: string;
let catalog: TestCatalog;

/** A Server without TLS: what it is sent goes on to the simulator. */
async function listenWithoutTls(port: number): Promise<Server> {
  const relay = createServer(socket => {
    const upstream = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
    });
    socket.pipe(upstream).pipe(socket);
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
  });
  await new Promise<void>(resolve => {
    relay.listen(0, '127.0.0.1', resolve);
  });
  return relay;
}

beforeAll(async () => {
  stage = await setStage();
  process.env.NO_PROXY = 'localhost';
  const { simulator } = stage;
  const collection = simulator.addOrganization('tfs/Main', {
    deployment: 'server',
  });
  collection.grant(IDENTITY);
  collection.addProject('Payments').addRepository('api', {
    files: {
      '/catalog-info.yaml': component('api')
        .replace('Component', 'API')
        .concat('  definition:\n    $text: ./openapi.yaml\n'),
      '/openapi.yaml': 'openapi: 3.1.0\n',
      '/other.yaml': component('other'),
    },
  });
  server = await listenWithoutTls(Number(new URL(simulator.serverUrl).port));
  host = `localhost:${(server.address() as AddressInfo).port}`;
  const block = (text: string): JsonObject => ({
    host: text,
    organization: 'tfs/Main',
    hints: { codeSearch: false },
  });
  catalog = await stage.catalog({
    integrations: {
      azure: [{ host, credentials: [{ personalAccessToken: TOKEN }] }],
    },
    providers: { plain: block(`http://${host}`), tls: block(host) },
    catalog: {
      rules: [{ allow: ['Component', 'API'] }],
      locations: [
        {
          type: 'url',
          target: `http://${host}/tfs/Main/Payments/_git/api?path=/other.yaml`,
        },
      ],
    },
    features: [azureDevOpsUrlReaderFactory],
  });
  await catalog.refresh('plain');
  await catalog.refresh('tls');
});
afterAll(async () => {
  await stage.stop();
  delete process.env.NO_PROXY;
  await new Promise(resolve => server.close(resolve));
});

testFieldReports('a Server without TLS is read where its host says http://:', [
  [
    'a provider with host: http://…',
    /^complete; openapi: 3\.1\.0; url:http:\/\/localhost:\d+\/tfs\/Main\/Payments\/_git\/api\?path=\/catalog-info\.yaml$/,
    async () => {
      await catalog.settled();
      const [api] = await catalog.entities({ kind: 'api' });
      return [
        catalog.report('plain')?.outcome,
        String(api?.spec?.definition).trim(),
        api?.metadata.annotations?.['backstage.io/managed-by-location'],
      ].join('; ');
    },
  ],
  [
    'the same, when the backend starts',
    /`catalog\.providers\.azureDevOps\.plain\.host` is http:\/\/localhost:\d+: its token, and all that is read, goes over the network unencrypted, for locations on that host too/,
    () =>
      catalog.logs
        .filter(({ message }) => message.includes('unencrypted'))
        .map(({ message }) => message)
        .join('\n'),
  ],
  [
    'a location on that host',
    /^component:default\/other$/,
    async () => {
      const [other] = await catalog.entities({ kind: 'component' });
      return `component:default/${other?.metadata.name}`;
    },
  ],
  [
    'a provider without http:// for the same Server',
    /answers without TLS.*write http:\/\/localhost:\d+ as the `host` of the provider: its token then goes over the network unencrypted/,
    () => catalog.report('tls')?.error ?? 'no error',
  ],
]);
