import fc from 'fast-check';
import { isErrorAbout } from '../../src/azure/subject';
import { blobObjectId } from '../../src/azure/object-id';
import {
  MalformedError,
  parseDeletedRepositories,
  parseLocations,
  parseRepositories,
  parseRepository,
} from '../../src/azure/parse';
import {
  contentOf,
  type ItemQuestion,
  parseItem,
  parseItems,
} from '../../src/azure/parse-items';

const ID = '5febef5a-833d-4e14-b9c0-14cb638f91e6';
const OTHER = '278d5cd2-584d-4b63-824a-2ba458937249';
const PROJECT = '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c';
const PATH = '/catalog-info.yaml';
const TEXT = 'kind: Component\n';

function listOf(...value: unknown[]) {
  return { count: value.length, value };
}

function repository(fields: object = {}) {
  return {
    id: ID,
    name: 'api',
    project: { id: PROJECT, name: 'Payments', state: 'wellFormed' },
    defaultBranch: 'refs/heads/main',
    size: 7,
    isDisabled: false,
    ...fields,
  };
}

function item(fields: object = {}) {
  return {
    objectId: blobObjectId(Buffer.from(TEXT)),
    gitObjectType: 'blob',
    commitId: '23d0bc5b128a10056dc68afece360d8a0fabb014',
    path: PATH,
    content: TEXT,
    contentMetadata: { encoding: 65001 },
    url: addressOf(ID),
    ...fields,
  };
}

function addressOf(
  id: string,
  version = 'versionType=Branch',
  base = `https://dev.azure.com/contoso/${PROJECT}`,
) {
  return `${base}/_apis/git/repositories/${id}/items?path=%2Fcatalog-info.yaml&${version}&versionOptions=None`;
}

const QUESTION: ItemQuestion = {
  repository: ID,
  path: PATH,
  listed: { name: 'api', defaultBranch: 'main' },
};

describe('an element of the list of repositories that is odd', () => {
  const HUGE = 'x'.repeat(1_000_000);

  it.each([
    ['a disabled flag that is a text', { isDisabled: 'false' }],
    ['a disabled flag that is a number', { isDisabled: 1 }],
    ['a fork flag that is a text', { isFork: 'true' }],
    ['a size that is a text', { size: '7' }],
    ['a default branch that is an object', { defaultBranch: {} }],
    ['a default branch with NUL', { defaultBranch: 'refs/heads/\0' }],
    ['a name with NUL', { name: 'a\0b' }],
    ['a huge name', { name: HUGE }],
    ['no name', { name: undefined }],
    ['no project', { project: undefined }],
    [
      'a project whose id is no GUID',
      { project: { id: 'p', name: 'Payments' } },
    ],
    [
      'a project with NUL in its name',
      { project: { id: PROJECT, name: 'a\0' } },
    ],
    [
      'a state that is an object',
      { project: { id: PROJECT, name: 'Payments', state: {} } },
    ],
  ])('for %s costs only itself, and is known by its id', (_name, fields) => {
    const { repositories, odd } = parseRepositories(
      listOf(repository({ id: OTHER.toUpperCase(), ...fields }), repository()),
    );
    expect(repositories.map(({ id }) => id)).toEqual([ID]);
    expect(odd).toEqual([
      { id: OTHER, seen: expect.stringMatching(/^element 0 is something/) },
    ]);
    expect(JSON.stringify(odd).length).toBeLessThan(200);
  });

  it.each([
    ['NUL', `${ID}\0`],
    ['another form', '1'],
    ['a million characters', HUGE],
    ['nothing', undefined],
    ['an object', {}],
  ])('for an id with %s costs only itself, and is not known', (_name, id) => {
    const { repositories, odd } = parseRepositories(
      listOf(repository(), repository({ id })),
    );
    expect(repositories).toHaveLength(1);
    expect(odd).toEqual([{ id: undefined, seen: expect.any(String) }]);
  });

  it('is left out when it is there a second time, and both when they differ', () => {
    const twice = parseRepositories(listOf(repository(), repository()));
    expect(twice.repositories).toHaveLength(1);
    expect(twice.odd).toHaveLength(1);
    const differing = parseRepositories(
      listOf(
        repository(),
        repository({ id: ID.toUpperCase(), isDisabled: true }),
        repository(),
      ),
    );
    expect(differing.repositories).toEqual([]);
    expect(new Set(differing.odd.map(({ id }) => id))).toEqual(new Set([ID]));
  });

  it('does not make a list of something else one of no repositories', () => {
    expect(() => parseRepositories(listOf(item(), item()))).toThrow(
      MalformedError,
    );
    expect(parseRepositories(listOf())).toEqual({ repositories: [], odd: [] });
  });
});

