import { DATABASES } from '../support/databases';
import { openLedger, ORGANIZATION, present, probe } from './support';

const OTHER = 'dev.azure.com/fabrikam';

describe.each(DATABASES)('what the ledger on %s tells of', kind => {
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
    await ledger.record(
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

  it('the descriptors of each project', async () => {
    const { hints } = opened.ledger;
    expect(await hints.descriptorCounts(ORGANIZATION)).toEqual(
      new Map([
        ['p1', 3],
        ['p2', 1],
      ]),
    );
    expect(await hints.descriptorCounts('dev.azure.com/nobody')).toEqual(
      new Map(),
    );
  });

  it('object ids', async () => {
    const ids = await opened.ledger.hints.objectIds(['a', 'd', 'x']);
    expect([...ids.keys()]).toEqual(['a']);
    expect([...(ids.get('a') ?? [])]).toEqual([
      ['/1', present(['a1'], { path: '/1' }).objectId],
      ['/2', present(['a2'], { path: '/2' }).objectId],
    ]);
  });

  it('trust, beside what is noted of passes', async () => {
    const { hints, reports } = opened.ledger;
    expect(await hints.trust(ORGANIZATION)).toBeUndefined();
    await hints.saveTrust(ORGANIZATION, 'first');
    await opened.knex('azure_devops_organizations').update({ last_pass_at: 5 });
    await hints.saveTrust(ORGANIZATION, 'second');
    expect(await hints.trust(ORGANIZATION)).toBe('second');
    expect(await reports.lastPassAt(ORGANIZATION)).toBe(5);
    expect(await hints.trust(OTHER)).toBeUndefined();
  });

  it('the repositories of an organization, and those of its list that were in another', async () => {
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

  it('the repositories of organizations that nobody names', async () => {
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
