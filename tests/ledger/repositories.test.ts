import { DATABASES } from '../support/databases';
import { openLedger, ORGANIZATION, present, probe } from './support';

const OTHER = 'dev.azure.com/fabrikam';

describe.each(DATABASES)('the ledger on %s', kind => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeEach(async () => {
    opened = await openLedger(kind);
    const { ledger } = opened;
    const records = [
      {
        id: 'a',
        organization: ORGANIZATION,
        projectId: 'p1',
        paths: ['/1', '/2'],
      },
      { id: 'b', organization: ORGANIZATION, projectId: 'p1', paths: ['/1'] },
      { id: 'c', organization: ORGANIZATION, projectId: 'p2', paths: ['/1'] },
      { id: 'd', organization: ORGANIZATION, projectId: 'p3', paths: [] },
      { id: 'e', organization: OTHER, projectId: 'p4', paths: ['/1'] },
    ];
    const startTicket = await ledger.currentTicket();
    await ledger.recordProbes(
      records.map(({ id, organization, projectId, paths }) => {
        const record = probe(
          id,
          paths.map(path => present([`${id}${path.slice(1)}`], { path })),
          { startTicket },
        );
        return {
          ...record,
          repository: { ...record.repository, organization, projectId },
        };
      }),
      7,
    );
  });
  afterEach(async () => {
    await opened.destroy();
  });

  it('gives the object ids of the descriptors of one organization, and of no other', async () => {
    const { ledger } = opened;
    const objectId = (claim: string, path: string) =>
      present([claim], { path }).objectId;
    const ids = await ledger.objectIds(ORGANIZATION);
    expect(
      ids.sort((a, b) =>
        `${a.repositoryId}${a.path}` < `${b.repositoryId}${b.path}` ? -1 : 1,
      ),
    ).toEqual([
      { repositoryId: 'a', path: '/1', objectId: objectId('a1', '/1') },
      { repositoryId: 'a', path: '/2', objectId: objectId('a2', '/2') },
      { repositoryId: 'b', path: '/1', objectId: objectId('b1', '/1') },
      { repositoryId: 'c', path: '/1', objectId: objectId('c1', '/1') },
    ]);
    expect(await ledger.objectIds('dev.azure.com/nobody')).toEqual([]);
  });

  it('tells two repositories of one id in two organizations apart', async () => {
    const { ledger, knex } = opened;
    const startTicket = await ledger.currentTicket();
    const record = probe('a', [present(['a1', 'own'], { path: '/1' })], {
      startTicket,
    });
    await ledger.recordProbes(
      [
        {
          ...record,
          repository: { ...record.repository, organization: OTHER },
        },
      ],
      8,
    );
    const verified = async (organization: string) =>
      (await ledger.repositoriesIn(organization)).get('a')?.verifiedAt;
    expect(await verified(ORGANIZATION)).toBe(7);
    expect(await verified(OTHER)).toBe(8);
    const paths = async (organization: string) =>
      (await ledger.descriptors(organization, ['a']))
        .get('a')
        ?.map(({ path }) => path)
        .sort();
    expect(await paths(ORGANIZATION)).toEqual(['/1', '/2']);
    expect(await paths(OTHER)).toEqual(['/1']);

    // Whoever had an entity keeps it, and gives it to the other when it goes.
    const owners = async () =>
      Object.fromEntries(
        (
          await knex('azure_devops_references').whereIn('entity_ref', [
            'component:default/a1',
            'component:default/a2',
            'component:default/own',
          ])
        ).map(({ entity_ref, organization }) => [entity_ref, organization]),
      );
    expect(await owners()).toEqual({
      'component:default/a1': ORGANIZATION,
      'component:default/a2': ORGANIZATION,
      'component:default/own': OTHER,
    });
    const removals = ledger.removalsIn(ORGANIZATION);
    await removals.markForRemoval(
      ['a'],
      {
        grade: 'inferred',
        reason: 'the configuration no longer selects the repository',
      },
      await ledger.currentTicket(),
    );
    const proposals = await removals.proposals();
    expect(
      proposals.map(({ entityRef, loss }) => [entityRef, loss]).sort(),
    ).toEqual([
      ['component:default/a1', false],
      ['component:default/a2', true],
    ]);
    await removals.deleteApproved(proposals);
    expect(await owners()).toEqual({
      'component:default/a1': OTHER,
      'component:default/a2': null,
      'component:default/own': OTHER,
    });
    expect(await ledger.removalsIn(OTHER).proposals()).toEqual([]);
  });

  it('keeps an entity that two organizations give and both are about to lose, each on account of the other', async () => {
    const { ledger, knex } = opened;
    const record = probe('f', [present(['a1'])], {
      startTicket: await ledger.currentTicket(),
    });
    await ledger.recordProbes(
      [
        {
          ...record,
          repository: { ...record.repository, organization: OTHER },
        },
      ],
      8,
    );
    // The former looks while the latter still gives it, the latter while the former still owns it.
    const propose = async (organization: string, repository: string) => {
      const removals = ledger.removalsIn(organization);
      await removals.markForRemoval(
        [repository],
        { grade: 'deselected', reason: 'no longer selected' },
        await ledger.currentTicket(),
      );
      const proposals = (await removals.proposals()).filter(
        ({ entityRef }) => entityRef === 'component:default/a1',
      );
      expect(proposals).toMatchObject([{ loss: false }]);
      return async () => await removals.deleteApproved(proposals);
    };
    const former = await propose(ORGANIZATION, 'a');
    const latter = await propose(OTHER, 'f');
    await former();
    await latter();
    expect(
      await knex('azure_devops_references')
        .where({ entity_ref: 'component:default/a1' })
        .first(),
    ).toMatchObject({ organization: ORGANIZATION, repository_id: 'a' });
    expect(await ledger.removalsIn(ORGANIZATION).proposals()).toContainEqual(
      expect.objectContaining({
        entityRef: 'component:default/a1',
        loss: true,
      }),
    );
  });

  it('gives the repositories of organizations that the configuration no longer names', async () => {
    const { ledger } = opened;
    expect(await ledger.repositoriesOutside([ORGANIZATION])).toEqual(
      new Map([[OTHER, ['e']]]),
    );
    expect(await ledger.repositoriesOutside([ORGANIZATION, OTHER])).toEqual(
      new Map(),
    );
    const all = await ledger.repositoriesOutside([]);
    expect(all.get(ORGANIZATION)?.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