it('ids of repositories and projects are compared without regard to case', () => {
  const upper = repository({
    id: ID.toUpperCase(),
    project: { id: PROJECT.toUpperCase(), name: 'Payments' },
  });
  expect(parseRepositories(listOf(upper)).repositories).toMatchObject([
    { id: ID, project: { id: PROJECT } },
  ]);
  expect(
    parseRepository(upper, { repository: ID.toUpperCase() }),
  ).toMatchObject({ id: ID });
  expect(
    parseDeletedRepositories(
      listOf({ id: ID.toUpperCase(), deletedDate: '2026-11-28T08:00:00Z' }),
    ),
  ).toEqual([ID]);
});

it('fields that a version of the service lacks, or has as null, are no reason for doubt', () => {
  const { isDisabled, size, defaultBranch, ...old } = repository();
  const plain = { isDisabled: false, isFork: false };
  expect([isDisabled, size, defaultBranch]).toHaveLength(3);
  for (const absent of [undefined, null]) {
    const fields = {
      isDisabled: absent,
      isFork: absent,
      size: absent,
      defaultBranch: absent,
    };
    expect(parseRepositories(listOf({ ...old, ...fields }))).toMatchObject({
      repositories: [plain],
      odd: [],
    });
  }
});

it('a repository is the one that was asked for, by its id or its name', () => {
  for (const asked of [ID, ID.toUpperCase(), 'api', 'API', ' api ']) {
    expect(parseRepository(repository(), { repository: asked }).id).toBe(ID);
  }
  for (const asked of [OTHER, 'web']) {
    expect(() => parseRepository(repository(), { repository: asked })).toThrow(
      'another repository than the one asked for',
    );
  }
});

it('only what has the date of its deletion is a deleted repository', () => {
  const deletedDate = '2026-11-28T08:00:00Z';
  expect(
    parseDeletedRepositories(
      listOf(
        repository(),
        { id: OTHER, name: 'web', deletedDate },
        { id: 'x', deletedDate },
        null,
      ),
    ),
  ).toEqual([OTHER]);
});

it('the resources of another area are no answer', () => {
  const locations = listOf({ id: ID, area: 'git', routeTemplate: 'x' });
  expect(parseLocations(locations, ID)).toBe(locations);
  expect(() => parseLocations(locations, OTHER)).toThrow(
    'the resources of another area',
  );
});

