import { readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import os from 'node:os';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Repository, Simulator } from '../../dev/simulator';
import type {
  AbsentItem,
  Archive,
  AzureDevOpsClient,
} from '../../src/azure/types';
import { Organization } from '../../src/organization';
import { incompressible } from '../support/random';
import { until } from '../support/until';
import { faultOf, TestClients, throughProxy, TOKEN } from './support/clients';

const MEBIBYTE = 1_048_576;
const BIG = incompressible(33 * MEBIBYTE);

const clients = new TestClients();
let simulator: Simulator;
let restore: () => void;
let client: AzureDevOpsClient;
let repository: Repository;
let large: Repository;

beforeAll(async () => {
  simulator = await Simulator.start();
  restore = throughProxy(simulator);
  simulator.addPersonalAccessToken(TOKEN, { identity: 'alice' });
  const contoso = simulator.addOrganization('contoso');
  contoso.grant('alice');
  const payments = contoso.addProject('Payments');
  large = payments.addRepository('large', { files: { '/big.bin': BIG } });
  repository = payments.addRepository('api', {
    files: {
      '/top.txt': 'top',
      '/docs/index.md': '# Index',
      '/docs/docs/index.md': '# Inner',
      '/docs/Über & mehr.md': '# Über',
      '/docs/empty.md': '',
      '/docs/big.bin': BIG.subarray(0, 9 * MEBIBYTE),
    },
  });
});

beforeEach(() => {
  client = clients
    .create()
    .forOrganization(new Organization('dev.azure.com', 'contoso'));
});

afterEach(async () => {
  await clients.close();
});

afterAll(async () => {
  restore();
  await simulator.close();
});

function isArchive(outcome: Archive | AbsentItem): asserts outcome is Archive {
  expect(outcome.outcome).toBe('present');
}

async function bytes(content: Buffer | Readable | undefined): Promise<Buffer> {
  return Buffer.isBuffer(content) ? content : await buffer(content!);
}

const idOf = (path: string) => repository.entry(path)!.object.id;

