import {
  coreServices,
  createBackendPlugin,
  type UrlReaderService,
} from '@backstage/backend-plugin-api';
import { mockServices, startTestBackend } from '@backstage/backend-test-utils';
import type { JsonObject } from '@backstage/types';
import { azureDevOpsUrlReaderFactory } from '../../src/url-reader/reader-factory';
import { component, startSimulator, TOKEN } from '../content/support';

const FILE =
  'https://dev.azure.com/contoso/Payments/_git/api?path=/catalog-info.yaml';

let world: Awaited<ReturnType<typeof startSimulator>>;

beforeAll(async () => {
  world = await startSimulator();
  const contoso = world.simulator.addOrganization('contoso');
  contoso.grant('alice');
  contoso.addProject('Payments').addRepository('api', {
    files: { '/catalog-info.yaml': component('api') },
  });
});
afterAll(() => world.close());
beforeEach(() => world.simulator.requests.reset());

/** A backend with plugins of these ids, and what each of them reads with. */
async function start(ids: string[], data: JsonObject = {}) {
  const readers = new Map<string, UrlReaderService>();
  const backend = await startTestBackend({
    features: [
      azureDevOpsUrlReaderFactory,
      mockServices.rootConfig.factory({
        data: {
          integrations: {
            azure: [{ credentials: [{ personalAccessToken: TOKEN }] }],
          },
          ...data,
        },
      }),
      ...ids.map(pluginId =>
        createBackendPlugin({
          pluginId,
          register(env) {
            env.registerInit({
              deps: { urlReader: coreServices.urlReader },
              async init({ urlReader }) {
                readers.set(pluginId, urlReader);
              },
            });
          },
        }),
      ),
    ],
  });
  return {
    read: async (id: string, url = FILE) =>
      (await (await readers.get(id)!.readUrl(url)).buffer()).toString(),
    stop: () => backend.stop(),
  };
}

function asked(endpoint: string): number {
  return world.simulator.requests.count({ endpoint });
}

describe('the reader in every plugin', () => {
  it('shares one look-up and one download with all other plugins', async () => {
    const backend = await start(['catalog', 'scaffolder', 'techdocs']);
    for (const id of ['catalog', 'scaffolder', 'techdocs', 'catalog']) {
      expect(await backend.read(id)).toBe(component('api'));
    }
    expect(asked('repository')).toBe(1);
    const items = world.simulator.requests.list({ endpoint: 'items' });
    // The first brings the content along. The catalog's second read is
    // answered from memory; where somebody waits it is asked for.
    expect(items.map(({ url }) => url.includes('includeContent=true'))).toEqual(
      [true, false, false],
    );
    await backend.stop();
  });

  it('does not read other hosts, nor a Server over plain http', async () => {
    const backend = await start(['scaffolder']);
    for (const url of [
      'https://elsewhere.example/file.yaml',
      'https://code.visualstudio.com/file.yaml',
      'http://localhost:1/Collection/P/_git/r?path=/a',
    ]) {
      await expect(backend.read('scaffolder', url)).rejects.toMatchObject({
        name: 'NotAllowedError',
        message: expect.stringContaining('backend.reading.allow'),
      });
    }
    expect(asked('items')).toBe(0);
    await backend.stop();
  });

  it('leaves Azure DevOps to the reader of Backstage when it is switched off', async () => {
    const backend = await start(['scaffolder'], {
      catalog: { azureDevOps: { urlReader: { enabled: false } } },
    });
    expect(await backend.read('scaffolder')).toBe(component('api'));
    const [read] = world.simulator.requests.list({ endpoint: 'items' });
    expect(read!.url).toContain('api-version=6.0');
    await backend.stop();
  });

  it('stops the start of the backend with the key of a setting that is wrong', async () => {
    await expect(
      start(['scaffolder'], {
        catalog: { azureDevOps: { urlReader: { freshness: 'later' } } },
      }),
    ).rejects.toThrow('catalog.azureDevOps.urlReader.freshness');
  });
});
