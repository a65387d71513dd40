import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Repository } from '../../dev/simulator/index';
import { until } from '../support/until';
import {
  component,
  holdAnswer,
  MINUTE,
  type Reading,
  startReading,
  startSimulator,
} from '../content/support';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452ff00fe', 'hex');
const URL_OF_API = 'https://dev.azure.com/contoso/Payments/_git/api';
const FILE = `${URL_OF_API}?path=/catalog-info.yaml`;

let world: Awaited<ReturnType<typeof startSimulator>>;
let reading: Reading;
let api: Repository;

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  contoso.addProject('Payments');
});
afterAll(() => world.close());

beforeEach(() => {
  const payments = world.simulator.organizations
    .find('contoso', 'cloud')!
    .project('Payments');
  api = payments.addRepository('api', {
    files: {
      '/catalog-info.yaml': component('api'),
      '/docs/index.md': '# Index',
      '/docs/deep/page.md': '# Page',
      '/docs/logo.png': PNG,
      '/svc/a/catalog-info.yaml': component('a'),
      '/svc/b/catalog-info.yaml': component('b'),
      '/svc/.hidden/catalog-info.yaml': component('hidden'),
      '/bom.txt': '\ufeffwith a mark',
    },
  });
  reading = startReading(world.simulator);
  world.simulator.requests.reset();
});
afterEach(async () => {
  await reading.close();
  api.delete({ permanently: true });
});

/** Requests for content or metadata, without those that find out about the service. */
function asked(endpoint?: string): number {
  const { requests } = world.simulator;
  return endpoint
    ? requests.count({ endpoint })
    : ['repository', 'items', 'blobs'].reduce(
        (sum, each) => sum + requests.count({ endpoint: each }),
        0,
      );
}

async function text(
  promise: Promise<{ buffer(): Promise<Buffer> }>,
): Promise<string> {
  return (await (await promise).buffer()).toString('utf8');
}

describe('readUrl', () => {
  it('gives the bytes of the file, as a buffer or as a stream', async () => {
    expect(await text(reading.reader.readUrl(FILE))).toBe(component('api'));
    const response = await reading.reader.readUrl(
      `${URL_OF_API}?path=/docs/logo.png`,
    );
    const chunks: Buffer[] = [];
    for await (const chunk of response.stream!()) {
      chunks.push(chunk as Buffer);
    }
    expect(Buffer.concat(chunks)).toEqual(PNG);
    expect(
      await (
        await reading.reader.readUrl(`${URL_OF_API}?path=/bom.txt`)
      ).buffer(),
    ).toEqual(Buffer.from('\ufeffwith a mark'));
  });

  it('downloads nothing while nothing has changed', async () => {
    const { etag } = await reading.reader.readUrl(FILE);
    world.simulator.requests.reset();
    for (let i = 0; i < 3; i++) {
      await expect(reading.reader.readUrl(FILE, { etag })).rejects.toThrow();
    }
    const items = world.simulator.requests.list({ endpoint: 'items' });
    expect(items).toHaveLength(3);
    for (const { url } of items) {
      expect(url).not.toContain('includeContent=true');
    }
    expect(asked()).toBe(3);
  });

  it('says not modified after lastModifiedAfter unless the content changed since', async () => {
    const before = new Date(Date.now() - 1000);
    await reading.reader.readUrl(FILE);
    const after = new Date(Date.now() + 1000);
    const readAfter = (lastModifiedAfter: Date) =>
      reading.reader.readUrl(FILE, { lastModifiedAfter });
    await expect(readAfter(after)).rejects.toMatchObject({
      name: 'NotModifiedError',
    });
    expect(await text(readAfter(before))).toBe(component('api'));
    reading.pass(MINUTE);
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    expect(await text(readAfter(after))).toBe(component('api', 'new'));
  });

  it('fails as not found only if the service says that the file is not there', async () => {
    for (const [query, why] of [
      ['?path=/missing.yaml', 'TF401174'],
      ['?path=/docs', 'not a file'],
      ['?path=/catalog-info.yaml&version=GBgone', 'TF401175'],
    ]) {
      await expect(
        reading.reader.readUrl(URL_OF_API + query),
      ).rejects.toMatchObject({
        name: 'NotFoundError',
        message: expect.stringContaining(why!),
      });
    }
    await expect(
      reading.reader.readUrl(FILE.replace('_git/api', '_git/other')),
    ).rejects.toMatchObject({ name: 'NotAllowedError' });
  });

  it.each<[string, string, string]>([
    [URL_OF_API, 'InputError', '?path=/catalog-info.yaml'],
    ['https://dev.azure.com/contoso/Payments', 'InputError', '/_git/'],
    [`${FILE}&version=main`, 'InputError', 'version=GBmain'],
  ])('fails with what to write instead of %s', async (url, name, message) => {
    await expect(reading.reader.readUrl(url)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(message),
    });
  });

  it('stops when its signal is aborted', async () => {
    const before = AbortSignal.abort(new Error('never mind'));
    await expect(
      reading.reader.readUrl(FILE, { signal: before }),
    ).rejects.toThrow('never mind');
    expect(asked()).toBe(0);

    const fault = world.simulator.inject({
      match: { endpoint: 'items' },
      fault: 'hang',
    });
    const abort = new AbortController();
    const read = reading.reader.readUrl(FILE, { signal: abort.signal });
    const aborted = expect(read).rejects.toThrow('enough');
    await until('the request', () => fault.hits > 0);
    abort.abort(new Error('enough'));
    await aborted;
    fault.remove();
  });
});

