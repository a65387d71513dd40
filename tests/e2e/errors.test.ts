import type { AlphaEntity } from '@backstage/catalog-model/alpha';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from './support';

const TARGET =
  'https://dev.azure.com/contoso/P/_git/broken?path=/catalog-info.yaml';

describe('a file that cannot be read', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await setStage();
  });
  afterAll(async () => {
    await stage.stop();
  });

  it('shows in the catalog with its errors, at no further request, until it is repaired', async () => {
    const repository = addReadableOrganization(stage.simulator, 'contoso')
      .addProject('P')
      .addRepository('broken', {
        files: {
          '/catalog-info.yaml': `${component('fine')}---\nkind: Component\n  name: {\n`,
        },
      });
    const catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
      catalog: { processingInterval: { seconds: 1 } },
    });
    const report = await catalog.refresh();
    expect(report.rejectedFiles).toEqual([
      expect.objectContaining({
        target: TARGET,
        errors: [expect.stringMatching(/^document 2, line 1\d/)],
      }),
    ]);
    expect(catalog.logs).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(
          /\/_git\/broken\?path=\/catalog-info\.yaml: document 2, line \d+/,
        ),
      }),
    );
    const requests = stage.simulator.requests.count({});

    const shown = await until('the errors to show', async () => {
      const [location]: AlphaEntity[] = await errorLocations();
      return location?.status ? location : undefined;
    });
    expect(shown).toMatchObject({
      metadata: {
        annotations: { 'backstage.io/managed-by-location': `url:${TARGET}` },
      },
      status: {
        items: [
          {
            level: 'error',
            message: expect.stringContaining('document 2, line 1'),
          },
        ],
      },
    });
    expect(
      (await catalog.entities({ kind: 'component' })).map(
        ({ metadata }) => metadata.name,
      ),
    ).toEqual(['fine']);
    expect(stage.simulator.requests.count({})).toBe(requests);

    repository.push({
      files: {
        '/catalog-info.yaml': `${component('fine')}---\n${component('repaired')}`,
      },
    });
    await catalog.knex('azure_devops_repositories').update({ verified_at: 0 });
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      rejectedFiles: [],
    });
    await catalog.settled();
    expect(await errorLocations()).toEqual([]);
    expect(await catalog.entities({ kind: 'component' })).toHaveLength(2);

    async function errorLocations() {
      return await catalog.entities({ kind: 'location' });
    }
  });
});
