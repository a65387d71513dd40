import fc from 'fast-check';
import { Simulator } from '../../dev/simulator';
import { parseSearchPage } from '../../src/azure/code-search';
import { MalformedError } from '../../src/azure/parse';
import { faultOf, TestClients, TOKEN } from './support/clients';
import { withEnvironment } from '../support/with-environment';
import { Organization } from '../../src/organization';

const clients = new TestClients();
let simulator: Simulator;
let restore: () => void;

beforeEach(async () => {
  simulator = await Simulator.start();
  simulator.addPersonalAccessToken(TOKEN, { identity: 'reader' });
  restore = withEnvironment({
    HTTPS_PROXY: simulator.proxyUrl,
    NO_PROXY: 'localhost',
  });
});
afterEach(async () => {
  restore();
  await clients.close();
  await simulator.close();
});

/** An organization with one repository that has so many descriptors. */
function organizationWith(
  files: number,
  options: Parameters<Simulator['addOrganization']>[1] & { name?: string } = {},
) {
  const organization = simulator.addOrganization(
    options.name ?? 'contoso',
    options,
  );
  organization.grant('reader');
  const repository = organization.addProject('P').addRepository('r', {
    files: Object.fromEntries(
      Array.from({ length: files }, (_, i) => [
        `/s${i}/catalog-info.yaml`,
        `${i}`,
      ]),
    ),
  });
  return { organization, repository };
}

function cloudClient() {
  return clients
    .create()
    .forOrganization(new Organization('dev.azure.com', 'contoso'));
}

const QUESTION = { searchText: 'file:catalog-info.yaml' };
const searches = () => simulator.requests.list({ endpoint: 'codesearch' });

