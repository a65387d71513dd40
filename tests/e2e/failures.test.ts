import type { TestCatalog } from '../support/backend';
import { until } from '../support/until';
import {
  addReadableOrganization,
  component,
  stageForAll,
  TOKEN,
} from './support';

describe('an organization that cannot be read', () => {
  const stage = stageForAll();

  it('loses no entity, does not disturb the others, and the error names the cause and the cure', async () => {
    for (const name of ['contoso', 'fabrikam']) {
      addReadableOrganization(stage.simulator, name)
        .addProject('P')
        .addRepository('r', {
          files: { '/catalog-info.yaml': component(`of-${name}`) },
        });
    }
    const token = 'a-second-personal-access-token-of-the-tests';
    const pat = stage.simulator.addPersonalAccessToken(token, {
      identity: 'second',
    });
    stage.simulator.organization('fabrikam').grant('second');
    const catalog = await stage.catalog({
      integrations: {
        azure: [
          {
            host: 'dev.azure.com',
            credentials: [
              { organizations: ['contoso'], personalAccessToken: TOKEN },
              { organizations: ['fabrikam'], personalAccessToken: token },
            ],
          },
        ],
      },
      providers: { main: { organizations: ['contoso', 'fabrikam'] } },
    });
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      entities: 2,
    });

    pat.state = 'expired';
    stage.simulator
      .organization('contoso')
      .project('P')
      .addRepository('new', {
        files: { '/catalog-info.yaml': component('added-meanwhile') },
      });
    const errorsSeen = new Set<string | undefined>();
    const look = () => {
      const shown = catalog.report();
      if (shown?.outcome === 'failed') errorsSeen.add(shown.error);
    };
    catalog.knex.on('query', look);
    const report = await catalog.refresh();
    catalog.knex.off('query', look);
    // Whoever looks meanwhile never sees that it failed, and not why.
    expect([...errorsSeen]).not.toContain(undefined);
    expect(report.outcome).toBe('failed');
    expect(report.error).toMatch(/dev\.azure\.com\/fabrikam/);
    expect(report.error).toMatch(/expired/);
    expect(report.error).toMatch(/What to do: /);
    expect(report.error).toMatch(/docs\/errors\.md#/);
    expect(report.error).not.toMatch(/contoso/);
    await catalog.settled();
    expect(
      (await catalog.entities({ kind: 'component' }))
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['added-meanwhile', 'of-contoso', 'of-fabrikam']);

    pat.state = 'valid';
    expect(await catalog.refresh()).toMatchObject({
      outcome: 'complete',
      entities: 3,
    });
  });
});

describe('a backend that is started again after a refresh failed', () => {
  const stage = stageForAll();

  it('refreshes at once, so that another credential need not wait for the next turn', async () => {
    addReadableOrganization(stage.simulator, 'contoso')
      .addProject('P')
      .addRepository('r', {
        files: { '/catalog-info.yaml': component('of-contoso') },
      });
    const start = (personalAccessToken: string, databasePrefix?: string) =>
      stage.catalog({
        database: 'postgres',
        databasePrefix,
        integrations: {
          azure: [
            { host: 'dev.azure.com', credentials: [{ personalAccessToken }] },
          ],
        },
        providers: {
          main: {
            organization: 'contoso',
            schedule: {
              frequency: { hours: 24 },
              timeout: { minutes: 10 },
              scope: 'global',
            },
          },
        },
      });
    const taskOf = async ({ knex }: TestCatalog) =>
      await knex('backstage_backend_tasks__tasks')
        .where({ id: 'AzureDevOpsEntityProvider:main:refresh' })
        .first<{
          next_run_start_at: Date;
          current_run_ticket: string | null;
        }>();
    const isReleased = async (catalog: TestCatalog) =>
      (await taskOf(catalog)).current_run_ticket === null;

    const first = await start('a-personal-access-token-that-nobody-knows');
    await until(
      'the first refresh to fail',
      async () =>
        first.report()?.outcome === 'failed' && (await isReleased(first)),
    );
    await first.stop({ keepDatabase: true });

    const second = await start(TOKEN, first.databasePrefix);
    const report = await until('a refresh', async () => {
      const now = second.report();
      return (
        now && now.outcome !== 'running' && (await isReleased(second)) && now
      );
    });
    expect(report).toMatchObject({ outcome: 'complete', entities: 1 });
    await second.stop({ keepDatabase: true });

    // Nothing is left to be done: the next turn is the next turn.
    const third = await start(TOKEN, first.databasePrefix);
    const { next_run_start_at: next } = await taskOf(third);
    expect(next.getTime()).toBeGreaterThan(Date.now() + 60 * 60 * 1000);
  });
});
