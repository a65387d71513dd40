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

  async function say(
    repository: string,
    ...paths: Parameters<typeof probe>[1]
  ) {
    const startTicket = await opened.ledger.currentTicket();
    return await opened.ledger.record(
      [probe(repository, paths, { startTicket })],
      1,
    );
  }

  /** What the catalog is to be told now; afterwards it has been told. */
  async function told() {
    const outbox = opened.outbox('test');
    const references = await outbox.pending(1_000);
    await outbox.markApplied(references);
    return {
      added: references.filter(r => r.entity).map(r => r.entityRef),
      removed: references.filter(r => !r.entity).map(r => r.entityRef),
    };
  }

  it('tells of an entity once, and of nothing when nothing changed', async () => {
    await say('r1', present(['a', 'b']));
    expect(await told()).toEqual({
      added: ['component:default/a', 'component:default/b'],
      removed: [],
    });
    await say('r1', present(['a', 'b']));
    expect(await told()).toEqual({ added: [], removed: [] });
  });

  it('proposes what a file no longer has, and lets it go only when released', async () => {
    await say('r1', present(['a', 'b']));
    await told();
    await say('r1', present(['a']));
    expect(await told()).toEqual({ added: [], removed: [] });
    const proposals = await opened.ledger.removals.proposals(ORGANIZATION);
    expect(proposals).toEqual([
      expect.objectContaining({
        entityRef: 'component:default/b',
        grade: 'confirmed',
        loss: true,
      }),
    ]);
    await opened.ledger.removals.release(proposals);
    expect(await told()).toEqual({
      added: [],
      removed: ['component:default/b'],
    });
  });

  it('takes a proposal back when the entity is seen again', async () => {
    await say('r1', present(['a', 'b']));
    await say('r1', absent());
    expect(await opened.ledger.removals.proposals(ORGANIZATION)).toHaveLength(
      2,
    );
    await say('r1', present(['a', 'b']));
    expect(await opened.ledger.removals.proposals(ORGANIZATION)).toEqual([]);
  });

  it('keeps the former entities of a file of which a document cannot be read', async () => {
    await say('r1', present(['a', 'b']));
    await told();
    await say('r1', present(['a'], { unreadable: true }));
    expect(await opened.ledger.removals.proposals(ORGANIZATION)).toEqual([]);
  });

  it('proposes an entity that the rules have come to forbid, also beside an unreadable document', async () => {
    await say('r1', present(['a', 'b', 'c']));
    await say('r1', present(['a'], { unreadable: true, forbidden: ['b'] }));
    expect(
      (await opened.ledger.removals.proposals(ORGANIZATION)).map(
        p => p.entityRef,
      ),
    ).toEqual(['component:default/b']);
  });

  it('hands an entity over in one step when the file of one repository goes and another has it', async () => {
    await say('r1', present(['a'], { repository: 'r1' }));
    await told();
    await say('r2', present(['a'], { repository: 'r2' }));
    expect(await told()).toEqual({ added: [], removed: [] });
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
    await say('r1', absent());
    const [reference] = await opened.outbox('test').pending(10);
    // Under the key that the catalog knows it by: under another it would be
    // deleted and inserted.
    expect(reference?.entity?.locationKey).toBe(
      'url:https://dev.azure.com/contoso/p/_git/r1?path=/catalog-info.yaml',
    );
    const proposals = await opened.ledger.removals.proposals(ORGANIZATION);
    expect(proposals.map(p => p.loss)).toEqual([false]);
    await opened.ledger.removals.release(proposals);
    expect(await told()).toEqual({
      added: ['component:default/a'],
      removed: [],
    });
  });

  it('keeps the location key of a descriptor through a rename', async () => {
    await say('r1', present(['a'], { repository: 'before' }));
    await say('r1', present(['a'], { repository: 'after' }));
    const [reference] = await opened.outbox('test').pending(10);
    expect(reference?.entity?.locationKey).toBe(
      'url:https://dev.azure.com/contoso/p/_git/before?path=/catalog-info.yaml',
    );
  });

  it('asks for a repetition when a probe was overtaken by a write that it disagrees with', async () => {
    const before = await opened.ledger.currentTicket();
    await say('r1', present(['a']));
    const { repeat } = await opened.ledger.record(
      [probe('r1', [absent()], { startTicket: before })],
      2,
    );
    expect(repeat.map(p => p.repository.id)).toEqual(['r1']);
    expect(await opened.ledger.removals.proposals(ORGANIZATION)).toEqual([]);
  });

  it('takes an overtaken probe that agrees', async () => {
    const before = await opened.ledger.currentTicket();
    await say('r1', present(['a']));
    const { repeat } = await opened.ledger.record(
      [probe('r1', [present(['a'])], { startTicket: before })],
      2,
    );
    expect(repeat).toEqual([]);
  });

  it('gives the lease to one applier at a time', async () => {
    const first = opened.outbox('first');
    const second = opened.outbox('second');
    expect(await first.acquire()).toBe(true);
    expect(await second.acquire()).toBe(false);
    expect(await first.acquire()).toBe(true);
    expect(await first.release()).toBe(true);
    expect(await second.acquire()).toBe(true);
    expect(await first.release()).toBe(false);
  });

  it('does not mark a version as told that was overtaken meanwhile', async () => {
    await say('r1', present(['a'], { repository: 'one' }));
    const outbox = opened.outbox('test');
    const references = await outbox.pending(10);
    await say('r1', absent());
    await opened.ledger.removals.release(
      await opened.ledger.removals.proposals(ORGANIZATION),
    );
    await outbox.markApplied(references);
    expect(await told()).toEqual({
      added: [],
      removed: ['component:default/a'],
    });
  });

  it('tells what is at hand as it would be read back, and what is newer instead of it', async () => {
    const { news } = await say('r1', present(['a', 'b']));
    const atHand = new Map(news.map(it => [it.entityRef, it]));
    expect([...atHand.keys()]).toEqual([
      'component:default/a',
      'component:default/b',
    ]);
    const outbox = opened.outbox('test');
    expect(await outbox.pending(10, { atHand })).toEqual(
      await outbox.pending(10),
    );

    // The same entity under another key of its own is another version of it.
    await opened.ledger.adoptLocationKeys([
      { entityRef: 'component:default/a', locationKey: 'url:elsewhere' },
    ]);
    const pending = await outbox.pending(10, { atHand });
    expect(pending).toEqual(await outbox.pending(10));
    expect(pending).toContainEqual(
      expect.objectContaining({
        entityRef: 'component:default/a',
        version: await opened.ledger.currentTicket(),
      }),
    );
  });

  it('gives an entity that two new files have at once to the first of them', async () => {
    const startTicket = await opened.ledger.currentTicket();
    await opened.ledger.record(
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
    expect(await told()).toEqual({
      added: ['component:default/a'],
      removed: [],
    });
  });

  it('forgets a repository only when nothing of it is left', async () => {
    await say('r1', present(['a']));
    await opened.ledger.removals.propose(['r1'], {
      grade: 'inferred',
      reason: 'missing',
    });
    await opened.ledger.removals.forget(['r1']);
    expect(await opened.ledger.repositories(ORGANIZATION)).toHaveLength(1);
    await opened.ledger.removals.release(
      await opened.ledger.removals.proposals(ORGANIZATION),
    );
    await opened.ledger.removals.forget(['r1']);
    expect(await opened.ledger.repositories(ORGANIZATION)).toEqual([]);
  });
});
