import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ScmIntegrations } from '@backstage/integration';
import type { Repository } from '../../dev/simulator/index';
import {
  component,
  type Reading,
  startReading,
  startSimulator,
} from '../content/support';

// What people met who run Backstage with Azure DevOps, each with variations:
// what it gave at commit baa2d86, and what it gives now.

const PROJECT = 'https://dev.azure.com/contoso/My%20Project/_git';
const MEBIBYTE = 1_048_576;
/** Neither compressible nor all the same. */
const BIG = Buffer.alloc(33 * MEBIBYTE);
for (let i = 0, x = 1; i < BIG.length; i += 4) {
  x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
  BIG.writeUInt32LE(x, i);
}
/** 300 files, whose contents are those of no other repository. */
const many = (repository: string) =>
  Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [
      `/${i % 2 ? 'odd' : 'even'}/folder-${i % 30}/file-${i}.md`,
      `# File ${i} of ${repository}`,
    ]),
  );
const ODD_NAMES = {
  '/catalog-info.yaml': component('root'),
  '/API Spec.yaml': 'openapi: 3.1.0',
  '/a%20b.txt': 'a percent sign of its own',
  '/My Service/catalog-info.yaml': component('my-service'),
  '/My Service/docs/index.md': '# Mine',
  '/My Service/Part [1]/openapi.yaml': 'openapi: 3.0.0',
  '/Überweisung/catalog-info.yaml': component('ueberweisung'),
  '/Team (EU)/catalog-info.yaml': component('eu'),
  '/{{cookiecutter.project_slug}}/README.md': '# Skeleton',
  '/services/a/catalog-info.yaml': component('a'),
  '/services/b/catalog-info.yaml': component('b'),
  '/services/c/catalog-info.yaml': component('c'),
};
const link = (symlink: string) => ({ symlink });
const LINKS = {
  '/README.md': '# Readme',
  '/catalog-info.yaml': link('deploy/catalog-info.yaml'),
  '/deploy/catalog-info.yaml': component('linked'),
  '/docs/README.md': link('../README.md'),
  '/docs/again.md': link('README.md'),
  '/docs/v2/index.md': '# Version 2',
  '/docs/latest': link('v2'),
  '/pages': link('docs/v2'),
  '/dangling/none.md': link('nowhere.md'),
  '/escape/secret.md': link('../../secret.md'),
  '/escape/passwd': link('/etc/passwd'),
  '/loop/a.md': link('b.md'),
  '/loop/b.md': link('a.md'),
  '/round/home': link('../round'),
};

let world: Awaited<ReturnType<typeof startSimulator>>;
let reading: Reading;
let resolve: (url: string, base: string) => string;
let links: Repository;
const rows: string[][] = [];

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  const project = contoso.addProject('My Project');
  for (const name of ['many', 'folder', 'filter', 'glob', 'few', 'files']) {
    project.addRepository(name, { files: many(name) });
  }
  project.addRepository('big', {
    files: { '/few/big.bin': BIG, '/few/small.txt': 'small', ...many('big') },
  });
  project.addRepository('names', { files: ODD_NAMES });
  links = project.addRepository('links', { files: LINKS });
  const branches = project.addRepository('branches', {
    files: { '/catalog-info.yaml': component('main') },
  });
  branches.push({
    branch: 'develop',
    files: { '/docs/adrs/0001-first.md': '# First' },
  });
  branches.push({
    branch: 'release/1.0',
    files: { '/docs/adrs/old/0002.md': '# Second' },
  });
  branches.tag('v1');
  reading = startReading(world.simulator);
  const integrations = ScmIntegrations.fromConfig(reading.config);
  resolve = (url, base) => integrations.resolveUrl({ url, base });
});