describe('reads without an etag', () => {
  it('are answered from memory until their freshness is over', async () => {
    await reading.reader.readUrl(FILE);
    const first = asked();
    for (let minutes = 0; minutes < 59; minutes++) {
      reading.pass(MINUTE);
      await reading.reader.readUrl(FILE);
    }
    expect(asked()).toBe(first);
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    expect(await text(reading.reader.readUrl(FILE))).toBe(component('api'));
    reading.pass(32 * MINUTE);
    expect(await text(reading.reader.readUrl(FILE))).toBe(
      component('api', 'new'),
    );
  });

  it('give the new content at once when the repository is invalidated', async () => {
    await reading.reader.readUrl(FILE);
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    reading.content.invalidate(api.id.toUpperCase());
    expect(await text(reading.reader.readUrl(FILE))).toBe(
      component('api', 'new'),
    );
  });

  it('ask again where the repository was invalidated during the request', async () => {
    const { fault, release } = holdAnswer(world.simulator);
    const read = reading.reader.readUrl(FILE);
    await until('the request', () => fault.hits === 1);
    reading.content.invalidate(api.id);
    release();
    await read;
    const before = asked('items');
    await reading.reader.readUrl(FILE);
    expect(asked('items')).toBe(before + 1);
  });

  it('do not share a request that was made before the repository changed', async () => {
    const { fault, release } = holdAnswer(world.simulator);
    const before = text(reading.reader.readUrl(FILE));
    await until('the request', () => fault.hits === 1);
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    reading.content.invalidate(api.id);
    const after = text(reading.reader.readUrl(FILE));
    await until('the second request', () => asked('items') === 2).finally(
      release,
    );
    expect(await before).toBe(component('api'));
    expect(await after).toBe(component('api', 'new'));
  });

  it('ask each time in a plugin that somebody waits for, and download nothing twice', async () => {
    const { interactiveReader } = reading;
    await interactiveReader.readUrl(FILE);
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    expect(await text(interactiveReader.readUrl(FILE))).toBe(
      component('api', 'new'),
    );
    world.simulator.requests.reset();
    await interactiveReader.readUrl(FILE);
    expect(asked('items')).toBe(1);
    expect(
      world.simulator.requests.list({ endpoint: 'items' })[0]!.url,
    ).not.toContain('includeContent=true');
  });

  it('share one request when they come at once', async () => {
    await Promise.all(
      Array.from({ length: 20 }, () => reading.reader.readUrl(FILE)),
    );
    expect([asked('repository'), asked('items'), asked('blobs')]).toEqual([
      1, 1, 0,
    ]);
  });

  it('download a file again that is larger than a quarter of the memory, and push no other file out for it', async () => {
    api.push({ files: { '/large.txt': 'x'.repeat(300 * 1024) } });
    reading = await again({
      catalog: { azureDevOps: { urlReader: { cacheMegabytes: 1 } } },
    });
    const large = `${URL_OF_API}?path=/large.txt`;
    await reading.reader.readUrl(FILE);
    await reading.reader.readUrl(large);
    world.simulator.requests.reset();
    await reading.reader.readUrl(FILE);
    expect(asked()).toBe(0);
    const response = await reading.reader.readUrl(large);
    expect(await response.buffer()).toHaveLength(300 * 1024);
    expect(asked()).toBe(1);
  });

  it('get content that the caller may change', async () => {
    const first = await (await reading.reader.readUrl(FILE)).buffer();
    first.fill(0);
    expect(await text(reading.reader.readUrl(FILE))).toBe(component('api'));
  });
});

