import type { FaultOptions } from '../../dev/simulator';
import type { Repository } from '../../dev/simulator/model';
import type { TestCatalog } from '../support/backend';
import { until } from '../support/until';
import { addReadableOrganization, component, stageForAll } from './support';

const COUNT = 450;

const path = (index: number) => `/services/s${index}/catalog-info.yaml`;

/** Too large to be read with many others. */
const LARGE = `metadata_is: '${'x'.repeat(200_000)}'`;

describe('a repository with hundreds of descriptors', () => {
  const stage = stageForAll();
  let catalog: TestCatalog;
  let repository: Repository;
  beforeAll(async () => {
    repository = addReadableOrganization(stage.simulator, 'contoso')
      .addProject('P')
      .addRepository('monorepo', {
        files: Object.fromEntries(
          Array.from({ length: COUNT }, (_, i) => [
            path(i),
            component(`s${i}`, i % 100 === 7 ? `  ${LARGE}` : ''),
          ]),
        ),
      });
    catalog = await stage.catalog({
      providers: {
        main: {
          organization: 'contoso',
          path: '/services/**/catalog-info.yaml',
          verifyEvery: { milliseconds: 1 },
          hints: { codeSearch: false },
        },
      },
    });
  });

  function counts() {
    const count = (endpoint: string, method: string) =>
      stage.simulator.requests.count({ endpoint, method });
    return {
      listings: count('items', 'GET'),
      together: count('blobs', 'POST'),
      singly: count('blobs', 'GET'),
    };
  }

  it('is read in a few requests: the list, one for 200 small files, and two for each large one', async () => {
    stage.simulator.requests.reset();
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      entities: COUNT,
    });
    expect(counts()).toEqual({ listings: 1, together: 3, singly: 10 });
    await catalog.settled();
    expect(await catalog.entities({ kind: 'component' })).toHaveLength(COUNT);
  });

  it.each<[string, Partial<FaultOptions>]>([
    ['is denied', { fault: 'forbidden' }],
    ['is not known to the service', { response: { status: 405 } }],
    ['fails', { fault: 'server-error' }],
    ['is answered with something else', { response: garbage('not a zip') }],
    ['is answered with half of an archive', { fault: 'truncate' }],
    ['is answered with nothing', { fault: 'empty-200' }],
  ])(
    'is read file by file where the request for many at a time %s',
    async (what, fault) => {
      repository.push({
        files: Object.fromEntries(
          [1, 2, 3].map(i => [path(i), component(`s${i}`, `# ${what}`)]),
        ),
      });
      repository.push({
        files: { [path(4)]: component(`s4`, `  t: ${what}`) },
      });
      const { response } = fault;
      const injected = stage.simulator.inject({
        match: { endpoint: 'blobs' },
        ...fault,
        response:
          response && typeof response !== 'function'
            ? (request, proceed) =>
                request.method === 'POST' ? response : proceed()
            : response,
        ...(fault.fault ? { times: 1 } : {}),
      });
      stage.simulator.requests.reset();
      const report = await catalog.refresh();
      injected.remove();
      expect(report).toMatchObject({ outcome: 'complete', entities: COUNT });
      await until('the catalog to show what has changed', async () => {
        const [entity] = await catalog.entities({ 'metadata.name': 's4' });
        return entity?.spec?.t === what;
      });
    },
  );
});

function garbage(body: string) {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/zip' },
    body: Buffer.from(body),
  };
}
