import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { UrlReaderService } from '@backstage/backend-plugin-api';
import type { Repository } from '../../dev/simulator/index';
import {
  component,
  type Reading,
  startReading,
  startSimulator,
} from '../content/support';

// What Backstage documents of its URL readers (UrlReaderService and the types
// of its options and answers), asked of ours and of Backstage's own reader for
// Azure DevOps, on the same repository.

const REPOSITORY = 'https://dev.azure.com/contoso/Payments/_git/api';
const FILE = `${REPOSITORY}?path=/catalog-info.yaml`;
const DOCS = `${REPOSITORY}?path=/docs`;
const GLOB = `${REPOSITORY}?path=/svc/*/catalog-info.yaml`;
const MISSING = `${REPOSITORY}?path=/missing`;

let world: Awaited<ReturnType<typeof startSimulator>>;
let reading: Reading;
let api: Repository;
/** What Backstage's own reader for Azure DevOps does otherwise. */
const NOT_IN_STOCK: readonly string[] = [
  'readUrl: etag, not modified',
  'readUrl: etag, modified',
  'readUrl: lastModifiedAfter, not modified',
  'readTree: gives files that are read twice',
  'readTree: gives a single file by its name',
  'readTree: etag stays when something else changes',
  'readTree: makes an archive',
  'search: etag, not modified',
];

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  api = contoso.addProject('Payments').addRepository('api', {
    files: {
      '/catalog-info.yaml': component('api'),
      '/docs/index.md': '# Index',
      '/docs/deep/page.md': '# Page',
      '/svc/a/catalog-info.yaml': component('a'),
      '/svc/b/catalog-info.yaml': component('b'),
      '/My Docs/first page.md': '# First',
    },
  });
  api.push({ branch: 'next', files: { '/docs/index.md': '# Next' } });
  reading = startReading(world.simulator);
});
afterAll(async () => {
  await reading.close();
  await world.close();
});

type Behaviour = (reader: UrlReaderService) => Promise<void>;

