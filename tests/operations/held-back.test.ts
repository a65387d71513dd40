import {
  addReadableOrganization,
  component,
  IDENTITY,
  setStage,
  type Stage,
} from '../e2e/support';
import type { TestCatalog } from '../support/backend';
import { until } from '../support/until';
import { actionsOf, Api, auditOf, guarded, TOMORROW } from './support';

const HELD_BACK = 'azure-devops-removal-hold-back';
const APPROVED = 'azure-devops-removal-approve';

describe('a removal that is held back', () => {
  let stage: Stage;
  /** The one that refreshes, and another that may not read Azure DevOps. */
  let catalog: TestCatalog;
  let other: TestCatalog;
  let api: Api;
  beforeAll(async () => {
    stage = await setStage();
    stage.simulator.addPersonalAccessToken('of-nobody', { identity: 'nobody' });
    addReadableOrganization(stage.simulator, 'contoso').addProject('P');
    for (let i = 10; i < 24; i++) {
      add(`service-${i}`);
    }
    const main = {
      organization: 'contoso',
      verifyEvery: { milliseconds: 1 },
      removals: { minimum: 1 },
    };
    const options = guarded({ database: 'postgres', providers: { main } });
    catalog = await stage.catalog(options);
    other = await stage.catalog({
      ...options,
      providers: { main: { ...main, schedule: TOMORROW } },
      databasePrefix: catalog.databasePrefix,
      integrations: {
        azure: [
          {
            host: 'dev.azure.com',
            credentials: [{ personalAccessToken: 'of-nobody' }],
          },
        ],
      },
    });
    api = new Api(other);
    await catalog.refresh();
  });
  afterAll(async () => {
    await other.stop({ keepDatabase: true });
    await stage.stop();
  });

  const project = () => stage.simulator.organization('contoso').project('P');
  const add = (name: string) =>
    project().addRepository(name, {
      files: { '/catalog-info.yaml': component(name) },
    });
  /** Deletes repositories of these numbers. */
  const remove = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      project().repository(`service-${i}`).delete();
    }
  };
  const heldBack = async () => {
    const { body } = await api.get('/status');
    return body.providers[0].heldBack;
  };
  /** The names of the components that the catalog has. */
  const names = async () => {
    const refs: string[] = await catalog
      .knex('refresh_state')
      .whereLike('entity_ref', 'component:%')
      .orderBy('entity_ref')
      .pluck('entity_ref');
    return refs.map(ref => ref.replace('component:default/', ''));
  };

  it('shows on every replica with its numbers, its evidence and its entities, and once in the audit log', async () => {
    remove(10, 20);
    const { error } = await catalog.refresh();
    await catalog.refresh();
    const [set, ...others] = await heldBack();
    expect(others).toEqual([]);
    expect(set).toMatchObject({
      provider: 'main',
      organization: 'dev.azure.com/contoso',
      grade: 'confirmed',
      count: 10,
      total: 14,
      limit: 50,
      reasons: [
        {
          reason: 'the service confirms that the repository is deleted',
          count: 10,
        },
      ],
    });
    expect(set).not.toHaveProperty('approvedAt');
    expect(error).toContain(`approve '${set.id}'`);
    const { body } = await api.get(`/held-back/${set.id}?limit=2&offset=1`);
    expect(body).toEqual({
      ...set,
      entityRefs: [
        'component:default/service-11',
        'component:default/service-12',
      ],
    });
    const { since: _, ...facts } = set;
    expect(auditOf(catalog, HELD_BACK, 'succeeded')).toMatchObject([
      { severityLevel: 'medium', meta: facts },
    ]);
  });

  it('is told nobody without the permission, whether it is there or not', async () => {
    const [{ id }] = await heldBack();
    const outsider = new Api(other, 'other');
    const reader = new Api(other, 'reader');
    for (const it of [id, 'main:0123456789ab', 'nobody:0', '%20']) {
      const asked = [
        await outsider.get(`/held-back/${it}`),
        await outsider.post(`/held-back/${it}/approve`),
        await reader.post(`/held-back/${it}/approve`),
      ];
      expect(asked.map(({ status }) => status)).toEqual([403, 403, 403]);
      const said = asked.map(({ body }) => body.error.message);
      expect(said.join()).not.toContain('held back');
    }
    expect(auditOf(other, APPROVED)).toEqual([]);
  });

  it.each(['main:0123456789ab', 'nobody:0', 'main', ':', '%20'])(
    'is not there under the id %s',
    async id => {
      for (const answer of [
        await api.get(`/held-back/${id}`),
        await api.post(`/held-back/${id}/approve`),
      ]) {
        expect(answer.status).toBe(404);
        expect(answer.body.error.message).toContain('look in the status');
      }
    },
  );

  it('goes only as it was shown: what came to it after the approval is another set', async () => {
    const [{ id }] = await heldBack();
    expect((await api.post(`/held-back/${id}/approve`)).status).toBe(200);
    remove(20, 21);
    await catalog.refresh();

    expect(await names()).toHaveLength(14);
    const [set] = await heldBack();
    expect(set).toMatchObject({ count: 11 });
    expect(set.id).not.toBe(id);
    expect(set).not.toHaveProperty('approvedAt');
    expect((await api.post(`/held-back/${id}/approve`)).status).toBe(404);
  });

  it('goes with the next refresh of another replica once it is approved, and is approved once', async () => {
    const [{ id }] = await heldBack();
    const approved = await api.post(`/held-back/${id}/approve`);
    expect(approved).toMatchObject({
      status: 200,
      body: {
        id,
        count: 11,
        approvedBy: 'tests-manager',
        refresh: expect.stringMatching(/^(triggered|already-running)$/),
      },
    });
    expect(await heldBack()).toMatchObject([
      { id, approvedBy: 'tests-manager' },
    ]);
    const again = await api.post(`/held-back/${id}/approve`);
    expect(again).toMatchObject({
      status: 409,
      body: {
        error: {
          message: expect.stringContaining('tests-manager approved'),
        },
      },
    });

    expect(await catalog.refresh()).toMatchObject({ outcome: 'complete' });
    expect(await names()).toEqual(['service-21', 'service-22', 'service-23']);
    expect(await heldBack()).toEqual([]);
    expect(auditOf(other, APPROVED, 'succeeded')).toMatchObject([
      { meta: { count: 10 } },
      {
        severityLevel: 'high',
        actor: { actorId: 'tests-manager' },
        meta: { id, count: 11, provider: 'main' },
      },
    ]);
    expect(auditOf(catalog, HELD_BACK, 'succeeded')).toHaveLength(2);
  });

  it('needs another approval when the same entities are to go another time', async () => {
    const refs = async (id: string) =>
      (await api.get(`/held-back/${id}`)).body.entityRefs;
    remove(21, 23);
    await catalog.refresh();
    const [first] = await heldBack();
    const shown = await refs(first.id);
    await api.post(`/held-back/${first.id}/approve`);
    await catalog.refresh();
    expect(await names()).toEqual(['service-23']);

    add('service-21');
    add('service-22');
    await catalog.refresh();
    remove(21, 23);
    await catalog.refresh();
    const [second] = await heldBack();
    expect(await refs(second.id)).toEqual(shown);
    expect(second.id).not.toBe(first.id);
    expect(await names()).toHaveLength(3);
  });

  it('is approved by an action too, which is marked as destructive and asks for the permission', async () => {
    const [{ id }] = await heldBack();
    const name = 'approve-azure-devops-held-back-removal';
    const actions = actionsOf(other);
    expect(await actions.list()).toContainEqual(
      expect.objectContaining({
        name,
        attributes: { readOnly: false, destructive: true, idempotent: false },
      }),
    );
    const { status } = await actions.invoke(name, { id }, 'reader');
    // The registry hides it from those without the permission.
    expect([403, 404]).toContain(status);
    expect(await actions.invoke(name, { id })).toMatchObject({
      status: 200,
      body: { output: { id, approvedBy: 'tests-manager' } },
    });
    await catalog.refresh();
    expect(await names()).toEqual(['service-23']);
  });

  it('has a refresh of its own after the one that was running when it was approved', async () => {
    [30, 31, 32].forEach(i => add(`service-${i}`));
    await catalog.refresh();
    remove(30, 33);
    await catalog.refresh();
    const [{ id }] = await heldBack();
    let goOn = () => {};
    const isWaiting = new Promise<void>(resolve => {
      stage.simulator.inject({
        match: { endpoint: 'repositories', identity: IDENTITY },
        times: 1,
        response: async (_request, proceed) => {
          resolve();
          await new Promise<void>(done => {
            goOn = done;
          });
          return await proceed();
        },
      });
    });
    await catalog.trigger();
    await isWaiting;
    const here = new Api(catalog);
    const { body } = await here.post(`/held-back/${id}/approve`);
    expect(body).toMatchObject({ refresh: 'already-running' });
    goOn();

    await until('a refresh that began after the approval', async () => {
      const { lastRefresh } = (await here.get('/status')).body.providers[0];
      return (
        lastRefresh.outcome === 'complete' &&
        lastRefresh.startedAt > body.approvedAt
      );
    });
    expect(await names()).toEqual(['service-23']);
  });

  it('is approved though no refresh can be triggered, and so say the answer and the audit log', async () => {
    [40, 41, 42].forEach(i => add(`service-${i}`));
    await catalog.refresh();
    remove(40, 43);
    await catalog.refresh();
    const [{ id }] = await heldBack();
    await catalog
      .knex('backstage_backend_tasks__tasks')
      .where({ id: 'AzureDevOpsEntityProvider:main:refresh' })
      .delete();
    const approved = {
      id,
      approvedBy: 'tests-manager',
      refresh: 'not-triggered',
      refreshError: expect.stringContaining('AzureDevOpsEntityProvider:main'),
    };
    expect(await api.post(`/held-back/${id}/approve`)).toMatchObject({
      status: 200,
      body: approved,
    });
    expect(await heldBack()).toMatchObject([
      { id, approvedBy: 'tests-manager' },
    ]);
    expect(auditOf(other, APPROVED, 'succeeded').at(-1)).toMatchObject({
      meta: approved,
    });
  });
});
