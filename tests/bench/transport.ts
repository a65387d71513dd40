// What our transport costs beside a bare undici Pool: the same requests to the
// same TLS server, in the same run, in turn. Prints medians and their ratios.
//
//   node --import tsx tests/bench/transport.ts [requests] [concurrency] [latencyMs]
import { type ChildProcess, fork } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import { CertificateAuthority } from '../../dev/simulator/certificates/authority';
import { AzureDevOpsClientPool } from '../../src/azure/clients';
import { recordingLogger } from '../support/logs';
import { Organization } from '../../src/organization';

const CA_DIRECTORY = join(process.cwd(), '.cache', 'ca');
const ROUNDS = 5;
const OBJECT_ID = '8524aaf14a12f0fb7346501e6d6ac86270ba0ab5';
const ITEM = JSON.stringify({
  objectId: OBJECT_ID,
  gitObjectType: 'blob',
  commitId: '847c61c2c2bd822f3733b98b97fdbb93b40a1c27',
  path: '/catalog-info.yaml',
  content: 'apiVersion: backstage.io/v1alpha1\n'.repeat(30),
  contentMetadata: {
    encoding: 65001,
    contentType: 'text/plain',
    fileName: 'catalog-info.yaml',
    extension: 'yaml',
    vsLink: '',
  },
});
const LOCATIONS = JSON.stringify({
  count: 1,
  value: [
    {
      id: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
      area: 'git',
      resourceName: 'items',
      routeTemplate:
        '{project}/_apis/{area}/repositories/{repositoryId}/{resource}/{*path}',
      resourceVersion: 1,
      minVersion: '1.0',
      maxVersion: '7.2',
      releasedVersion: '7.1',
    },
  ],
});

async function serve(latencyMs: number): Promise<void> {
  const authority = await CertificateAuthority.ensure(CA_DIRECTORY);
  const server = createServer(
    {
      SNICallback: (host, done) => done(null, authority.secureContext(host)),
    },
    (request, response) => {
      const body = request.method === 'OPTIONS' ? LOCATIONS : ITEM;
      const answer = () =>
        response
          .writeHead(200, {
            'Content-Type': 'application/json; charset=utf-8; api-version=7.1',
            'Content-Length': Buffer.byteLength(body),
            ActivityId: '7288ad40-1b6a-48aa-84f6-40b7bd5d4451',
            'Cache-Control': 'no-cache',
            'X-VSS-UserData': 'a:b',
          })
          .end(body);
      if (latencyMs > 0) setTimeout(answer, latencyMs);
      else answer();
    },
  );
  server.listen(0, '127.0.0.1', () =>
    process.send?.({ port: (server.address() as AddressInfo).port }),
  );
}

interface Measurement {
  readonly wallMs: number;
  readonly cpuMicros: number;
}

async function measure(
  requests: number,
  concurrency: number,
  request: (index: number) => Promise<unknown>,
): Promise<Measurement> {
  let next = 0;
  const worker = async () => {
    while (next < requests) await request(next++);
  };
  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs, cpuMicros: (user + system) / requests };
}

async function compare(
  port: number,
  requests: number,
  concurrency: number,
): Promise<void> {
  const authorization = `Basic ${Buffer.from(':token').toString('base64')}`;
  const pool = new Pool(`https://localhost:${port}`, {
    connections: concurrency,
  });
  const clients = new AzureDevOpsClientPool({
    credentials: {
      forOrganization: () => ({
        describe: () => ({ kind: 'personal access token', matchedBy: 'bench' }),
        getAuthorization: () => Promise.resolve(authorization),
        reject: () => Promise.resolve(false),
      }),
    },
    logger: recordingLogger([]),
    limiter: {
      initialConcurrency: concurrency,
      maxConcurrency: concurrency,
    },
  });
  const client = clients.forOrganization(
    new Organization(`localhost:${port}`, 'bench'),
  );
  const variants = {
    'undici Pool': async (index: number) => {
      const { body } = await pool.request({
        method: 'GET',
        path: `/bench/_apis/git/repositories/${index}/items?path=%2Fcatalog-info.yaml&includeContent=true`,
        headers: { authorization, accept: 'application/json' },
      });
      return JSON.parse(await body.text()) as unknown;
    },
    readItem: (index: number) =>
      client.readItem({
        repository: String(index),
        path: '/catalog-info.yaml',
        content: true,
      }),
  };
  const results = new Map<string, Measurement[]>();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, request] of Object.entries(variants)) {
      const measured = await measure(requests, concurrency, request);
      // The first round only warms up.
      if (round > 0) {
        results.set(name, [...(results.get(name) ?? []), measured]);
      }
      await delay(50);
    }
  }
  report(results);
  await clients.close();
  await pool.close();
}

function report(results: ReadonlyMap<string, readonly Measurement[]>): void {
  const median = (values: number[]) =>
    values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  const [bare, ...others] = [...results].map(([name, measured]) => ({
    name,
    wallMs: median(measured.map(({ wallMs }) => wallMs)),
    cpuMicros: median(measured.map(({ cpuMicros }) => cpuMicros)),
  }));
  for (const { name, wallMs, cpuMicros } of bare ? [bare, ...others] : []) {
    console.log(
      `${name.padEnd(12)} ${wallMs.toFixed(0).padStart(6)} ms  ${cpuMicros.toFixed(0).padStart(5)} µs of CPU a request` +
        `  wall ×${(wallMs / (bare?.wallMs ?? NaN)).toFixed(2)}  CPU ×${(cpuMicros / (bare?.cpuMicros ?? NaN)).toFixed(2)}`,
    );
  }
}

function portOf(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('message', message => {
      const port: unknown = Reflect.get(Object(message), 'port');
      if (typeof port === 'number') resolve(port);
    });
    server.once('exit', code => reject(new Error(`The server ended: ${code}`)));
  });
}

async function main([role, ...rest]: string[]): Promise<void> {
  if (role === 'serve') {
    await serve(Number(rest[0]));
    return;
  }
  if (role === 'compare') {
    const [port = 0, requests = 0, concurrency = 0] = rest.map(Number);
    await compare(port, requests, concurrency);
    return;
  }
  const [requests = 5000, concurrency = 32, latencyMs = 0] = [role, ...rest]
    .filter(it => it !== undefined)
    .map(Number);
  const self = __filename;
  const execArgv = ['--import', 'tsx'];
  const server = fork(self, ['serve', String(latencyMs)], { execArgv });
  try {
    const port = await portOf(server);
    console.log(
      `${requests} requests, ${concurrency} at once, ${latencyMs} ms of latency, median of ${ROUNDS}:`,
    );
    const client = fork(
      self,
      ['compare', String(port), String(requests), String(concurrency)],
      {
        execArgv,
        env: {
          ...process.env,
          NODE_EXTRA_CA_CERTS: join(CA_DIRECTORY, 'ca.pem'),
          NO_PROXY: 'localhost',
        },
      },
    );
    await new Promise(resolve => client.once('exit', resolve));
  } finally {
    server.kill();
  }
}

void main(process.argv.slice(2));