describe('an item', () => {
  it.each<[string, object, Partial<ItemQuestion>?]>([
    ['as the service sends it', {}],
    ['of a folder whose path ends in a slash', {}, { path: `${PATH}/` }],
    ['whose path is spelled in another case', { path: '/Catalog-Info.yaml' }],
    [
      'of a repository whose id is spelled in another case',
      {},
      { repository: ID.toUpperCase() },
    ],
    [
      'of a repository that is asked for by its name',
      { url: addressOf(OTHER) },
      { repository: 'api' },
    ],
    ['without an address', { url: undefined }],
    [
      'with the address of the old host',
      {
        url: addressOf(
          ID,
          'versionType=Branch',
          'https://contoso.visualstudio.com',
        ),
      },
    ],
    [
      'with the address of the old host and collection',
      {
        url: addressOf(
          ID,
          'versionType=Branch',
          'https://contoso.visualstudio.com/DefaultCollection',
        ),
      },
    ],
    [
      'of a project that was renamed meanwhile',
      {
        url: addressOf(
          ID,
          'versionType=Branch',
          'https://dev.azure.com/contoso/New%20name',
        ),
      },
    ],
    [
      'of a Server behind another name',
      {
        url: addressOf(
          ID,
          'versionType=Branch',
          'http://tfs01:8080/tfs/DefaultCollection',
        ),
      },
    ],
    [
      'whose address has the path within',
      {
        url: `https://dev.azure.com/contoso/_apis/git/repositories/${ID}/items//catalog-info.yaml?versionType=Branch&versionOptions=None`,
      },
    ],
    [
      'whose address names the default branch',
      { url: addressOf(ID, 'versionType=Branch&version=main') },
    ],
    [
      'of a branch whose name the address repeats',
      { url: addressOf(ID, 'versionType=Branch&version=feature%2Fx') },
      { version: { type: 'branch', version: 'feature/x' } },
    ],
    [
      'of a branch that the address does not name',
      {},
      { version: { type: 'branch', version: 'feature/x' } },
    ],
    [
      'of a commit',
      { url: addressOf(ID, 'versionType=Commit&version=23d0') },
      { version: { type: 'commit', version: '23d0' } },
    ],
    [
      'of a tag, whose commit the address names',
      { url: addressOf(ID, 'versionType=Commit&version=23d0') },
      { version: { type: 'tag', version: 'v1' } },
    ],
  ])('%s is taken', (_name, fields, question = {}) => {
    expect(parseItem(item(fields), { ...QUESTION, ...question })).toMatchObject(
      { outcome: 'present', isFile: true },
    );
  });

  it.each<[string, object, Partial<ItemQuestion>?]>([
    ['of another path', { path: '/other.yaml' }],
    ['of the same name in another folder', { path: `/sub${PATH}` }],
    ['of another repository', { url: addressOf(OTHER) }],
    [
      'of another branch',
      { url: addressOf(ID, 'versionType=Branch&version=next') },
    ],
    [
      'of another branch than the one asked for',
      { url: addressOf(ID, 'versionType=Branch&version=main') },
      { version: { type: 'branch', version: 'next' } },
    ],
    [
      'of a commit where a branch is asked for',
      { url: addressOf(ID, 'versionType=Commit&version=23d0') },
    ],
    ['without a path', { path: undefined }],
    ['whose object id is none', { objectId: 'x' }],
    ['whose type is none of a tree', { gitObjectType: 'bad' }],
    ['whose folder flag is a text', { isFolder: 'false' }],
    ['in a list', listOf(item())],
  ])('%s is no answer', (_name, fields, question = {}) => {
    const json = 'value' in fields ? fields : item(fields);
    expect(() => parseItem(json, { ...QUESTION, ...question })).toThrow(
      MalformedError,
    );
  });

  it.each([
    ['as the service decodes it', item(), TEXT],
    [
      'without the byte order mark that the file has',
      item({ objectId: blobObjectId(Buffer.from(`\ufeff${TEXT}`)) }),
      `\ufeff${TEXT}`,
    ],
    ['cut to half', item({ content: TEXT.slice(0, 8) }), undefined],
    ['under another id', item({ objectId: '0'.repeat(40) }), undefined],
    [
      'of another encoding',
      item({ contentMetadata: { encoding: 1252 } }),
      undefined,
    ],
    ['null', item({ content: null }), undefined],
    ['an object', item({ content: {} }), undefined],
  ])(
    'whose content is %s has the content that its object id names, or none',
    (_name, json, text) => {
      expect(contentOf(parseItem(json, QUESTION))).toBe(text);
    },
  );
});