describe('Code Search', () => {
  it.each([
    [3, 1, true],
    [1_000, 1, true],
    [1_001, 2, true],
    [2_300, 2, false],
  ])(
    'of %i files takes %i requests and is complete: %s',
    async (files, requests, complete) => {
      organizationWith(files);
      const result = await cloudClient().searchFiles(QUESTION);
      expect(result).toMatchObject({
        complete,
        indexing: false,
        requests,
      });
      expect(result.files).toHaveLength(Math.min(files, 2_000));
      expect(searches().map(({ status }) => status)).toEqual(
        Array.from({ length: requests }, () => 200),
      );
    },
  );

  it('gives the object ids that Git has, and the branches', async () => {
    const { repository } = organizationWith(1);
    const client = cloudClient();
    const path = '/s0/catalog-info.yaml';
    const item = await client.readItem({
      repository: repository.id,
      path,
      content: false,
    });
    const { files } = await client.searchFiles(QUESTION);
    expect(item.outcome).toBe('present');
    expect(files).toEqual([
      {
        repositoryId: repository.id,
        path,
        objectId: item.outcome === 'present' ? item.objectId : '',
        branches: ['main'],
      },
    ]);
  });

  it('can be asked for some projects alone', async () => {
    const { organization } = organizationWith(2);
    organization.addProject('Q').addRepository('q', {
      files: { '/catalog-info.yaml': 'q' },
    });
    const client = cloudClient();
    expect(
      (await client.searchFiles({ ...QUESTION, projects: ['Q'] })).files.length,
    ).toBe(1);
    expect(
      (await client.searchFiles({ ...QUESTION, projects: ['P', 'q'] })).files
        .length,
    ).toBe(3);
    expect((await client.searchFiles(QUESTION)).files.length).toBe(3);
  });

  it('sends the credential to almsearch.dev.azure.com, for Azure DevOps Services', async () => {
    organizationWith(1);
    await cloudClient().searchFiles(QUESTION);
    expect(
      searches().map(({ host, headers }) => [
        host,
        headers.authorization?.slice(0, 6),
      ]),
    ).toEqual([['almsearch.dev.azure.com', 'Basic ']]);
    expect(simulator.requests.count({})).toBe(1);
  });

  it('follows no redirect', async () => {
    organizationWith(1);
    simulator.inject({
      match: { endpoint: 'codesearch' },
      response: {
        status: 307,
        headers: { Location: 'https://dev.azure.com/fabrikam/_apis/search' },
      },
    });
    const fault = await faultOf(cloudClient().searchFiles(QUESTION));
    expect(fault).toMatchObject({ kind: 'redirected', status: 307 });
    expect(simulator.requests.count({})).toBe(1);
  });

  it('asks the collection itself, for Azure DevOps Server', async () => {
    organizationWith(1, { name: 'tfs/Main' });
    const { files } = await clients
      .create()
      .forOrganization(new Organization(simulator.serverHost, 'tfs/Main'))
      .searchFiles(QUESTION);
    expect(files).toHaveLength(1);
    expect(searches()[0]?.url).toContain(
      `${simulator.serverUrl}/tfs/Main/_apis/search/codesearchresults`,
    );
  });

  it.each([1, 2, 6, 7, 9, 15])(
    'is reported as incomplete when infoCode %i shows that the index is being built',
    async infoCode => {
      organizationWith(2);
      simulator.parts.search.configure({ infoCode });
      expect(await cloudClient().searchFiles(QUESTION)).toMatchObject({
        complete: false,
        indexing: true,
      });
    },
  );

  it.each([3, 4, 5, 10, 11, 19, 20])(
    'fails without a retry when infoCode %i rejects the query',
    async infoCode => {
      organizationWith(2);
      simulator.parts.search.configure({ infoCode });
      const fault = await faultOf(cloudClient().searchFiles(QUESTION));
      expect(fault).toMatchObject({ kind: 'bad-request', retryable: false });
      expect(fault.message).toContain(`infoCode ${infoCode}`);
      expect(searches()).toHaveLength(1);
    },
  );

  it('fails with the message of the service where the extension is not installed', async () => {
    organizationWith(1);
    simulator.parts.search.configure({ installed: false });
    const fault = await faultOf(cloudClient().searchFiles(QUESTION));
    expect(fault).toMatchObject({ kind: 'not-found', status: 404 });
    expect(fault.message).toContain(
      'could not ask Code Search at almsearch.dev.azure.com for file:catalog-info.yaml',
    );
    expect(fault.message).toContain(
      'The extension ms.vss-code-search is not installed.',
    );
  });

  it('is asked again after a broken answer', async () => {
    organizationWith(1);
    simulator.inject({
      match: { endpoint: 'codesearch' },
      times: 1,
      response: { status: 200, body: { count: 5 } },
    });
    const { files } = await cloudClient().searchFiles(QUESTION);
    expect(files).toHaveLength(1);
    expect(searches()).toHaveLength(2);
  });
});

describe('Results of Code Search', () => {
  const result = {
    path: '/catalog-info.yaml',
    repository: { id: 'r', type: 'git' },
    contentId: '0'.repeat(40),
    versions: [],
  };

  it.each([
    ['no object', null],
    ['no results', { count: 0 }],
    ['no count', { results: [] }],
    ['a count below what it shows', { count: 1, results: [result, result] }],
    ['an infoCode in words', { count: 0, results: [], infoCode: 'none' }],
    ['no complete result', { count: 1, results: [{ path: '/x' }] }],
  ])('are malformed when there is %s', (_, json) => {
    expect(() => parseSearchPage(json)).toThrow(MalformedError);
  });

  it.each([
    ['no file', { count: 0, results: [], infoCode: 0 }],
    ['one file', { count: 1, results: [result] }],
    ['a count of more than one page', { count: 5_000, results: [result] }],
    [
      'a file of another kind of repository',
      { count: 1, results: [{ path: '$/x', repository: { type: 'tfvc' } }] },
    ],
    ['one complete result among others', { count: 2, results: [{}, result] }],
  ])('are accepted when there is %s', (_, json) => {
    expect(() => parseSearchPage(json)).not.toThrow();
  });

  it('are either accepted or malformed, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), json => {
        try {
          parseSearchPage(json);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });
});