/** How many files this process has open on disk that are ours. */
function openFiles(): number {
  return readdirSync('/proc/self/fd').filter(fd => {
    try {
      return /azure-devops-/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;
}

/** Elsewhere nothing tells which files are open: /proc is Linux's. */
const itOnLinux = process.platform === 'linux' ? it : it.skip;

describe('the archive of a folder', () => {
  it.each(['/', '/docs'])(
    'has every file below %s, and takes one request',
    async folder => {
      await client.readItem({
        repository: repository.id,
        path: '/top.txt',
        content: false,
      });
      simulator.requests.reset();
      const archive = await client.downloadArchive({
        repository: repository.id,
        folder,
      });
      isArchive(archive);
      for (const path of [
        '/docs/index.md',
        '/docs/docs/index.md',
        '/docs/Über & mehr.md',
        '/docs/empty.md',
        '/docs/big.bin',
      ]) {
        const content = await archive.read(path, idOf(path));
        expect(
          (await bytes(content)).equals(
            (repository.entry(path)!.object as { content: Buffer }).content,
          ),
        ).toBe(true);
      }
      expect(
        await archive.read('/docs/index.md', idOf('/top.txt')),
      ).toBeUndefined();
      expect(await archive.read('/none', idOf('/top.txt'))).toBeUndefined();
      expect(simulator.requests.count()).toBe(1);
      await archive.close();
    },
  );

  it('is of the version that was asked for', async () => {
    const { commitId } = repository.push({ files: { '/v.txt': 'one' } });
    const before = idOf('/v.txt');
    repository.push({ files: { '/v.txt': 'two' } });
    const archive = await client.downloadArchive({
      repository: repository.id,
      folder: '/',
      version: { type: 'commit', version: commitId },
    });
    isArchive(archive);
    expect(String(await archive.read('/v.txt', before))).toBe('one');
    await archive.close();
  });

  itOnLinux(
    'is absent with its folder or branch, and leaves no file open',
    async () => {
      const { id } = repository;
      expect(
        await client.downloadArchive({ repository: id, folder: '/none' }),
      ).toMatchObject({
        outcome: 'absent',
        reason: 'item-not-found',
      });
      expect(
        await client.downloadArchive({
          repository: id,
          folder: '/',
          version: { type: 'branch', version: 'none' },
        }),
      ).toMatchObject({ reason: 'branch-not-found' });
      expect(openFiles()).toBe(0);
    },
  );

  it.each(['truncate', 'short-chunked', 'reset-mid-body'] as const)(
    'is asked for again when it came with %s',
    async kind => {
      const fault = simulator.inject({
        match: { endpoint: 'items' },
        fault: kind,
        times: 1,
      });
      const archive = await client.downloadArchive({
        repository: repository.id,
        folder: '/docs/docs',
      });
      isArchive(archive);
      expect(fault.hits).toBe(1);
      expect(
        String(
          await archive.read(
            '/docs/docs/index.md',
            idOf('/docs/docs/index.md'),
          ),
        ),
      ).toBe('# Inner');
      await archive.close();
    },
  );

  itOnLinux(
    'is an error, and leaves no file open, when what comes is none',
    async () => {
      const fault = simulator.inject({
        match: { endpoint: 'items' },
        response: {
          status: 200,
          headers: { 'Content-Type': 'application/zip' },
          body: 'no archive',
        },
      });
      const { kind, message } = await faultOf(
        client.downloadArchive({ repository: repository.id, folder: '/docs' }),
      );
      fault.remove();
      expect(kind).toBe('malformed');
      expect(message).toContain('could not download /docs of repository');
      expect(message).toContain(
        'a body of 10 bytes that is not a whole zip archive',
      );
      expect(openFiles()).toBe(0);
    },
  );

  itOnLinux(
    'is given up with its caller, and leaves neither file nor permit taken',
    async () => {
      const fault = simulator.inject({
        match: { endpoint: 'items' },
        fault: 'hang-mid-body',
      });
      const pool = clients.create();
      const abort = new AbortController();
      const download = faultOf(
        pool
          .forOrganization(new Organization('dev.azure.com', 'contoso'))
          .downloadArchive({
            repository: repository.id,
            folder: '/docs',
            signal: abort.signal,
          }),
      );
      await until(
        'the half of an archive',
        () => fault.hits === 1 && openFiles() === 1,
      );
      expect(pool.limiterSnapshot()[0]!.inFlight).toBe(1);
      abort.abort();
      expect((await download).kind).toBe('aborted');
      expect(pool.limiterSnapshot()[0]!.inFlight).toBe(0);
      expect(openFiles()).toBe(0);
      fault.remove();
    },
  );

  it('is looked for behind no redirect, so that the credential goes nowhere else', async () => {
    const fault = simulator.inject({
      match: { endpoint: 'items' },
      response: {
        status: 302,
        headers: { Location: 'https://storage.example.com/a.zip' },
      },
    });
    const { kind, message } = await faultOf(
      client.downloadArchive({ repository: repository.id, folder: '/docs' }),
    );
    fault.remove();
    expect(kind).toBe('redirected');
    expect(message).toContain('storage.example.com');
    expect(
      simulator.requests.list().every(({ host }) => host === 'dev.azure.com'),
    ).toBe(true);
  });
});

describe('a file that is downloaded to disk', () => {
  it('may be larger than memory should hold', async () => {
    const file = await client.downloadBlob({
      repository: large.id,
      objectId: large.entry('/big.bin')!.object.id,
    });
    let size = 0;
    let equal = true;
    for await (const chunk of file.read()) {
      equal &&= BIG.subarray(size, size + chunk.length).equals(chunk as Buffer);
      size += chunk.length;
    }
    await file.close();
    expect({ equal, size }).toEqual({ equal: true, size: BIG.length });
  });

  itOnLinux(
    'is an error with its path when what comes is not its content',
    async () => {
      const fault = simulator.inject({
        match: { endpoint: 'blobs' },
        fault: 'truncate',
      });
      const { kind, message } = await faultOf(
        client.downloadBlob({
          repository: repository.id,
          objectId: idOf('/docs/index.md'),
          path: '/docs/index.md',
        }),
      );
      fault.remove();
      expect(kind).toBe('malformed');
      expect(message).toContain(
        `could not read /docs/index.md (blob ${idOf('/docs/index.md')}) of repository`,
      );
      expect(openFiles()).toBe(0);
    },
  );
});

describe('A disk that cannot take what is downloaded', () => {
  const download = () =>
    faultOf(
      client.downloadArchive({ repository: repository.id, folder: '/docs' }),
    );

  it('is named with its folder and what to do, and not the network', async () => {
    const missing = '/there/is/no/such/folder';
    const folder = jest.spyOn(os, 'tmpdir').mockReturnValue(missing);
    const { kind, message } = await download().finally(() =>
      folder.mockRestore(),
    );
    expect(kind).toBe('disk');
    expect(message).toMatch(
      /^dev\.azure\.com\/contoso: could not download \/docs of repository .*ENOENT.*TMPDIR/,
    );
    expect(message).toContain(missing);
  });

  it('is named when it is full, after one request', async () => {
    const probe = await open('/dev/null');
    const full = jest
      .spyOn(Object.getPrototypeOf(probe) as FileHandle, 'write')
      .mockRejectedValue(Object.assign(new Error(), { code: 'ENOSPC' }));
    await probe.close();
    const before = simulator.requests.count({ endpoint: 'items' });
    const { kind, message } = await download().finally(() =>
      full.mockRestore(),
    );
    expect(kind).toBe('disk');
    expect(message).toContain('ENOSPC');
    expect(simulator.requests.count({ endpoint: 'items' })).toBe(before + 1);
  });
});
