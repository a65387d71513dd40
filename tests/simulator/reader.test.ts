import { UrlReaders } from '@backstage/backend-defaults/urlReader';
import { mockServices } from '@backstage/backend-test-utils';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { Simulator, type Organization } from '../../dev/simulator';

describe("Backstage's own URL reader against the simulator", () => {
  let simulator: Simulator;
  let contoso: Organization;
  const original = globalThis.fetch;
  let dispatcher: EnvHttpProxyAgent;

  beforeAll(async () => {
    simulator = await Simulator.start();
    contoso = simulator.addOrganization('contoso');
    contoso.grant('alice');
    simulator.addOrganization('tfs/Default').grant('alice');
    simulator.addPersonalAccessToken('alice-token', { identity: 'alice' });
    dispatcher = new EnvHttpProxyAgent({
      httpsProxy: simulator.proxyUrl,
      noProxy: 'localhost',
    });
    // Node's own fetch takes its dispatcher from a global object that Jest hides.
    const throughProxy: unknown = (url: string, init?: object) =>
      fetch(url, { ...init, dispatcher });
    globalThis.fetch = throughProxy as typeof globalThis.fetch;
  });

  afterAll(async () => {
    globalThis.fetch = original;
    await dispatcher.close();
    await simulator.close();
  });

  function reader() {
    const credentials = [{ personalAccessToken: 'alice-token' }];
    return UrlReaders.default({
      logger: mockServices.logger.mock(),
      config: mockServices.rootConfig({
        data: {
          integrations: {
            azure: [
              { host: 'dev.azure.com', credentials },
              { host: simulator.serverHost, credentials },
            ],
          },
        },
      }),
    });
  }

  it('reads a file of the default branch and of another one', async () => {
    const repository = contoso
      .addProject('A & B')
      .addRepository('C# 100 %', { files: { 'docs/é +.md': 'main' } });
    repository.push({
      branch: 'feature/x y',
      files: { 'docs/é +.md': 'other' },
    });
    const base = `https://dev.azure.com/contoso/A%20%26%20B/_git/C%23%20100%20%25?path=${encodeURIComponent('/docs/é +.md')}`;

    const main = await reader().readUrl(base);
    expect((await main.buffer()).toString()).toBe('main');
    const other = await reader().readUrl(`${base}&version=GBfeature%2Fx%20y`);
    expect((await other.buffer()).toString()).toBe('other');
    await expect(
      reader().readUrl(base.replace('docs', 'nothing')),
    ).rejects.toThrow('404');
  });

  it('reads a folder as an archive and searches in it', async () => {
    contoso.addProject('Trees').addRepository('mono', {
      files: {
        'README.md': 'top',
        'services/a/catalog-info.yaml': 'a',
        'services/b/catalog-info.yaml': 'b',
        'services/b/large.txt': 'x'.repeat(100_000),
        'services/link': { symlink: 'a' },
      },
    });
    const url = 'https://dev.azure.com/contoso/Trees/_git/mono';

    const tree = await reader().readTree(`${url}?path=/services`);
    const files = await tree.files();

    expect(files.map(({ path }) => path).sort()).toEqual([
      'a/catalog-info.yaml',
      'b/catalog-info.yaml',
      'b/large.txt',
      'link',
    ]);
    const { files: found } = await reader().search(
      `${url}?path=/services/*/catalog-info.yaml`,
    );
    const contents = await Promise.all(found.map(file => file.content()));
    expect(contents.map(String).sort()).toEqual(['a', 'b']);
  });

  it('reads from a Server whose virtual directory it encodes', async () => {
    simulator
      .organization('tfs/Default')
      .addProject('P')
      .addRepository('r', {
        files: { 'catalog-info.yaml': 'on the premises' },
      });
    const read = await reader().readUrl(
      `${simulator.serverUrl}/tfs/Default/P/_git/r?path=/catalog-info.yaml`,
    );
    expect((await read.buffer()).toString()).toBe('on the premises');
  });
});
