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

  it('gives the repositories of an organization, and those in its list that were in another', async () => {
    const { ledger } = opened;
    const keys = async (organization: string, listed: string[]) =>
      [...(await ledger.repositoriesIn(organization, listed)).keys()].sort();
    expect(await keys(ORGANIZATION, ['a', 'new'])).toEqual([
      'a',
      'b',
      'c',
      'd',
    ]);
    expect(await keys(OTHER, ['e', 'a', 'new'])).toEqual(['a', 'e']);
    expect(await keys('dev.azure.com/renamed', ['c', 'd'])).toEqual(['c', 'd']);
    const known = await ledger.repositoriesIn(OTHER, ['a']);
    expect(known.get('a')).toMatchObject({
      organization: ORGANIZATION,
      projectId: 'p1',
      verifiedAt: 7,
    });
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