describe('the list of a folder', () => {
  const root = item({
    gitObjectType: 'tree',
    isFolder: true,
    path: '/',
    content: undefined,
  });
  const question = { ...QUESTION, path: '/' };

  it('has its files', () => {
    expect(parseItems(listOf(root, item()), question)).toMatchObject({
      items: [{ path: PATH }],
      odd: [],
    });
    expect(
      parseItems(listOf({ ...root, path: '/a' }, item({ path: '/a/x.yaml' })), {
        ...question,
        path: '/a/',
      }),
    ).toMatchObject({ items: [{ path: '/a/x.yaml' }] });
  });

  it('says what is odd in it', () => {
    expect(
      parseItems(
        listOf(root, item(), item({ path: '/a\0' }), item({ objectId: 1 })),
        question,
      ),
    ).toMatchObject({ items: [{ path: PATH }], odd: [{}, {}] });
  });

  it.each([
    ['is empty', listOf()],
    ['lacks the folder itself', listOf(item())],
    ['is of another repository', listOf({ ...root, url: addressOf(OTHER) })],
    [
      'has a file of another repository',
      listOf(root, item({ url: addressOf(OTHER) })),
    ],
    ['is of repositories', listOf(repository())],
  ])('that %s is no answer', (_name, json) => {
    expect(() => parseItems(json, question)).toThrow(MalformedError);
  });

  it('of another folder is no answer', () => {
    expect(() =>
      parseItems(listOf({ ...root, path: '/ab' }), { ...question, path: '/a' }),
    ).toThrow('a list of another folder');
  });
});

describe('an error says that something is not there', () => {
  const item = (path: string, name: string, branch = 'main') => ({
    typeKey: 'GitItemNotFoundException',
    message: `TF401174: The item '${path}' could not be found in the repository '${name}' at the version specified by '<Branch: ${branch} >'.`,
  });
  const german = {
    typeKey: 'GitItemNotFoundException',
    message: `TF401174: Das Element "${PATH}" wurde im Repository "api" in der angegebenen Version nicht gefunden.`,
  };
  const empty = (name: string) => ({
    typeKey: 'GitItemNotFoundException',
    message: `VS403403: Cannot find any branches for the ${name} repository.`,
  });
  const noBranch = (branch: string, name: string) => ({
    typeKey: 'GitUnresolvableToCommitException',
    message: `TF401175:The version descriptor <Branch: ${branch} > could not be resolved to a version in the repository ${name}`,
  });
  const noRepository = (name: string) => ({
    typeKey: 'GitRepositoryNotFoundException',
    message: `TF401019: The Git repository with name or identifier ${name} does not exist or you do not have permissions for the operation you are attempting.`,
  });

  it.each([
    ['a file', item(PATH, 'api')],
    ['a file, in other case', item(PATH.toUpperCase(), 'API')],
    ['a file of a repository named by its id', item(PATH, ID)],
    ['a file, in another language', german],
    ['anything', empty('api')],
    ['the branch', noBranch('main', 'api')],
    ['the repository', noRepository(ID)],
    ['the repository, by its name', noRepository('api')],
    ['something else', { typeKey: 'OtherException', message: 'x' }],
  ])('that was asked for: %s', (_name, error) => {
    expect(isErrorAbout(QUESTION, error)).toBe(true);
  });

  it.each([
    ['a file of another repository', item(PATH, 'web')],
    ['a file of a repository with a longer name', item(PATH, 'api-web')],
    ['another file', item('/other.yaml', 'api')],
    ['a file of the same name in another folder', item(`/sub${PATH}`, 'api')],
    ['a file with a longer name', item(`${PATH}_`, 'api')],
    ['a file at another branch', item(PATH, 'api', 'next')],
    ['anything in another repository', empty('web')],
    ['the branch in another repository', noBranch('main', 'web')],
    ['another branch', noBranch('next', 'api')],
    ['another repository', noRepository(OTHER)],
    ['a file that is not named', { typeKey: 'GitItemNotFoundException' }],
  ])('but is about something else: %s', (_name, error) => {
    expect(isErrorAbout(QUESTION, error)).toBe(false);
  });

  it('is about what was asked for, whatever its names are', () => {
    // Neither repositories nor branches have these in their names.
    const name = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter(text => !/[\s/\\:<|?*\p{Cc}\p{M}\p{Cf}]/u.test(text));
    fc.assert(
      fc.property(name, name, name, (path, repositoryName, branch) => {
        const asked = {
          repository: ID,
          path: `/${path}`,
          version: { type: 'branch', version: branch } as const,
          listed: { name: repositoryName },
        };
        expect(
          isErrorAbout(asked, item(`/${path}`, repositoryName, branch)),
        ).toBe(true);
      }),
    );
  });
});
