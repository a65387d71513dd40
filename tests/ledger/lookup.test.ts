import { LedgerLookup } from '../../src/ledger/lookup';
import { DATABASES } from '../support/databases';
import { TABLES } from '../../src/ledger/rows';
import { planOf, statementsOf } from './plans';
import { openLedger, ORGANIZATION, present, probe } from './support';

const PROVIDER = 'AzureDevOpsEntityProvider:test';
const ID = '00000000-0000-4000-8000-000000000001';

describe.each(DATABASES)(
  'what is known of one repository or entity, on %s,',
  kind => {
    let opened: Awaited<ReturnType<typeof openLedger>>;
    let lookup: LedgerLookup;
    const place = (repositoryId = ID) => ({
      provider: PROVIDER,
      organization: ORGANIZATION,
      repositoryId,
    });
    beforeAll(async () => {
      opened = await openLedger(kind);
      lookup = new LedgerLookup(opened.knex);
      const { ledger } = opened;
      const named = (
        id: string,
        name: string,
        paths: Parameters<typeof probe>[1],
        unknown?: string,
      ) => {
        const record = probe(id, paths, { startTicket: 0, unknown });
        return {
          ...record,
          repository: { ...record.repository, name, project: 'Cross Team' },
        };
      };
      await ledger.recordProbes(
        [
          named(ID, 'Billing', [
            present(['billing', 'shared']),
            {
              ...present(['api'], { path: '/api/catalog-info.yaml' }),
              rejections: [
                { index: 1, reason: 'syntax', message: 'no', line: 3 },
              ],
            },
          ]),
        ],
        7,
      );
      await ledger.recordProbes(
        [named('r2', 'Other', [present(['shared'], { repository: 'r2' })])],
        8,
      );
      await ledger.recordProbes(
        [named('r3', 'Broken', [], 'x'.repeat(5_000))],
        9,
      );
    });
    afterAll(async () => {
      await opened.destroy();
    });

    it('is found by names in any case, and by GUIDs', async () => {
      for (const asked of [
        { project: 'Cross Team', repository: 'Billing' },
        { project: 'cross team', repository: 'BILLING' },
        { repository: ID.toUpperCase() },
      ]) {
        expect(await lookup.repositories(asked)).toMatchObject([
          { ...place(), facts: { name: 'Billing', verifiedAt: 7 } },
        ]);
      }
      expect(
        await lookup.repositories({ project: 'X', repository: 'Billing' }),
      ).toEqual([]);
    });

    it('is the one that is there now, where one of the same name was deleted', async () => {
      const { ledger } = opened;
      const named = (id: string) => {
        const record = probe(id, [], { startTicket: 0 });
        return {
          ...record,
          repository: { ...record.repository, name: 'Again' },
        };
      };
      await ledger.recordProbes([named('q1'), named('q2'), named('q3')], 7);
      const removals = ledger.removalsIn(ORGANIZATION);
      const deleted = { grade: 'confirmed', reason: 'deleted' } as const;
      await removals.markForRemoval(['q1', 'q3'], deleted, 1_000_000);
      const found = await lookup.repositories({ repository: 'again' });
      expect(found.map(it => it.repositoryId)[0]).toBe('q2');
      expect(found).toHaveLength(3);
    });

    it('is found though many other organizations have one of the same name', async () => {
      const { knex } = opened;
      const [row] = await knex(TABLES.repositories).where({
        repository_id: ID,
      });
      const others = Array.from({ length: 120 }, (_, i) => ({
        ...row,
        organization: `dev.azure.com/other-${i}`,
        verified_at: 1_000,
      }));
      await knex.batchInsert(TABLES.repositories, others, 20);
      const found = await lookup.repositories(
        { project: 'Cross Team', repository: 'Billing' },
        [ORGANIZATION],
      );
      expect(found).toMatchObject([place()]);
      await knex(TABLES.repositories)
        .whereLike('organization', 'dev.azure.com/other-%')
        .delete();
    });

    it('says why the last look at it failed, in bounded length, until one did not', async () => {
      const [broken] = await lookup.repositories({ repository: 'Broken' });
      expect(broken?.facts).toMatchObject({
        outcome: 'unknown',
        problem: 'x'.repeat(2_000),
      });
      await opened.ledger.recordProbes(
        [probe('r3', [], { startTicket: Number.MAX_SAFE_INTEGER })],
        9,
      );
      const [mended] = await lookup.repositories({ repository: 'r3' });
      expect(mended?.facts.problem).toBeUndefined();
    });

    it('has its files with what was rejected first, and what they give', async () => {
      expect(await lookup.files(place())).toMatchObject([
        {
          path: '/api/catalog-info.yaml',
          rejections: [{ index: 1, line: 3 }],
          entityRefs: ['component:default/api'],
        },
        {
          path: '/catalog-info.yaml',
          rejections: [],
          entityRefs: ['component:default/billing', 'component:default/shared'],
        },
      ]);
      expect(
        await lookup.files(place(), '/api/catalog-info.yaml'),
      ).toHaveLength(1);
    });

    it('names who gives a reference, and whether that is applied', async () => {
      expect(await lookup.claims('component:default/shared')).toMatchObject([
        { repositoryId: ID, isOwner: true },
        { repositoryId: 'r2', isOwner: false },
      ]);
      const references = await lookup.references(place('r2'), [
        'component:default/shared',
        'component:default/nobody',
      ]);
      expect([...references]).toMatchObject([
        [
          'component:default/shared',
          {
            owner: { isOwn: false, path: '/catalog-info.yaml' },
            isApplied: false,
            catalogKey: undefined,
          },
        ],
      ]);
      expect(await lookup.isDue(place(), 'p1')).toBe(false);
    });

    it('is found through indexes alone', async () => {
      const statements = await statementsOf(opened.knex, async () => {
        await lookup.repositories({ project: 'p', repository: 'r' });
        await lookup.repositories({ repository: 'r' });
        await lookup.repositories({ repository: ID });
        await lookup.repositories({ project: ID, repository: ID });
        await lookup.claims('component:default/a');
        await lookup.files(place());
        await lookup.files(place(), '/catalog-info.yaml');
        await lookup.references(place(), ['component:default/a']);
        await lookup.isDue(place(), 'p1');
      });
      expect(statements.length).toBeGreaterThanOrEqual(9);
      for (const statement of statements) {
        if (!/refresh_state/.test(statement.sql)) {
          expect(
            await planOf(opened.knex, kind, statement, { evenSo: true }),
          ).not.toMatch(/SCAN|Seq Scan/);
        }
      }
    });
  },
);
