import { eventsFeatures } from '../events/events-plugin';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from '../e2e/support';
import { isDeepStrictEqual } from 'node:util';
import type { TestCatalog } from '../support/backend';
import { collectMetrics } from '../support/metrics';
import { TABLES } from '../../src/ledger/rows';
import { until } from '../support/until';
import { actionsOf, Api, auditOf, guarded } from './support';

const CONSUMER = 'https://backstage.contoso.example';
const INGRESS = {
  username: 'azure-devops',
  password: 'a password of the tests',
};
const SERVICES = Array.from({ length: 20 }, (_, i) => `service-${i + 10}`);

/** As much of a provider's status as metrics tell, too. */
interface Told {
  readonly organizations: ReadonlyArray<{
    readonly organization: string;
    readonly entities: number;
    readonly rejectedFiles: number;
    readonly repositories: { readonly unknown: number };
  }>;
  readonly heldBack: ReadonlyArray<{
    readonly organization?: string;
    readonly count: number;
  }>;
}

/**
 * A day of a company: what status, metrics, audit log and actions say of it is compared
 * with what the simulated service has counted.
 */
describe('over a day, status, metrics, audit log and actions tell', () => {
  let stage: Stage;
  let catalog: TestCatalog;
  let api: Api;
  let actions: ReturnType<typeof actionsOf>;

  const metrics = collectMetrics();

  beforeAll(async () => {
    stage = await setStage();
    const { simulator } = stage;
    fill(addReadableOrganization(simulator, 'contoso'), SERVICES);
    fill(addReadableOrganization(simulator, 'fabrikam'), ['one', 'two']);
    catalog = await stage.catalog(
      guarded({
        features: eventsFeatures(),
        providers: {
          main: {
            organizations: ['contoso', 'fabrikam'],
            verifyEvery: { milliseconds: 1 },
          },
        },
        catalog: { azureDevOps: { events: { ingress: INGRESS } } },
        // A backend that stops waits for its long polls.
        config: { events: { useEventBus: 'never' } },
      }),
    );
    api = new Api(catalog);
    actions = actionsOf(catalog);
  });
  afterAll(async () => {
    await stage.stop();
    await metrics.stop();
  });

  function fill(
    organization: ReturnType<typeof addReadableOrganization>,
    names: readonly string[],
  ) {
    const project = organization.addProject('Payments');
    for (const name of names) {
      project.addRepository(name, {
        files: { '/catalog-info.yaml': component(name) },
      });
    }
  }
  const payments = () =>
    stage.simulator.organization('contoso').project('Payments');
  /** What the simulated service has counted since a moment. */
  function counted() {
    const { requests } = stage.simulator;
    const before = requests.list().length;
    const since = () => requests.list().slice(before);
    return {
      requests: (endpoint: string, status?: number) =>
        since().filter(
          it =>
            it.endpoint === endpoint &&
            it.organization === 'contoso' &&
            (status === undefined || it.status === status),
        ).length,
      /** Repositories that were asked for files. */
      repositories: () =>
        new Set(
          since()
            .filter(
              it => it.endpoint === 'items' && it.organization === 'contoso',
            )
            .map(it => it.repository),
        ).size,
    };
  }
  /** What a gauge says of each organization. */
  async function gauge(name: string, outcome?: string) {
    const samples = await metrics.samples(`catalog_azure_devops_${name}`);
    return samples
      .filter(it => it.outcome === outcome)
      .map(({ organization, value }) => [organization, value]);
  }
  /** What has been counted, in all or of some. */
  async function total(name: string, of: Record<string, string> = {}) {
    const samples = await metrics.samples(`catalog_azure_devops_${name}_total`);
    return samples
      .filter(it => Object.entries(of).every(([key, text]) => it[key] === text))
      .reduce((sum, { value }) => sum + value, 0);
  }
  /** Waits until the metrics tell what the status does; a refresh that has ended is counted an instant after the status has it. */
  async function metricsTell(provider: Told) {
    const of = (value: (it: Told['organizations'][number]) => number) =>
      provider.organizations.map(it => [it.organization, value(it)]);
    const expected = {
      entities: of(it => it.entities),
      unknown: of(it => it.repositories.unknown),
      rejected: of(it => it.rejectedFiles),
      heldBack: of(it =>
        provider.heldBack
          .filter(set => set.organization === it.organization)
          .reduce((sum, { count }) => sum + count, 0),
      ),
    };
    await until('the metrics to tell what the status does', async () =>
      isDeepStrictEqual(
        {
          entities: await gauge('entities'),
          unknown: await gauge('repositories', 'unknown'),
          rejected: await gauge('files_rejected'),
          heldBack: await gauge('removals_held_back'),
        },
        expected,
      ),
    );
  }
  /** The status, which the action and the metrics have to tell alike. */
  async function told() {
    const { body } = await api.get('/status');
    const invoked = await actions.invoke(
      'get-azure-devops-ingestion-status',
      {},
    );
    expect(invoked.body.output).toEqual(body);
    const [provider] = body.providers;
    const [contoso, fabrikam] = provider.organizations;
    await metricsTell(provider);
    return { provider, contoso, fabrikam };
  }

  it('in the morning, what the first refresh read', async () => {
    const day = counted();
    await catalog.refresh();
    const { provider, contoso, fabrikam } = await told();
    expect(provider).toMatchObject({
      heldBack: [],
      lastRefresh: { outcome: 'complete', added: 22, removed: 0 },
    });
    expect(contoso).toMatchObject({
      entities: 20,
      repositories: { known: 20, conclusive: 20, unknown: 0 },
      lastRefresh: { read: day.repositories(), listed: SERVICES.length },
      pacing: { throttled: false },
    });
    expect(fabrikam).toMatchObject({ entities: 2 });
    expect(day.requests('repositories')).toBe(1);
  });

  it('then, which requests failed, and that nothing was lost for that', async () => {
    const broken = SERVICES.slice(0, 3);
    const { simulator } = stage;
    const items = simulator.inject({
      match: {
        endpoint: 'items',
        organization: 'contoso',
        repository: broken,
      },
      fault: 'server-error',
    });
    const list = simulator.inject({
      match: { endpoint: 'repositories', organization: 'fabrikam' },
      fault: 'forbidden',
    });
    const before = await told();
    const day = counted();
    await catalog.refresh();

    const { provider, contoso, fabrikam } = await told();
    expect(items.hits).toBeGreaterThanOrEqual(broken.length);
    expect(day.requests('items', 500)).toBe(items.hits);
    expect(provider.lastRefresh).toMatchObject({
      outcome: 'failed',
      added: 0,
      removed: 0,
    });
    expect(contoso).toMatchObject({
      entities: 20,
      repositories: { known: 20, conclusive: 17, unknown: 3 },
      lastRefresh: { read: 17, unread: 3 },
    });
    expect(list.hits).toBeGreaterThan(0);
    expect(fabrikam).toMatchObject({
      entities: 2,
      lastListAt: before.fabrikam.lastListAt,
      lastRefresh: {
        outcome: 'failed',
        problems: [expect.stringContaining('dev.azure.com/fabrikam')],
      },
    });
    expect(provider.lastRefresh.error).toContain(
      fabrikam.lastRefresh.problems[0],
    );

    items.remove();
    list.remove();
    await catalog.refresh();
    expect(await told()).toMatchObject({
      provider: { lastRefresh: { outcome: 'complete' } },
      contoso: { repositories: { conclusive: 20, unknown: 0 } },
      fabrikam: { lastRefresh: { outcome: 'complete', problems: [] } },
    });
  });

  it('at noon, that the service throttles', async () => {
    const pause = stage.simulator.inject({
      match: { endpoint: 'items', organization: 'contoso' },
      fault: 'throttled',
      times: 2,
    });
    const day = counted();
    await catalog.refresh();
    const { contoso, fabrikam } = await told();
    expect(day.requests('items', 429)).toBe(pause.hits);
    expect(contoso).toMatchObject({
      pacing: { throttled: true },
      lastRefresh: { outcome: 'complete', read: 20, unread: 0 },
    });
    expect(fabrikam).toMatchObject({ pacing: { throttled: false } });
    const throttled = (organization: string) =>
      total('throttled', { organization: `dev.azure.com/${organization}` });
    expect(await throttled('contoso')).toBeGreaterThan(0);
    expect(await throttled('fabrikam')).toBe(0);
  });

  it('in the afternoon, when the last of a storm of events came', async () => {
    const { hooks } = stage.simulator.parts;
    hooks.resolve(CONSUMER, catalog.baseUrl);
    const subscription = hooks.subscribe(
      stage.simulator.organization('contoso'),
      {
        eventType: 'git.push',
        publisherInputs: { projectId: payments().id },
        consumerInputs: {
          url: `${CONSUMER}/api/events/http/azureDevOps`,
          basicAuthUsername: INGRESS.username,
          basicAuthPassword: INGRESS.password,
        },
      },
    );
    const day = counted();
    const begin = new Date().toISOString();
    for (let round = 1; round <= 5; round++) {
      for (const name of SERVICES) {
        payments()
          .repository(name)
          .push({
            files: {
              '/catalog-info.yaml': component(name).replace(
                'lifecycle: production',
                `lifecycle: round-${round}`,
              ),
            },
          });
      }
    }
    await until('the last of each to be in the catalog', async () => {
      const found = await catalog.entities({ 'spec.lifecycle': 'round-5' });
      return found.length === SERVICES.length;
    });
    await until(
      'all deliveries to be answered',
      () =>
        subscription.notifications.length === 5 * SERVICES.length &&
        subscription.notifications.every(it => it.result === 'succeeded'),
    );
    // A look that is still to come would be newer than what a refresh sees in the evening.
    await until('all that is due to be looked at', async () => {
      const due: unknown[] = await catalog.knex(TABLES.due);
      return due.length === 0;
    });
    const end = new Date().toISOString();

    const { contoso } = await told();
    expect(contoso.events).toEqual([
      {
        project: 'Payments',
        lastEventAt: expect.any(String),
        hasFallenSilent: false,
        namesNoRepository: false,
      },
    ]);
    const [{ lastEventAt }] = contoso.events;
    expect(lastEventAt >= begin && lastEventAt <= end).toBe(true);
    expect(await total('events', { event: 'git.push', outcome: 'due' })).toBe(
      5 * SERVICES.length,
    );
    // A look for many events of a repository, and all of them looked at.
    expect(day.repositories()).toBe(SERVICES.length);
    expect(day.requests('repositories')).toBe(0);
  });

  it('in the evening, what is held back, who approved it, and that it is gone', async () => {
    const gone = SERVICES.slice(0, 12);
    gone.forEach(name => payments().repository(name).delete());
    await catalog.refresh();

    const { provider, contoso } = await told();
    const deleted = payments().deletedRepositories();
    const [set] = provider.heldBack;
    expect(provider.heldBack).toHaveLength(1);
    expect(set).toMatchObject({ count: deleted.length, total: 20 });
    expect(contoso).toMatchObject({ entities: 20 });
    const refs = gone.map(name => `component:default/${name}`);
    const { id } = set;
    expect(
      await actions.invoke('get-azure-devops-held-back-removal', { id }),
    ).toMatchObject({ body: { output: { entityRefs: refs } } });

    await actions.invoke('approve-azure-devops-held-back-removal', { id });
    await until('the refresh that the approval begins', async () => {
      const { heldBack, lastRefresh } = (await api.get('/status')).body
        .providers[0];
      return heldBack.length === 0 && lastRefresh.outcome === 'complete';
    });
    const left = [...payments().repositories()].length;
    expect(await told()).toMatchObject({
      provider: { lastRefresh: { removed: deleted.length } },
      contoso: { entities: left, repositories: { known: left } },
    });
    expect(
      auditOf(catalog, 'azure-devops-removal-hold-back', 'succeeded'),
    ).toMatchObject([{ meta: { id, count: deleted.length } }]);
    expect(
      auditOf(catalog, 'azure-devops-removal-approve', 'succeeded'),
    ).toMatchObject([
      { meta: { id, count: deleted.length, approvedBy: 'tests-manager' } },
    ]);
  });

  it('at night, every request that was sent, by how it was answered', async () => {
    const answered = new Map<string, number>();
    for (const { organization, status } of stage.simulator.requests.list()) {
      const key = `dev.azure.com/${organization} ${Math.floor(status / 100)}xx`;
      answered.set(key, (answered.get(key) ?? 0) + 1);
    }
    // With one more it was found out why fabrikam denied its list.
    const denied = 'dev.azure.com/fabrikam 4xx';
    answered.set(denied, (answered.get(denied) ?? 0) - 1);
    const told = (
      await metrics.samples('catalog_azure_devops_requests_total')
    ).map(
      ({ organization, status, value }) =>
        [`${organization} ${status}`, value] as const,
    );
    expect(new Map(told)).toEqual(answered);
    expect([...answered.keys()].sort()).toEqual([
      'dev.azure.com/contoso 2xx',
      'dev.azure.com/contoso 4xx',
      'dev.azure.com/contoso 5xx',
      'dev.azure.com/fabrikam 2xx',
      'dev.azure.com/fabrikam 4xx',
    ]);
    expect(await total('refreshes', { outcome: 'failed' })).toBe(2);
  });
});
