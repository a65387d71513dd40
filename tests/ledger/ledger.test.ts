import { DATABASES } from '../support/databases';
import { absent, openLedger, ORGANIZATION, present, probe } from './support';

describe.each(DATABASES)('the ledger on %s', kind => {
  let opened: Awaited<ReturnType<typeof openLedger>>;
  beforeEach(async () => {
    opened = await openLedger(kind);
  });
  afterEach(async () => {
    await opened.destroy();
  });

  async function record(
    repository: string,
    ...paths: Parameters<typeof probe>[1]
  ) {
    const startTicket = await opened.ledger.currentTicket();
    return await opened.ledger.recordProbes(
      [probe(repository, paths, { startTicket })],
      1,
    );
  }

  /** What is to be applied to the catalog now; afterwards it is marked as applied. */
  async function applied() {
    const outbox = opened.outbox('test');
    const { references } = await outbox.pending();
    await outbox.markApplied(references);
    return {
      added: references.filter(r => r.entity).map(r => r.entityRef),
      removed: references.filter(r => !r.entity).map(r => r.entityRef),
    };
  }

  it('applies an entity once, and nothing when nothing changed', async () => {
    await record('r1', present(['a', 'b']));
    expect(await applied()).toEqual({
      added: ['component:default/a', 'component:default/b'],
      removed: [],
    });
    await record('r1', present(['a', 'b']));
    expect(await applied()).toEqual({ added: [], removed: [] });
  });

  it('marks for removal what a file no longer has, and removes it only when that is approved', async () => {
    await record('r1', present(['a', 'b']));
    await applied();
    await record('r1', present(['a']));
    expect(await applied()).toEqual({ added: [], removed: [] });
    const proposals = await opened.ledger.removalsIn(ORGANIZATION).proposals();
    expect(proposals).toEqual([
      expect.objectContaining({
        entityRef: 'component:default/b',
        grade: 'confirmed',
        loss: true,
      }),
    ]);
    await opened.ledger.removalsIn(ORGANIZATION).deleteApproved(proposals);
    expect(await applied()).toEqual({
      added: [],
      removed: ['component:default/b'],
    });
  });

  it('removes nothing because of an event of which another has removed something since the guard was asked, and counts what leaves', async () => {
    const removals = opened.ledger.removalsIn(ORGANIZATION);
    await record('r1', present(['a', 'b', 'c']));
    await record('r1', present(['c']));
    await applied();
    const [first, second] = await removals.proposals();
    const remove = async (it: typeof first, left: number) =>
      await removals.deleteApproved(it ? [it] : [], { left, leave: 1 });
    expect(await remove(first, 0)).toBe(true);
    expect(await remove(second, 0)).toBe(false);
    expect((await applied()).removed).toHaveLength(1);
    expect(await removals.releasedSinceRefresh()).toBe(1);
    expect(await remove(second, 1)).toBe(true);
    expect((await applied()).removed).toHaveLength(1);
    expect(await removals.releasedSinceRefresh()).toBe(2);
    await removals.resetReleased();
    expect(await removals.releasedSinceRefresh()).toBe(0);
  });

  it('takes back what was to go of a repository that was gone, unless that is newer than the list', async () => {
    const removals = opened.ledger.removalsIn(ORGANIZATION);
    await record('r1', present(['a']));
    const before = await opened.ledger.currentTicket();
    const removal = { grade: 'confirmed', reason: 'it is disabled' } as const;
    await removals.markForRemoval(['r1'], removal, before);
    await removals.takeBack(['r1'], before);
    expect(await removals.proposals()).toHaveLength(1);
    await removals.takeBack(['r1'], await opened.ledger.currentTicket());
    expect(await removals.proposals()).toEqual([]);
  });

  it('no longer marks an entity for removal when it is seen again', async () => {
    await record('r1', present(['a', 'b']));
    await record('r1', absent());
    expect(
      await opened.ledger.removalsIn(ORGANIZATION).proposals(),
    ).toHaveLength(2);
    await record('r1', present(['a', 'b']));
    expect(await opened.ledger.removalsIn(ORGANIZATION).proposals()).toEqual(
      [],
    );
  });

  it('keeps the former entities of a file of which a document cannot be read', async () => {
    await record('r1', present(['a', 'b']));
    await applied();
    await record('r1', present(['a'], { unreadable: true }));
    expect(await opened.ledger.removalsIn(ORGANIZATION).proposals()).toEqual(
      [],
    );
  });

  it('marks an entity for removal that the rules have come to forbid, also beside an unreadable document', async () => {
    await record('r1', present(['a', 'b', 'c']));
    await record('r1', present(['a'], { unreadable: true, forbidden: ['b'] }));
    expect(
      (await opened.ledger.removalsIn(ORGANIZATION).proposals()).map(
        p => p.entityRef,
      ),
    ).toEqual(['component:default/b']);
  });

  it('changes the owner of an entity in one mutation when the file of one repository goes and another has it', async () => {
    await record('r1', present(['a'], { repository: 'r1' }));
    await applied();
    await record('r2', present(['a'], { repository: 'r2' }));
    expect(await applied()).toEqual({ added: [], removed: [] });
    expect(await opened.ledger.reports.duplicates()).toEqual([
      {
        entityRef: 'component:default/a',
        owner:
          'https://dev.azure.com/contoso/p/_git/r1?path=/catalog-info.yaml',
        others: [
          'https://dev.azure.com/contoso/p/_git/r2?path=/catalog-info.yaml',
        ],
      },
    ]);
    await record('r1', absent());
    const {
      references: [reference],
    } = await opened.outbox('test').pending();
    // Under the key that the catalog knows it by: under another it would be
    // deleted and inserted.
    expect(reference?.entity?.locationKey).toBe(
      'url:https://dev.azure.com/contoso/p/_git/r1?path=/catalog-info.yaml',
    );
    const proposals = await opened.ledger.removalsIn(ORGANIZATION).proposals();
    expect(proposals.map(p => p.loss)).toEqual([false]);
    await opened.ledger.removalsIn(ORGANIZATION).deleteApproved(proposals);
    expect(await applied()).toEqual({
      added: ['component:default/a'],
      removed: [],
    });
  });

  it('keeps the location key of an entity when its repository is renamed', async () => {
    await record('r1', present(['a'], { repository: 'before' }));
    await record('r1', present(['a'], { repository: 'after' }));
    const {
      references: [reference],
    } = await opened.outbox('test').pending();
    expect(reference?.entity?.locationKey).toBe(
      'url:https://dev.azure.com/contoso/p/_git/before?path=/catalog-info.yaml',
    );
  });

  it('repeats a probe that was overtaken by a write that disagrees with it', async () => {
    const before = await opened.ledger.currentTicket();
    await record('r1', present(['a']));
    const { repeat } = await opened.ledger.recordProbes(
      [probe('r1', [absent()], { startTicket: before })],
      2,
    );
    expect(repeat).toEqual(['r1']);
    expect(await opened.ledger.removalsIn(ORGANIZATION).proposals()).toEqual(
      [],
    );
  });

  it('does not repeat a probe that was overtaken by a write that agrees with it', async () => {
    const before = await opened.ledger.currentTicket();
    await record('r1', present(['a']));
    const { repeat } = await opened.ledger.recordProbes(
      [probe('r1', [present(['a'])], { startTicket: before })],
      2,
    );
    expect(repeat).toEqual([]);
  });

  it('repeats a probe that found a file unchanged which is another one by now', async () => {
    const file = present(['a']);
    await record('r1', present(['b']));
    const unchanged = {
      outcome: 'unchanged',
      path: file.path,
      objectId: file.objectId,
      signature: file.signature,
    } as const;
    expect(await record('r1', unchanged)).toMatchObject({ repeat: ['r1'] });
    await record('r1', file);
    expect(await record('r1', unchanged)).toMatchObject({ repeat: [] });
  });

  it('keeps what was last known for sure of a repository when a look at it is unknown', async () => {
    const { ledger } = opened;
    await record('r1', present(['a']));
    const known = async () =>
      (await ledger.repositoriesIn(ORGANIZATION)).get('r1');
    const before = await known();
    await ledger.recordProbes(
      [
        {
          ...probe('r1', [], {
            startTicket: await ledger.currentTicket(),
            unknown: 'TF401019',
          }),
          branch: 'trunk',
          signature: 'other settings',
        },
      ],
      2,
    );
    expect(await known()).toEqual({
      ...before,
      outcome: 'unknown',
      ticket: await ledger.currentTicket(),
    });
  });

  it('counts the lists that lack a repository anew once it was looked at', async () => {
    const { ledger } = opened;
    await record('r1', present(['a']));
    const missed = async () =>
      (await ledger.repositoriesIn(ORGANIZATION)).get('r1')?.missed;
    await ledger
      .removalsIn(ORGANIZATION)
      .countMissed(['r1'], await ledger.currentTicket());
    expect(await missed()).toBe(1);
    const before = await ledger.currentTicket();
    await record('r1', present(['a']));
    expect(await missed()).toBe(0);
    // A list from before that look lacks nothing.
    await ledger.removalsIn(ORGANIZATION).countMissed(['r1'], before);
    expect(await missed()).toBe(0);
  });

  it('reads a file anew of which the list had taken the repository away', async () => {
    const { ledger } = opened;
    const removals = ledger.removalsIn(ORGANIZATION);
    await record('r1', present(['a']));
    await removals.markForRemoval(
      ['r1'],
      { grade: 'inferred', reason: 'missing' },
      await ledger.currentTicket(),
    );
    await removals.takeBack(['r1'], await ledger.currentTicket());
    const descriptors = await ledger.descriptors(ORGANIZATION, ['r1']);
    expect(descriptors.get('r1')).toMatchObject([{ signature: '' }]);
    expect(await removals.proposals()).toEqual([]);
  });

  it('has a file as confirmed gone, as the service said, when a list then lacks its repository', async () => {
    const { ledger } = opened;
    const removals = ledger.removalsIn(ORGANIZATION);
    await record('r1', present(['a']));
    await record('r1', absent());
    await removals.markForRemoval(
      ['r1'],
      { grade: 'inferred', reason: 'missing' },
      await ledger.currentTicket(),
    );
    expect(await removals.proposals()).toMatchObject([
      { grade: 'confirmed', reason: 'TF401174: not there' },
    ]);
  });

  it('knows a file that gives nothing, and on which branch it was read', async () => {
    const { ledger } = opened;
    await ledger.recordProbes(
      [
        {
          ...probe('r1', [present([])], { startTicket: 0 }),
          configuredBranch: 'release',
        },
      ],
      1,
    );
    await ledger.removalsIn(ORGANIZATION).deleteEmptyRepositories(['r1']);
    const descriptors = await ledger.descriptors(ORGANIZATION, ['r1']);
    expect(descriptors.get('r1')).toMatchObject([{ branch: 'release' }]);
  });

  it('removes nothing that was seen again since its removal was approved', async () => {
    const removals = opened.ledger.removalsIn(ORGANIZATION);
    await record('r1', present(['a', 'b']));
    await applied();
    await record('r1', present(['a']));
    const proposals = await removals.proposals();
    await record('r1', present(['a', 'b']));
    await removals.deleteApproved(proposals);
    expect(await applied()).toEqual({ added: [], removed: [] });
  });

  it('knows what it gave beside what it took, in one page', async () => {
    const removals = opened.ledger.removalsIn(ORGANIZATION);
    await record('r1', present(['a']));
    await applied();
    await record('r1', present(['b']));
    await removals.deleteApproved(await removals.proposals());
    expect(await applied()).toEqual({
      added: ['component:default/b'],
      removed: ['component:default/a'],
    });
    const { references } = await opened.outbox('test').desired('');
    expect(references.map(({ entityRef }) => entityRef)).toEqual([
      'component:default/b',
    ]);
  });

  it('applies entities to the catalog from one process at a time', async () => {
    const first = opened.outbox('first');
    const second = opened.outbox('second');
    expect(await first.acquire()).toBe(true);
    expect(await second.acquire()).toBe(false);
    expect(await first.acquire()).toBe(true);
    expect(await first.release()).toBe(true);
    expect(await second.acquire()).toBe(true);
    expect(await first.release()).toBe(false);
  });

  it('does not wait for a lease that ends later than leases do, as when the clock of the database was set back', async () => {
    expect(await opened.outbox('killed').acquire()).toBe(true);
    await opened.knex('azure_devops_leases').increment('until', 3_600_000);
    expect(await opened.outbox('second').acquire()).toBe(true);
  });

  it('does not mark a version as applied that was overtaken meanwhile', async () => {
    await record('r1', present(['a'], { repository: 'one' }));
    const outbox = opened.outbox('test');
    const { references } = await outbox.pending();
    await record('r1', absent());
    await opened.ledger
      .removalsIn(ORGANIZATION)
      .deleteApproved(await opened.ledger.removalsIn(ORGANIZATION).proposals());
    await outbox.markApplied(references);
    expect(await applied()).toEqual({
      added: [],
      removed: ['component:default/a'],
    });
  });

  it('applies an entity that comes under another key once more', async () => {
    await record('r1', present(['a', 'b']));
    await applied();
    await opened.ledger.adoptLocationKeys([
      { entityRef: 'component:default/a', locationKey: 'url:elsewhere' },
    ]);
    const { references } = await opened.outbox('test').pending();
    expect(references).toMatchObject([
      {
        entityRef: 'component:default/a',
        version: await opened.ledger.currentTicket(),
        entity: { locationKey: 'url:elsewhere' },
      },
    ]);
  });

  it('gives an entity that two new files have at once to the first of them', async () => {
    const startTicket = await opened.ledger.currentTicket();
    await opened.ledger.recordProbes(
      [
        probe('r2', [present(['a'], { repository: 'r2' })], { startTicket }),
        probe('r1', [present(['a'], { repository: 'r1' })], { startTicket }),
      ],
      1,
    );
    expect(await opened.ledger.reports.duplicates()).toEqual([
      {
        entityRef: 'component:default/a',
        owner:
          'https://dev.azure.com/contoso/p/_git/r1?path=/catalog-info.yaml',
        others: [
          'https://dev.azure.com/contoso/p/_git/r2?path=/catalog-info.yaml',
        ],
      },
    ]);
    expect(await applied()).toEqual({
      added: ['component:default/a'],
      removed: [],
    });
  });

  it('deletes a repository only when nothing of it is left', async () => {
    await record('r1', present(['a']));
    await opened.ledger
      .removalsIn(ORGANIZATION)
      .markForRemoval(
        ['r1'],
        { grade: 'inferred', reason: 'missing' },
        await opened.ledger.currentTicket(),
      );
    await opened.ledger
      .removalsIn(ORGANIZATION)
      .deleteEmptyRepositories(['r1']);
    expect(await opened.ledger.repositories()).toHaveLength(1);
    await opened.ledger
      .removalsIn(ORGANIZATION)
      .deleteApproved(await opened.ledger.removalsIn(ORGANIZATION).proposals());
    await opened.ledger
      .removalsIn(ORGANIZATION)
      .deleteEmptyRepositories(['r1']);
    expect(await opened.ledger.repositories()).toEqual([]);
  });
});