afterAll(async () => {
  const lines = [['row', 'input', 'at baa2d86', 'now'], ...rows];
  const widths = [3, 64, 70, 0];
  process.stdout.write(
    lines
      .map(cells => cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | '))
      .join('\n') + '\n',
  );
  await reading.close();
  await world.close();
});

beforeEach(async () => {
  await reading.reader.readUrl(`${PROJECT}/names?path=/catalog-info.yaml`);
  world.simulator.requests.reset();
});

async function text(url: string): Promise<string> {
  const response = await reading.interactiveReader.readUrl(url);
  return (await response.buffer())
    .toString()
    .split('\n')
    .slice(0, 4)
    .join(' ')
    .slice(0, 60);
}

async function streamed(url: string): Promise<string> {
  const response = await reading.interactiveReader.readUrl(url);
  let size = 0;
  let same = true;
  for await (const chunk of response.stream!()) {
    const bytes = Buffer.from(chunk as Uint8Array);
    same &&= BIG.subarray(size, size + bytes.length).equals(bytes);
    size += bytes.length;
  }
  return `${size / MEBIBYTE} MiB, ${same ? 'intact' : 'damaged'}`;
}

async function tree(
  url: string,
  filter?: (path: string) => boolean,
): Promise<string> {
  const response = await reading.interactiveReader.readTree(url, { filter });
  const dir = await response.dir();
  try {
    const files = readdirSync(dir, { recursive: true, encoding: 'utf8' })
      .filter(name => statSync(join(dir, name)).isFile())
      .sort();
    return files.length > 4
      ? `${files.length} files`
      : files
          .map(name => {
            const content = readFileSync(join(dir, name));
            return `${name}=${content.equals(BIG) ? 'intact' : content.toString().slice(0, 20)}`;
          })
          .join(', ');
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function found(url: string): Promise<string> {
  const { files } = await reading.interactiveReader.search(url);
  const contents = await Promise.all(files.map(file => file.content()));
  return contents.length > 4
    ? `${contents.length} files`
    : contents
        .map(it => /name: (.*)/.exec(it.toString())?.[1] ?? it.toString())
        .sort()
        .join(', ');
}

/** With the requests that it took. */
async function counted(what: Promise<string>): Promise<string> {
  const result = await what;
  return `${result}, ${world.simulator.requests.count()} requests`;
}

async function errorOf(what: Promise<unknown>): Promise<string> {
  return await what.then(
    () => 'no error',
    (error: Error) => `${error.name}: ${error.message}`,
  );
}

const at = (repository: string, path: string, version = '') =>
  `${PROJECT}/${repository}?path=${encodeURIComponent(path)}${version && `&version=${version}`}`;
/** As Backstage makes it of a relative reference. */
const relative = (url: string, base: string, version = '') =>
  resolve(url, at('names', base, version));

interface Case {
  readonly row: number;
  readonly input: string;
  readonly before: string;
  readonly run: () => Promise<string>;
  readonly right: string | RegExp;
}

const CASES: Case[] = [
  {
    row: 1,
    input: 'the tree of a repository, 300 files',
    before: '300 files, 302 requests',
    run: () => counted(tree(`${PROJECT}/many`)),
    right: /^300 files, [23] requests$/,
  },
  {
    row: 1,
    input: 'the tree of a folder, 150 files',
    before: '150 files, 152 requests',
    run: () => counted(tree(at('folder', '/odd'))),
    right: /^150 files, [23] requests$/,
  },
  {
    row: 1,
    input: 'the tree with a filter that 150 files pass',
    before: '150 files, 152 requests',
    run: () =>
      counted(tree(`${PROJECT}/filter`, path => path.startsWith('even/'))),
    right: /^150 files, [23] requests$/,
  },
  {
    row: 1,
    input: 'a glob that 300 files match',
    before: '300 files, 302 requests',
    run: () => counted(found(at('glob', '/**/*.md'))),
    right: /^300 files, [23] requests$/,
  },
  {
    row: 1,
    input: 'a folder of 10 files: as before, one by one',
    before: '10 files, 12 requests',
    run: () => counted(tree(at('few', '/odd/folder-1'))),
    right: /^10 files, 1[123] requests$/,
  },
  {
    row: 2,
    input: 'readUrl of 33 MiB, as a stream',
    before: 'InputError: could not read blob 552013d1…: larger than 32 MiB',
    run: () => streamed(at('big', '/few/big.bin')),
    right: '33 MiB, intact',
  },
  {
    row: 2,
    input: 'a folder with 33 MiB in it',
    before: 'InputError: could not read blob 552013d1…: larger than 32 MiB',
    run: () => tree(at('big', '/few')),
    right: 'big.bin=intact, small.txt=small',
  },
  {
    row: 2,
    input: 'a tree of 302 files with 33 MiB in it',
    before: 'InputError: could not read blob 552013d1…: larger than 32 MiB',
    run: () => counted(tree(`${PROJECT}/big`)),
    right: /^302 files, [23] requests$/,
  },
  {
    row: 2,
    input: 'readUrl of 33 MiB whose content breaks off every time',
    before: 'ServiceUnavailableError: could not read blob 552013d1…',
    run: async () => {
      const fault = world.simulator.inject({
        match: { endpoint: 'blobs' },
        fault: 'truncate',
      });
      try {
        return await errorOf(streamed(at('big', '/few/big.bin')));
      } finally {
        fault.remove();
      }
    },
    right:
      /^ServiceUnavailableError: .*could not read \/few\/big\.bin \(blob [\da-f]{40}\)(?!.*configuration)/,
  },
  {
    row: 3,
    input: '$text: ./API Spec.yaml',
    before:
      "NotFoundError: TF401174: The item '/API%20Spec.yaml' could not be found in the repository ",
    run: () => text(relative('./API Spec.yaml', '/catalog-info.yaml')),
    right: 'openapi: 3.1.0',
  },
  {
    row: 3,
    input: 'target ./My Service/catalog-info.yaml',
    before: 'nothing found',
    run: () =>
      found(relative('./My Service/catalog-info.yaml', '/catalog-info.yaml')),
    right: 'my-service',
  },
  {
    row: 3,
    input: 'techdocs-ref dir:. beside /My Service/catalog-info.yaml',
    before:
      "NotFoundError: TF401174: The item '/My%20Service/docs' could not be found in the repositor",
    run: () => tree(relative('./docs', '/My Service/catalog-info.yaml')),
    right: 'index.md=# Mine',
  },
  {
    row: 3,
    input: '$text: ./Part [1]/openapi.yaml of a file reached so itself',
    before:
      "NotFoundError: TF401174: The item '/My%20Service/Part%20[1]/openapi.yaml' could not be fou",
    run: () =>
      text(
        resolve(
          './Part [1]/openapi.yaml',
          relative('./My Service/catalog-info.yaml', '/catalog-info.yaml'),
        ),
      ),
    right: 'openapi: 3.0.0',
  },
  {
    row: 3,
    input: 'target ./Überweisung/catalog-info.yaml',
    before: 'nothing found',
    run: () =>
      found(relative('./Überweisung/catalog-info.yaml', '/catalog-info.yaml')),
    right: 'ueberweisung',
  },
  {
    row: 3,
    input: 'target ./Team (EU)/*.yaml',
    before: 'nothing found',
    run: () => found(relative('./Team (EU)/*.yaml', '/catalog-info.yaml')),
    right: 'eu',
  },
  {
    row: 3,
    input: 'glob ./My Service/Part [1]/*.yaml',
    before: 'nothing found',
    run: () =>
      found(relative('./My Service/Part [1]/*.yaml', '/catalog-info.yaml')),
    right: 'openapi: 3.0.0',
  },
  {
    row: 3,
    input: 'skeleton ./{{cookiecutter.project_slug}}',
    before:
      "NotFoundError: TF401174: The item '/%7B%7Bcookiecutter.project_slug%7D%7D' could not be fo",
    run: () =>
      tree(relative('./{{cookiecutter.project_slug}}', '/catalog-info.yaml')),
    right: 'README.md=# Skeleton',
  },
  {
    row: 3,
    input: 'target ./services/{a,b}/catalog-info.yaml',
    before: 'nothing found',
    run: () =>
      found(
        relative('./services/{a,b}/catalog-info.yaml', '/catalog-info.yaml'),
      ),
    right: 'a, b',
  },
  {
    row: 3,
    input: 'a file whose name has %20 of its own',
    before: 'a percent sign of its own',
    run: () => text(at('names', '/a%20b.txt')),
    right: 'a percent sign of its own',
  },
  {
    row: 3,
    input: 'what is not there under either name',
    before:
      "NotFoundError: TF401174: The item '/no%20such.txt' could not be found in the repository 'n",
    run: () => errorOf(text(at('names', '/no%20such.txt'))),
    right: /^NotFoundError: .*\/no%20such\.txt' could not be found/,
  },
  {
    row: 4,
    input: 'a link to a file in another folder',
    before: '../README.md',
    run: () => text(at('links', '/docs/README.md')),
    right: '# Readme',
  },
  {
    row: 4,
    input: 'a link to a link',
    before: 'README.md',
    run: () => text(at('links', '/docs/again.md')),
    right: '# Readme',
  },
  {
    row: 4,
    input: 'a descriptor that is a link',
    before: 'deploy/catalog-info.yaml',
    run: () => found(at('links', '/catalog-info.yaml')),
    right: 'linked',
  },
  {
    row: 4,
    input: 'a glob that finds a link',
    before: 'deploy/catalog-info.yaml',
    run: () => found(at('links', '/*.yaml')),
    right: 'linked',
  },
  {
    row: 4,
    input: 'a file below a link to a folder',
    before:
      "NotFoundError: TF401174: The item '/docs/latest/index.md' could not be found in the reposi",
    run: () => text(at('links', '/docs/latest/index.md')),
    right: '# Version 2',
  },
  {
    row: 4,
    input: 'the tree of docs, with links to a file outside and a folder',
    before:
      'README.md=../README.md, again.md=README.md, latest=v2, v2/index.md=# Version 2',
    run: () => tree(at('links', '/docs')),
    right:
      'README.md=# Readme, again.md=# Readme, latest/index.md=# Version 2, v2/index.md=# Version 2',
  },
  {
    row: 4,
    input: 'the tree of a link to a folder',
    before: 'pages=docs/v2',
    run: () => tree(at('links', '/pages')),
    right: 'index.md=# Version 2',
  },
  {
    row: 4,
    input: 'a link to nothing',
    before: 'no error',
    run: () => errorOf(text(at('links', '/dangling/none.md'))),
    right: /^NotFoundError: .*The symbolic link \/dangling\/none\.md/,
  },
  {
    row: 4,
    input: 'a tree with a link to nothing',
    before: 'none.md=nowhere.md',
    run: () => tree(at('links', '/dangling')),
    right: '',
  },
  {
    row: 4,
    input: 'a link out of the repository',
    before: 'no error',
    run: () => errorOf(text(at('links', '/escape/secret.md'))),
    right:
      /^InputError: .*symbolic link \/escape\/secret\.md cannot be followed: it points to '\.\.\/\.\.\/secret\.md', outside of the repository/,
  },
  {
    row: 4,
    input: 'a tree with links out of the repository',
    before: 'no error',
    run: () => errorOf(tree(at('links', '/escape'), path => path === 'passwd')),
    right:
      /^InputError: .*symbolic link \/escape\/passwd cannot be followed: it points to '\/etc\/passwd', outside of the repository/,
  },
  {
    row: 4,
    input: 'links that lead to each other',
    before: 'no error',
    run: () => errorOf(text(at('links', '/loop/a.md'))),
    right:
      /^InputError: .*symbolic link \/loop\/a\.md cannot be followed: it leads back to itself/,
  },
  {
    row: 4,
    input: 'a tree with a link to itself',
    before: 'no error',
    run: () => errorOf(tree(at('links', '/round'))),
    right:
      /^InputError: .*symbolic link \/round\/home cannot be followed: it leads back to itself/,
  },
  {
    row: 4,
    input: 'a link whose target moved, by the etags of file and tree',
    before: 'no error, no error',
    run: async () => {
      const file = at('links', '/docs/README.md');
      const folder = at('links', '/docs');
      const { etag } = await reading.interactiveReader.readUrl(file);
      const { etag: treeEtag } =
        await reading.interactiveReader.readTree(folder);
      links.push({ files: { '/docs/README.md': link('v2/index.md') } });
      const both = [
        await errorOf(reading.interactiveReader.readUrl(file, { etag })),
        await errorOf(
          reading.interactiveReader.readTree(folder, { etag: treeEtag }),
        ),
      ];
      links.push({ files: { '/docs/README.md': link('../README.md') } });
      return both.join(', ');
    },
    right: 'no error, no error',
  },
  ...['./openapi.yaml', './docs/openapi.yaml', '../openapi.yaml'].map(
    (reference): Case => ({
      row: 7,
      input: `$text: ${reference} in a file that is read at a commit`,
      before: 'an error about a repository that nobody named',
      run: () =>
        errorOf(
          text(
            relative(reference, '/a/catalog-info.yaml', `GC${'0'.repeat(40)}`),
          ),
        ),
      right:
        /^(NotAllowed|Input)Error: .*relative reference.*commit.*version=GT/,
    }),
  ),
  {
    row: 8,
    input: 'version=GBdevelop/0001-first.md',
    before:
      'NotFoundError: TF401175:The version descriptor <Branch: develop/0001-first.md > could not ',
    run: () => text(at('branches', '/docs/adrs', 'GBdevelop/0001-first.md')),
    right: '# First',
  },
  {
    row: 8,
    input: 'version=GBrelease/1.0/old/0002.md, where the branch has a slash',
    before:
      'NotFoundError: TF401175:The version descriptor <Branch: release/1.0/old/0002.md > could no',
    run: () => text(at('branches', '/docs/adrs', 'GBrelease/1.0/old/0002.md')),
    right: '# Second',
  },
  {
    row: 8,
    input: 'the tree of version=GBdevelop/adrs',
    before:
      'NotFoundError: TF401175:The version descriptor <Branch: develop/adrs > could not be resolv',
    run: () => tree(at('branches', '/docs', 'GBdevelop/adrs')),
    right: '0001-first.md=# First',
  },
  {
    row: 8,
    input: 'version=GTv1/catalog-info.yaml',
    before:
      "InputError: it names a repository, not a file. Add the file's path, as in ?path=/catalog-i",
    run: () => found(at('branches', '/', 'GTv1/catalog-info.yaml')),
    right: 'main',
  },
  {
    row: 8,
    input: 'no such branch, however short',
    before:
      'NotFoundError: TF401175:The version descriptor <Branch: none/0001.md > could not be resolv',
    run: () => errorOf(text(at('branches', '/docs', 'GBnone/0001.md'))),
    right: /^NotFoundError: .*<Branch: none\/0001\.md > could not be resolved/,
  },
];

describe('what people met', () => {
  it.each(CASES.map(it => [`${it.row}: ${it.input}`, it] as const))(
    '%s',
    async (_, { row, input, before, run, right }) => {
      const now = await run().catch(
        (error: Error) => `${error.name}: ${error.message}`,
      );
      rows.push([
        String(row),
        input,
        before.slice(0, 70),
        now.replace(/^(\w+Error): Unable to read \S+: /, '$1: ').slice(0, 160),
      ]);
      if (typeof right === 'string') {
        expect(now).toBe(right);
      } else {
        expect(now).toMatch(right);
      }
    },
  );
});