const behaviours: Record<string, Behaviour> = {
  'readUrl: gives the content': async reader => {
    const response = await reader.readUrl(FILE);
    expect((await response.buffer()).toString()).toBe(component('api'));
    // Once more, from the same answer.
    expect((await response.buffer()).toString()).toBe(component('api'));
  },
  'readUrl: gives the content as a stream': async reader => {
    const chunks: Buffer[] = [];
    for await (const chunk of (await reader.readUrl(FILE)).stream!()) {
      chunks.push(Buffer.from(chunk as Uint8Array));
    }
    expect(Buffer.concat(chunks).toString()).toBe(component('api'));
  },
  'readUrl: does not mix buffer and stream of one answer': async reader => {
    const response = await reader.readUrl(FILE);
    await response.buffer();
    expect(() => response.stream!()).toThrow(
      'Cannot use buffer() and stream()',
    );
  },
  'readUrl: not found': reader =>
    expectError(reader.readUrl(MISSING), 'NotFoundError'),
  'readUrl: etag, not modified': async reader => {
    const { etag } = await reader.readUrl(FILE);
    expect(etag).toEqual(expect.any(String));
    await expectError(reader.readUrl(FILE, { etag }), 'NotModifiedError');
  },
  'readUrl: etag, modified': async reader => {
    const { etag } = await reader.readUrl(FILE);
    expect(etag).toEqual(expect.any(String));
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    const response = await reader.readUrl(FILE, { etag });
    expect(response.etag).not.toBe(etag);
    expect((await response.buffer()).toString()).toBe(component('api', 'new'));
  },
  'readUrl: lastModifiedAfter, not modified': reader =>
    reader
      .readUrl(FILE)
      .then(() =>
        expectError(
          reader.readUrl(FILE, { lastModifiedAfter: new Date() }),
          'NotModifiedError',
        ),
      ),
  'readUrl: signal': reader =>
    expectAborted(signal => reader.readUrl(FILE, { signal })),
  'readTree: gives paths inside of the folder': async reader => {
    const files = await (await reader.readTree(DOCS)).files();
    expect(files.map(({ path }) => path).sort()).toEqual([
      'deep/page.md',
      'index.md',
    ]);
  },
  'readTree: gives contents': async reader => {
    const files = await (await reader.readTree(DOCS)).files();
    const index = files.find(({ path }) => path === 'index.md')!;
    expect((await index.content()).toString()).toBe('# Index');
  },
  'readTree: gives the whole repository': async reader => {
    const files = await (await reader.readTree(REPOSITORY)).files();
    expect(files).toHaveLength(6);
  },
  'readTree: filters by path inside of the folder': async reader => {
    const tree = await reader.readTree(DOCS, {
      filter: path => path.startsWith('deep/'),
    });
    expect((await tree.files()).map(({ path }) => path)).toEqual([
      'deep/page.md',
    ]);
  },
  'readTree: writes a folder': async reader => {
    const target = await (await reader.readTree(DOCS)).dir();
    try {
      expect(readFileSync(join(target, 'deep/page.md'), 'utf8')).toBe('# Page');
    } finally {
      rmSync(target, { recursive: true });
    }
  },
  'readTree: writes into a folder that is given': async reader => {
    const targetDir = mkdtempSync(join(tmpdir(), 'contract-'));
    try {
      const tree = await reader.readTree(DOCS);
      expect(await tree.dir({ targetDir })).toBe(targetDir);
      expect(readFileSync(join(targetDir, 'index.md'), 'utf8')).toBe('# Index');
    } finally {
      rmSync(targetDir, { recursive: true });
    }
  },
  'readTree: gives files that are read twice': async reader => {
    const [file] = await (await reader.readTree(DOCS)).files();
    const once = await file!.content();
    expect((await file!.content()).equals(once)).toBe(true);
  },
  'readTree: gives a single file by its name': async reader => {
    const files = await (await reader.readTree(FILE)).files();
    expect(files.map(({ path }) => path)).toEqual(['catalog-info.yaml']);
    expect((await files[0]!.content()).toString()).toBe(component('api'));
  },
  'readTree: gives a branch': async reader => {
    const tree = await reader.readTree(`${DOCS}&version=GBnext`);
    const files = await tree.files();
    const index = files.find(({ path }) => path === 'index.md')!;
    expect((await index.content()).toString()).toBe('# Next');
  },
  'readTree: no such branch': reader =>
    expectError(
      reader.readTree(`${DOCS}&version=GBno-such-branch`),
      'NotFoundError',
    ),
  'readTree: gives a folder with a space in its name': async reader => {
    const tree = await reader.readTree(`${REPOSITORY}?path=/My%20Docs`);
    const files = await tree.files();
    expect(files.map(({ path }) => path)).toEqual(['first page.md']);
  },
  'readTree: etag stays when something else changes': async reader => {
    const { etag } = await reader.readTree(DOCS);
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    await expectError(reader.readTree(DOCS, { etag }), 'NotModifiedError');
  },
  'readTree: makes an archive': async reader => {
    const archive = await (await reader.readTree(DOCS)).archive();
    const bytes = await buffer(archive as Readable);
    expect(bytes.includes('deep/page.md')).toBe(true);
    expect(bytes.includes('# Page')).toBe(true);
  },
  'readTree: etag, not modified': async reader => {
    const { etag } = await reader.readTree(DOCS);
    await expectError(reader.readTree(DOCS, { etag }), 'NotModifiedError');
  },
  'readTree: etag, modified': async reader => {
    const { etag } = await reader.readTree(DOCS);
    api.push({ files: { '/docs/index.md': '# Changed' } });
    expect((await reader.readTree(DOCS, { etag })).etag).not.toBe(etag);
  },
  'readTree: not found': reader =>
    expectError(reader.readTree(MISSING), 'NotFoundError'),
  'readTree: signal': reader =>
    expectAborted(signal => reader.readTree(DOCS, { signal })),
  'search: one file': async reader => {
    const { files } = await reader.search(FILE);
    expect(files.map(({ url }) => url)).toEqual([FILE]);
    expect((await files[0]!.content()).toString()).toBe(component('api'));
  },
  'search: no file is no error': async reader => {
    expect((await reader.search(MISSING)).files).toEqual([]);
  },
  'search: etag, not modified': async reader => {
    const { etag } = await reader.search(FILE);
    await expectError(reader.search(FILE, { etag }), 'NotModifiedError');
  },
  'search: glob': async reader => {
    const { files } = await reader.search(GLOB);
    expect(files).toHaveLength(2);
    const contents = await Promise.all(files.map(file => file.content()));
    expect(contents.map(String).sort()).toEqual([
      component('a'),
      component('b'),
    ]);
  },
  'search: glob, the URLs of what is found can be read': async reader => {
    const { files } = await reader.search(GLOB);
    const response = await reader.readUrl(files[0]!.url);
    expect((await response.buffer()).toString()).toBe(component('a'));
  },
  'search: glob, nothing found is no error': async reader => {
    const { files } = await reader.search(
      `${REPOSITORY}?path=/no/*/thing.yaml`,
    );
    expect(files).toEqual([]);
  },
  'search: glob, etag, not modified': async reader => {
    const { etag } = await reader.search(GLOB);
    await expectError(reader.search(GLOB, { etag }), 'NotModifiedError');
  },
  'search: signal': reader =>
    expectAborted(signal => reader.search(FILE, { signal })),
};

async function expectError(result: Promise<unknown>, name: string) {
  await expect(result).rejects.toMatchObject({ name });
}

async function expectAborted(
  read: (signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  await expect(read(AbortSignal.abort())).rejects.toThrow(/abort/i);
}

describe("the contract of Backstage's URL readers", () => {
  it.each(Object.entries(behaviours))('%s', async (behaviour, check) => {
    api.push({
      files: {
        '/catalog-info.yaml': component('api'),
        '/docs/index.md': '# Index',
      },
    });
    const inStock = check(reading.stock).then(
      () => true,
      () => false,
    );
    expect(await inStock).toBe(!NOT_IN_STOCK.includes(behaviour));
    api.push({
      files: {
        '/catalog-info.yaml': component('api'),
        '/docs/index.md': '# Index',
      },
    });
    reading.content.invalidate(api.id);
    await check(reading.reader);
  });
});