describe('search', () => {
  const spellings = [
    FILE,
    `${URL_OF_API}?path=%2Fcatalog-info.yaml&_a=contents`,
    `${FILE}&version=GBmain`,
    'https://DEV.azure.com/Contoso/payments/_git/API?path=catalog-info.yaml',
    'https://contoso.visualstudio.com/DefaultCollection/Payments/_git/api?path=/catalog-info.yaml',
  ];

  it('answers every spelling with the canonical URL', async () => {
    reading = await again({
      catalog: {
        providers: { azureDevOps: { main: { organization: 'contoso' } } },
      },
    });
    for (const url of spellings) {
      const { files } = await reading.reader.search(url);
      expect(files.map(file => file.url)).toEqual([FILE]);
      expect((await files[0]!.content()).toString()).toBe(component('api'));
    }
  });

  it('says not modified until the content or the canonical URL changes', async () => {
    const { etag } = await reading.reader.search(FILE);
    const search = () => reading.reader.search(FILE, { etag });
    await expect(search()).rejects.toMatchObject({ name: 'NotModifiedError' });
    // A commit elsewhere in the repository is none of its business.
    api.push({ files: { '/docs/index.md': '# Changed' } });
    await expect(search()).rejects.toMatchObject({ name: 'NotModifiedError' });
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    const changed = await search();
    expect((await changed.files[0]!.content()).toString()).toBe(
      component('api', 'new'),
    );

    api.setDefaultBranch('main');
    api.push({ branch: 'trunk', files: { '/x': 'y' } });
    const onMain = `${FILE}&version=GBmain`;
    const first = await reading.reader.search(onMain);
    expect(first.files[0]!.url).toBe(FILE);
    api.setDefaultBranch('trunk');
    reading.pass(91 * MINUTE);
    const renamed = await reading.reader.search(onMain, { etag: first.etag });
    expect(renamed.files[0]!.url).toBe(onMain);
  });

  it('downloads nothing after a restart for a caller that has the etag', async () => {
    const { etag } = await reading.reader.search(FILE);
    reading = await again();
    world.simulator.requests.reset();
    await expect(reading.reader.search(FILE, { etag })).rejects.toMatchObject({
      name: 'NotModifiedError',
    });
    expect(
      world.simulator.requests
        .list({ endpoint: 'items' })
        .filter(({ url }) => url.includes('includeContent=true')),
    ).toEqual([]);
  });

  it('finds nothing only if the service says that there is nothing', async () => {
    for (const query of [
      '?path=/missing.yaml',
      '?path=/docs',
      '?path=/catalog-info.yaml&version=GBgone',
      '?path=/nowhere/*/catalog-info.yaml',
    ]) {
      expect(await reading.reader.search(URL_OF_API + query)).toEqual({
        files: [],
        etag: '',
      });
    }
    await expect(
      reading.reader.search(FILE.replace('_git/api', '_git/other')),
    ).rejects.toMatchObject({ name: 'NotAllowedError' });
    api.disable();
    reading.pass(91 * MINUTE);
    await expect(reading.reader.search(FILE)).rejects.toMatchObject({
      name: 'NotAllowedError',
      message: expect.stringContaining('is disabled'),
    });
  });

  it('fails with what to write instead of a URL that names no file, whatever its branch is called', async () => {
    api.push({ branch: 'feature/x', files: { '/new.txt': 'new' } });
    for (const version of ['', '?version=GBmain', '?version=GBfeature/x']) {
      await expect(
        reading.reader.search(URL_OF_API + version),
      ).rejects.toMatchObject({
        name: 'InputError',
        message: expect.stringContaining('?path=/catalog-info.yaml'),
      });
    }
  });

  it('gives the whole of a file that is too large for memory each time that it is read', async () => {
    const size = 33 * 1024 * 1024;
    api.push({ files: { '/large.yaml': Buffer.alloc(size) } });
    const { files } = await reading.reader.search(
      `${URL_OF_API}?path=/large.yaml`,
    );
    for (let i = 0; i < 2; i++) {
      expect((await files[0]!.content()).length).toBe(size);
    }
  });

  it('finds what a glob matches, with one listing and the files that match', async () => {
    const url = `${URL_OF_API}?path=/svc/*/catalog-info.yaml`;
    const { files, etag } = await reading.reader.search(url);
    expect(files.map(file => file.url)).toEqual([
      `${URL_OF_API}?path=/svc/a/catalog-info.yaml`,
      `${URL_OF_API}?path=/svc/b/catalog-info.yaml`,
    ]);
    expect(asked('items')).toBe(1);
    expect(
      await Promise.all(
        files.map(async file => (await file.content()).toString()),
      ),
    ).toEqual([component('a'), component('b')]);
    expect(asked('blobs')).toBe(2);

    const search = () => reading.reader.search(url, { etag });
    await expect(search()).rejects.toMatchObject({ name: 'NotModifiedError' });
    api.push({ files: { '/docs/index.md': '# Changed' } });
    await expect(search()).rejects.toMatchObject({ name: 'NotModifiedError' });
    api.push({ files: { '/svc/b/catalog-info.yaml': null } });
    expect((await search()).files).toHaveLength(1);
  });

  it('reads tags and commits', async () => {
    const [first] = api.commits();
    api.tag('v1.0');
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    for (const version of ['GTv1.0', `GC${first!.id}`]) {
      const url = `${FILE}&version=${version}`;
      const { files } = await reading.reader.search(url);
      expect(files[0]!.url).toBe(url);
      expect((await files[0]!.content()).toString()).toBe(component('api'));
    }
  });

  it('reads the repository that replaced a deleted one of the same name', async () => {
    await reading.reader.search(FILE);
    const { project } = api;
    api.delete();
    api = project.addRepository('api', {
      files: { '/catalog-info.yaml': component('api', 'the second') },
    });
    const { files } = await reading.reader.search(FILE);
    expect((await files[0]!.content()).toString()).toBe(
      component('api', 'the second'),
    );
  });
});

