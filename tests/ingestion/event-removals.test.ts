import { LedgerRemovals } from '../../src/ledger/removals';
import { until } from '../support/until';
import { FAIR, Model, type ModelWorld } from './model';

/** A third of an organization, beyond both limits. */
const REPOSITORIES = Array.from({ length: 60 }, (_, i) => `contoso/r${i}`);
const GOING = REPOSITORIES.slice(0, 20);

describe('repositories that events take away one after another', () => {
  let model: Model;

  beforeEach(async () => {
    model = await Model.open({ maxConfirmedPercentage: 10, minimum: 3 });
    model.world = Object.fromEntries(
      REPOSITORIES.map((key, i) => [
        key,
        { names: [`c${i}`], revision: 0, state: 'listed' },
      ]),
    );
    await model.refresh(FAIR);
    expect(model.catalog.entities.size).toBe(60);
  });

  afterEach(async () => await model.destroy());

  /** As when repositories are moved elsewhere, and each is disabled in its turn. */
  async function disable(keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      model.world = {
        ...model.world,
        [key]: { ...model.world[key], state: 'disabled' },
      } as ModelWorld;
      await model.look([key]);
    }
  }

  it('are held back beyond what the guard lets go at once, though each is but one', async () => {
    await disable(GOING);
    expect(model.catalog.entities.size).toBe(54);
    await model.refresh(FAIR);
    expect(model.catalog.entities.size).toBe(54);
    expect(model.reports.at(-1)?.organizations[0]?.removals.heldBack).toEqual([
      expect.objectContaining({ grade: 'confirmed', count: 14 }),
    ]);
  });

  it.each([
    [5, 6, 'beyond what the guard lets go they stay'],
    [2, 2, 'within that they go, and count together'],
  ])(
    'of which two replicas look at %i and %i at the same time: %s',
    async (some, others, _what) => {
      model.world = Object.fromEntries(
        Object.entries(model.world).map(([key, it]) => [
          key,
          GOING.includes(key) ? { ...it, state: 'disabled' as const } : it,
        ]),
      );
      const { releasedSinceRefresh: read } = LedgerRemovals.prototype;
      jest
        .spyOn(LedgerRemovals.prototype, 'releasedSinceRefresh')
        .mockImplementationOnce(async function (this: LedgerRemovals) {
          const released = await read.call(this);
          await model.look(GOING.slice(some, some + others));
          return released;
        });
      await model.look(GOING.slice(0, some));
      if (some + others <= 6) {
        expect(model.catalog.entities.size).toBe(60 - some - others);
      }
      await model.look(GOING.slice(some + others, some + others + 3));
      expect(model.catalog.entities.size).toBeGreaterThanOrEqual(54);
    },
  );

  it('stay until a refresh has looked at all of them, where the configuration takes them', async () => {
    model.configure({ path: ['/x.yaml'], removals: { maxPercentage: 20 } });
    await Promise.all(GOING.slice(0, 6).map(key => model.look([key])));
    expect(model.catalog.removals).toEqual([]);
    await model.refresh(FAIR);
    expect(model.catalog.removals).toEqual([]);
    expect(model.reports.at(-1)?.organizations[0]?.removals.heldBack).toEqual([
      expect.objectContaining({ grade: 'deselected', count: 60 }),
    ]);
  });

  it('go as before once a refresh has looked at all of them', async () => {
    await disable(GOING.slice(0, 6));
    await model.refresh(FAIR);
    await disable(GOING.slice(6, 8));
    expect(model.catalog.entities.size).toBe(52);
  });

  it('leave to a refresh that is under way what it has not read to the end: an entity that moves to another repository is never gone', async () => {
    const [from = '', to = '', other = ''] = REPOSITORIES;
    model.world = {
      ...model.world,
      [from]: { names: [], revision: 1, state: 'listed' },
      [to]: { names: ['c0', 'c1'], revision: 1, state: 'listed' },
    };
    let goOn: () => void = () => {};
    model.heldUp.set(to, new Promise(resolve => (goOn = resolve)));
    const refreshing = model.refresh(FAIR);
    await until('the one repository to be written down', async () => {
      const marked = await model.marked();
      return marked.includes('component:default/c0');
    });
    await model.look([other]);
    goOn();
    await refreshing;
    expect(model.catalog.removals).toEqual([]);
    expect(model.catalog.entities.get('component:default/c0')?.title).toBe(
      `${to} at 1`,
    );
  });
});
