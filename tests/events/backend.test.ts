import type { Entity } from '@backstage/catalog-model';
import type { CatalogScmEvent } from '@backstage/plugin-catalog-node/alpha';
import type { Organization, Project } from '../../dev/simulator';
import {
  addReadableOrganization,
  component,
  IDENTITY,
  setStage,
  type Stage,
} from '../e2e/support';
import { DATABASES } from '../support/databases';
import { until } from '../support/until';
import { TABLES } from '../../src/ledger/rows';
import { eventsFeatures, listenToScmEvents } from './events-plugin';
import type { TestCatalog } from '../support/backend';

const CONSUMER = 'https://backstage.contoso.example';
const INGRESS = {
  username: 'azure-devops',
  password: 'a password of the tests',
};
const EVENTS = [
  'git.push',
  'git.repo.created',
  'git.repo.renamed',
  'git.repo.deleted',
  'git.repo.forked',
  'git.repo.statuschanged',
];

describe.each(DATABASES)('service hooks, with the catalog on %s,', database => {
  let stage: Stage;
  let contoso: Organization;
  let payments: Project;
  let catalog: TestCatalog;
  const scmEvents: CatalogScmEvent[] = [];

  beforeAll(async () => {
    stage = await setStage();
    contoso = addReadableOrganization(stage.simulator, 'contoso');
    contoso.grantSubscriptions(IDENTITY, 'edit');
    payments = contoso.addProject('Payments');
    for (const name of ['api', 'web', 'worker']) {
      payments.addRepository(name, {
        files: { 'catalog-info.yaml': component(name) },
      });
    }
    payments.addRepository('contract', {
      files: {
        'catalog-info.yaml': [
          'apiVersion: backstage.io/v1alpha1',
          'kind: API',
          'metadata: {name: contract}',
          'spec:',
          '  type: openapi',
          '  lifecycle: production',
          '  owner: team',
          '  definition: {$text: ./openapi.yaml}',
        ].join('\n'),
        'openapi.yaml': 'before',
      },
    });
    payments.addRepository('legacy-tool', {
      files: { 'catalog-info.yaml': component('legacy-tool') },
    });
    catalog = await stage.catalog({
      database,
      features: [...eventsFeatures(), listenToScmEvents(scmEvents)],
      providers: {
        main: {
          organization: 'contoso',
          exclude: { repository: 'legacy-*' },
        },
      },
      catalog: {
        azureDevOps: { events: { ingress: INGRESS } },
        // Whatever the catalog processes, something else than time has made it due.
        processingInterval: { hours: 100 },
      },
      // A backend that stops waits for its long polls.
      config: { events: { useEventBus: 'never' } },
    });
    await catalog.refresh();
    await until(
      'the definition',
      async () => (await definition()) === 'before',
    );
    await subscribe();
  });

  afterAll(async () => await stage.stop());

  /** As an operator would, or the command line. */
  async function subscribe(): Promise<void> {
    const { hooks } = stage.simulator.parts;
    hooks.resolve(CONSUMER, catalog.baseUrl);
    for (const eventType of EVENTS) {
      hooks.subscribe(contoso, {
        eventType,
        publisherInputs: { projectId: payments.id },
        consumerInputs: {
          url: `${CONSUMER}/api/events/http/azureDevOps`,
          basicAuthUsername: INGRESS.username,
          basicAuthPassword: INGRESS.password,
        },
      });
    }
  }

  async function component_(name: string): Promise<Entity | undefined> {
    return await catalog.client.getEntityByRef(`component:default/${name}`);
  }

  async function definition(): Promise<unknown> {
    return (await catalog.client.getEntityByRef('api:default/contract'))
      ?.spec?.['definition'];
  }

  const sent = () => stage.simulator.requests.list();

  /** The requests that something causes, once it is in the catalog. */
  async function requestsOf(
    act: () => void,
    isDone: () => Promise<boolean>,
  ): Promise<string[]> {
    const before = sent().length;
    act();
    await until('the change to be in the catalog', isDone);
    return sent()
      .slice(before)
      .filter(({ endpoint }) => endpoint !== 'locations')
      .map(({ endpoint }) => endpoint);
  }

  it('bring a push into the catalog without a refresh, with two requests', async () => {
    const seen = await requestsOf(
      () =>
        payments.repository('api').push({
          files: {
            'catalog-info.yaml': component('api').replace(
              'lifecycle: production',
              'lifecycle: experimental',
            ),
          },
        }),
      async () =>
        (await component_('api'))?.spec?.['lifecycle'] === 'experimental',
    );
    expect(seen.sort()).toEqual(['items', 'repository']);
  });

  it('bring a file that a descriptor refers to into the catalog, with three requests more', async () => {
    const seen = await requestsOf(
      () =>
        payments
          .repository('contract')
          .push({ files: { 'openapi.yaml': 'after' } }),
      async () => (await definition()) === 'after',
    );
    expect(seen.sort()).toEqual([
      'blobs',
      'items',
      'items',
      'repository',
      'repository',
    ]);
  });

  it('bring in a repository that is created', async () => {
    await requestsOf(
      () =>
        payments.addRepository('mobile', {
          files: { 'catalog-info.yaml': component('mobile') },
        }),
      async () => (await component_('mobile')) !== undefined,
    );
  });

  it('take out what is deleted, once the service confirms it', async () => {
    await requestsOf(
      () => payments.repository('web').delete(),
      async () => (await component_('web')) === undefined,
    );
  });

  it('take out what is disabled, and bring it back when it is enabled', async () => {
    const worker = payments.repository('worker');
    await requestsOf(
      () => worker.disable(),
      async () => (await component_('worker')) === undefined,
    );
    await requestsOf(
      () => worker.enable(),
      async () => (await component_('worker')) !== undefined,
    );
  });

  it('keep up with a repository that is renamed', async () => {
    await requestsOf(
      () => payments.repository('worker').rename('workers'),
      async () =>
        (await component_('worker'))?.metadata.annotations?.[
          'backstage.io/managed-by-location'
        ]?.includes('_git/workers') === true,
    );
  });

  it('cause no request for a repository that is not selected, nor for another branch', async () => {
    const { simulator } = stage;
    const before = sent();
    payments.repository('legacy-tool').push({ files: { a: '1' } });
    payments.repository('api').push({ branch: 'wip', files: { a: '1' } });
    await simulator.parts.hooks.settled();
    expect(sent()).toEqual(before);
  });

  it('are answered at once, and with the password alone', async () => {
    const post = async (password: string, body: string) =>
      await fetch(`${catalog.baseUrl}/api/events/http/azureDevOps`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Basic ${Buffer.from(`azure-devops:${password}`).toString('base64')}`,
        },
        body,
      });
    expect((await post('another', '{}')).status).toBe(401);
    expect((await post(INGRESS.password, '{}')).status).toBe(202);
    expect(
      (await post(INGRESS.password, '{"eventType":"git.push"}')).status,
    ).toBe(202);
  });

  it('are told to whoever listens to SCM events: what changed, was moved and was deleted, by its exact URL', () => {
    const url = (repository: string) =>
      `https://dev.azure.com/contoso/Payments/_git/${repository}?path=/catalog-info.yaml`;
    expect(scmEvents).toEqual([
      { type: 'location.updated', url: url('api') },
      { type: 'location.deleted', url: url('web') },
      {
        type: 'location.moved',
        fromUrl: url('worker'),
        toUrl: url('workers'),
      },
    ]);
  });

  it('that name no repository are warned of once, project by project, with what to do', async () => {
    const { hooks } = stage.simulator.parts;
    const warnings = () =>
      catalog.logs.filter(({ message }) =>
        message.includes('name no repository'),
      );
    expect((await catalog.refresh()).events).toMatchObject([
      { project: 'Payments', namesNoRepository: false },
    ]);
    const [push] = [...hooks.of(contoso).values()].filter(
      it => it.eventType === 'git.push',
    );
    push!.consumerInputs['resourceDetailsToSend'] = 'none';
    await requestsOf(
      () =>
        payments.repository('api').push({
          files: { 'catalog-info.yaml': component('api') },
        }),
      async () =>
        (await component_('api'))?.spec?.['lifecycle'] === 'production',
    );
    push!.consumerInputs['resourceDetailsToSend'] = 'all';
    for (let i = 0; i < 2; i++) {
      expect((await catalog.refresh()).events).toMatchObject([
        { project: 'Payments', namesNoRepository: true },
      ]);
    }
    expect(warnings()).toMatchObject([
      {
        message: expect.stringMatching(
          /contoso\/Payments name no repository.*hooks --apply/,
        ),
      },
    ]);
  });

  it('that stop while refreshes go on finding changes are warned of once, project by project', async () => {
    const { hooks } = stage.simulator.parts;
    const warnings = () =>
      catalog.logs.filter(({ message }) =>
        message.includes('The last came of'),
      );
    expect((await catalog.refresh()).events).toMatchObject([
      { project: 'Payments', hasFallenSilent: false },
    ]);
    hooks.configure({ copies: () => 0 });
    await catalog
      .knex(TABLES.projectEvents)
      .decrement('last_event_at', 2 * 3_600_000);
    for (let i = 0; i < 4; i++) {
      payments.repository('api').push({
        files: { 'catalog-info.yaml': component('api', `  # ${i}`) },
      });
      await catalog.knex(TABLES.repositories).update({ verified_at: 0 });
      await catalog.refresh();
    }
    expect(catalog.report()?.events).toMatchObject([
      { project: 'Payments', hasFallenSilent: true },
    ]);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]?.message).toContain('dev.azure.com/contoso/Payments');
  });
});