describe('readTree', () => {
  const DOCS = `${URL_OF_API}?path=/docs`;

  it('downloads what the filter lets through, and nothing else', async () => {
    const seen: string[] = [];
    const tree = await reading.reader.readTree(DOCS, {
      filter(path) {
        seen.push(path);
        return path.endsWith('.md');
      },
    });
    expect(seen.sort()).toEqual(['deep/page.md', 'index.md', 'logo.png']);
    const files = await tree.files();
    expect(asked('blobs')).toBe(0);
    await Promise.all(files.map(file => file.content()));
    expect(asked('blobs')).toBe(2);
    expect(asked('items')).toBe(1);
  });

  it('says not modified until something in the folder changes, for one small request', async () => {
    for (const url of [DOCS, URL_OF_API]) {
      const { etag } = await reading.reader.readTree(url);
      const read = () => reading.reader.readTree(url, { etag });
      const { requests } = world.simulator;
      requests.reset();
      await expect(read()).rejects.toMatchObject({ name: 'NotModifiedError' });
      expect(requests.count()).toBe(1);
      expect(requests.bytes()).toBeLessThan(600);
      api.push({ files: { '/docs/deep/page.md': `# Changed at ${url}` } });
      expect((await read()).etag).not.toBe(etag);
    }
  });

  it('says not modified after a commit elsewhere, unless a link leads there', async () => {
    const { etag: plain } = await reading.reader.readTree(DOCS);
    api.push({ files: { '/notes.txt': 'new' } });
    await expect(
      reading.reader.readTree(DOCS, { etag: plain }),
    ).rejects.toMatchObject({ name: 'NotModifiedError' });
    api.push({ files: { '/docs/notes.txt': { symlink: '../notes.txt' } } });
    const { etag } = await reading.reader.readTree(DOCS);
    const read = () => reading.reader.readTree(DOCS, { etag });
    api.push({ files: { '/catalog-info.yaml': component('api', 'new') } });
    await expect(read()).rejects.toMatchObject({ name: 'NotModifiedError' });
    api.push({ files: { '/notes.txt': 'newer' } });
    expect((await read()).etag).not.toBe(etag);
  });

  it('says not modified of a file, and of a folder behind a link, read as a tree', async () => {
    api.push({ files: { '/manual': { symlink: 'docs' } } });
    for (const path of ['/catalog-info.yaml', '/manual', '/docs/']) {
      const url = `${URL_OF_API}?path=${path}`;
      const { etag } = await reading.reader.readTree(url);
      const read = () => reading.reader.readTree(url, { etag });
      await expect(read()).rejects.toMatchObject({ name: 'NotModifiedError' });
      api.push({
        files: {
          '/catalog-info.yaml': component('api', path),
          '/docs/index.md': path,
        },
      });
      expect((await read()).etag).not.toBe(etag);
    }
  });

  it('writes a folder out', async () => {
    const tree = await reading.reader.readTree(DOCS);
    const target = await tree.dir();
    try {
      expect(target.startsWith(tmpdir())).toBe(true);
      expect(readFileSync(join(target, 'logo.png'))).toEqual(PNG);
      expect(readFileSync(join(target, 'deep', 'page.md'), 'utf8')).toBe(
        '# Page',
      );
      expect(existsSync(join(target, 'catalog-info.yaml'))).toBe(false);
    } finally {
      rmSync(target, { recursive: true });
    }
  });

  it('replaces what is in the folder that is written to, but nothing outside that a link there leads to', async () => {
    const target = mkdtempSync(join(tmpdir(), 'tree-'));
    const [inner, outer] = [join(target, 'inner'), join(target, 'outer.txt')];
    const write = async () =>
      await (await reading.reader.readTree(DOCS)).dir({ targetDir: inner });
    try {
      mkdirSync(inner);
      writeFileSync(outer, 'outside');
      writeFileSync(join(inner, 'index.md'), 'a longer text that was there');
      await write();
      expect(readFileSync(join(inner, 'index.md'), 'utf8')).toBe('# Index');
      for (const link of ['index.md', 'deep']) {
        rmSync(join(inner, link), { recursive: true });
        symlinkSync(link === 'deep' ? target : outer, join(inner, link));
        await expect(write()).rejects.toMatchObject({
          name: 'NotAllowedError',
        });
        rmSync(join(inner, link));
      }
      expect(readFileSync(outer, 'utf8')).toBe('outside');
      expect(readdirSync(target).sort()).toEqual(['inner', 'outer.txt']);
    } finally {
      rmSync(target, { recursive: true });
    }
  });
});

/** A process that has just been started. */
async function again(
  options?: Parameters<typeof startReading>[1],
): Promise<Reading> {
  await reading.close();
  return startReading(world.simulator, options);
}
