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
import { incompressible } from '../support/random';

// What people reported who run Backstage with Azure DevOps, each with variations.

const PROJECT = 'https://dev.azure.com/contoso/My%20Project/_git';
const MEBIBYTE = 1_048_576;
const BIG = incompressible(33 * MEBIBYTE);
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

/** What is read, what has to come of it, and the reading. */
type Case = [input: string, right: string | RegExp, run: () => Promise<string>];

const CASES: Case[] = [
  [
    'the tree of a repository, 300 files',
    /^300 files, [23] requests$/,
    () => counted(tree(`${PROJECT}/many`)),
  ],
  [
    'the tree of a folder, 150 files',
    /^150 files, [23] requests$/,
    () => counted(tree(at('folder', '/odd'))),
  ],
  [
    'the tree with a filter that 150 files pass',
    /^150 files, [23] requests$/,
    () => counted(tree(`${PROJECT}/filter`, path => path.startsWith('even/'))),
  ],
  [
    'a glob that 300 files match',
    /^300 files, [23] requests$/,
    () => counted(found(at('glob', '/**/*.md'))),
  ],
  [
    'a folder of 10 files: as before, one by one',
    /^10 files, 1[123] requests$/,
    () => counted(tree(at('few', '/odd/folder-1'))),
  ],
  [
    'readUrl of 33 MiB, as a stream',
    '33 MiB, intact',
    () => streamed(at('big', '/few/big.bin')),
  ],
  [
    'a folder with 33 MiB in it',
    'big.bin=intact, small.txt=small',
    () => tree(at('big', '/few')),
  ],
  [
    'a tree of 302 files with 33 MiB in it',
    /^302 files, [23] requests$/,
    () => counted(tree(`${PROJECT}/big`)),
  ],
  [
    'readUrl of 33 MiB whose content breaks off every time',
    /^ServiceUnavailableError: .*could not read \/few\/big\.bin \(blob [\da-f]{40}\)(?!.*configuration)/,
    async () => {
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
  ],
  [
    '$text: ./API Spec.yaml',
    'openapi: 3.1.0',
    () => text(relative('./API Spec.yaml', '/catalog-info.yaml')),
  ],
  [
    'target ./My Service/catalog-info.yaml',
    'my-service',
    () =>
      found(relative('./My Service/catalog-info.yaml', '/catalog-info.yaml')),
  ],
  [
    'techdocs-ref dir:. beside /My Service/catalog-info.yaml',
    'index.md=# Mine',
    () => tree(relative('./docs', '/My Service/catalog-info.yaml')),
  ],
  [
    '$text: ./Part [1]/openapi.yaml of a file reached so itself',
    'openapi: 3.0.0',
    () =>
      text(
        resolve(
          './Part [1]/openapi.yaml',
          relative('./My Service/catalog-info.yaml', '/catalog-info.yaml'),
        ),
      ),
  ],
  [
    'target ./Überweisung/catalog-info.yaml',
    'ueberweisung',
    () =>
      found(relative('./Überweisung/catalog-info.yaml', '/catalog-info.yaml')),
  ],
  [
    'target ./Team (EU)/*.yaml',
    'eu',
    () => found(relative('./Team (EU)/*.yaml', '/catalog-info.yaml')),
  ],
  [
    'glob ./My Service/Part [1]/*.yaml',
    'openapi: 3.0.0',
    () => found(relative('./My Service/Part [1]/*.yaml', '/catalog-info.yaml')),
  ],
  [
    'skeleton ./{{cookiecutter.project_slug}}',
    'README.md=# Skeleton',
    () =>
      tree(relative('./{{cookiecutter.project_slug}}', '/catalog-info.yaml')),
  ],
  [
    'target ./services/{a,b}/catalog-info.yaml',
    'a, b',
    () =>
      found(
        relative('./services/{a,b}/catalog-info.yaml', '/catalog-info.yaml'),
      ),
  ],
  [
    'a file whose name has %20 of its own',
    'a percent sign of its own',
    () => text(at('names', '/a%20b.txt')),
  ],
  [
    'what is not there under either name',
    /^NotFoundError: .*\/no%20such\.txt' could not be found/,
    () => errorOf(text(at('names', '/no%20such.txt'))),
  ],
  [
    'a link to a file in another folder',
    '# Readme',
    () => text(at('links', '/docs/README.md')),
  ],
  ['a link to a link', '# Readme', () => text(at('links', '/docs/again.md'))],
  [
    'a descriptor that is a link',
    'linked',
    () => found(at('links', '/catalog-info.yaml')),
  ],
  ['a glob that finds a link', 'linked', () => found(at('links', '/*.yaml'))],
  [
    'a file below a link to a folder',
    '# Version 2',
    () => text(at('links', '/docs/latest/index.md')),
  ],
  [
    'the tree of docs, with links to a file outside and a folder',
    'README.md=# Readme, again.md=# Readme, latest/index.md=# Version 2, v2/index.md=# Version 2',
    () => tree(at('links', '/docs')),
  ],
  [
    'the tree of a link to a folder',
    'index.md=# Version 2',
    () => tree(at('links', '/pages')),
  ],
  [
    'a link to nothing',
    /^NotFoundError: .*The symbolic link \/dangling\/none\.md/,
    () => errorOf(text(at('links', '/dangling/none.md'))),
  ],
  ['a tree with a link to nothing', '', () => tree(at('links', '/dangling'))],
  [
    'a link out of the repository',
    /^InputError: .*symbolic link \/escape\/secret\.md cannot be followed: it points to '\.\.\/\.\.\/secret\.md', outside of the repository/,
    () => errorOf(text(at('links', '/escape/secret.md'))),
  ],
  [
    'a tree with links out of the repository',
    /^InputError: .*symbolic link \/escape\/passwd cannot be followed: it points to '\/etc\/passwd', outside of the repository/,
    () => errorOf(tree(at('links', '/escape'), path => path === 'passwd')),
  ],
  [
    'links that lead to each other',
    /^InputError: .*symbolic link \/loop\/a\.md cannot be followed: it leads back to itself/,
    () => errorOf(text(at('links', '/loop/a.md'))),
  ],
  [
    'a tree with a link to itself',
    /^InputError: .*symbolic link \/round\/home cannot be followed: it leads back to itself/,
    () => errorOf(tree(at('links', '/round'))),
  ],
  [
    'a link whose target moved, by the etags of file and tree',
    'no error, no error',
    async () => {
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
  ],
  ...['./openapi.yaml', './docs/openapi.yaml', '../openapi.yaml'].map(
    (reference): Case => [
      `$text: ${reference} in a file that is read at a commit`,
      /^(NotAllowed|Input)Error: .*relative reference.*commit.*version=GT/,
      () =>
        errorOf(
          text(
            relative(reference, '/a/catalog-info.yaml', `GC${'0'.repeat(40)}`),
          ),
        ),
    ],
  ),
  [
    'version=GBdevelop/0001-first.md',
    '# First',
    () => text(at('branches', '/docs/adrs', 'GBdevelop/0001-first.md')),
  ],
  [
    'version=GBrelease/1.0/old/0002.md, where the branch has a slash',
    '# Second',
    () => text(at('branches', '/docs/adrs', 'GBrelease/1.0/old/0002.md')),
  ],
  [
    'the tree of version=GBdevelop/adrs',
    '0001-first.md=# First',
    () => tree(at('branches', '/docs', 'GBdevelop/adrs')),
  ],
  [
    'version=GTv1/catalog-info.yaml',
    'main',
    () => found(at('branches', '/', 'GTv1/catalog-info.yaml')),
  ],
  [
    'no such branch, however short',
    /^NotFoundError: .*<Branch: none\/0001\.md > could not be resolved/,
    () => errorOf(text(at('branches', '/docs', 'GBnone/0001.md'))),
  ],
];

describe('what people reported who read files of Azure DevOps is read, or is an error that says why:', () => {
  it.each(CASES)('%s', async (_input, right, run) => {
    const now = await run().catch(
      (error: Error) => `${error.name}: ${error.message}`,
    );
    if (typeof right === 'string') {
      expect(now).toBe(right);
    } else {
      expect(now).toMatch(right);
    }
  });
});
