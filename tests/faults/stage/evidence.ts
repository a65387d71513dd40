import type { Refreshed } from '../../support/backend';
import { compare, describeDifference, isSame } from './judge';
import type { Picture } from './picture';
import type { RowOutcome } from './row';
import type { Stage } from './stage';

/** How many refreshes are tried before a catalog is given up. */
const PATIENCE = 6;

/** Gathers, over the rounds of a row, whether anything was ever lost. */
export class Evidence {
  private readonly lost = new Set<string>();
  private readonly wronglyKept = new Set<string>();
  private readonly failures: string[] = [];
  private refreshesUntilWhole: number | undefined = 0;
  /** By reference, from when the catalog was last whole. */
  private uids: ReadonlyMap<string, string> = new Map();
  private whole: Picture = new Map();

  constructor(private readonly stage: Stage) {}

  /** At whatever moment: what should be there before as after is there now. */
  async nothingIsLost(truth: Picture): Promise<void> {
    const { entities } = await this.stage.snapshot();
    for (const reference of this.whole.keys()) {
      if (truth.has(reference) && !entities.has(reference)) {
        this.lost.add(reference);
      }
    }
  }

  /** Refreshes until the catalog holds the truth, and nothing is left to be told. */
  async becomesWhole(
    truth: Picture,
    refresh: () => Promise<Refreshed>,
  ): Promise<void> {
    let told: string | undefined;
    for (let refreshes = 1; refreshes <= PATIENCE; refreshes++) {
      const { error } = await refresh();
      told = error;
      const isWhole = isSame(compare(await this.stage.snapshot(), truth));
      if (isWhole && error === undefined) {
        this.refreshesUntilWhole &&= Math.max(
          this.refreshesUntilWhole,
          refreshes,
        );
        this.refreshesUntilWhole ||= refreshes;
        break;
      }
      if (refreshes === PATIENCE) {
        this.refreshesUntilWhole = undefined;
      }
    }
    const snapshot = await this.stage.snapshot();
    const difference = compare(snapshot, truth);
    difference.missing.forEach(reference => this.lost.add(reference));
    difference.surplus.forEach(reference => this.wronglyKept.add(reference));
    snapshot.errors.forEach(reference => this.wronglyKept.add(reference));
    if (!isSame(difference) || told !== undefined) {
      this.fail(`${describeDifference(difference)} ${told ?? ''}`);
    }
    for (const [reference, { uid }] of snapshot.entities) {
      const former = this.uids.get(reference);
      // What is in the catalog all the time is the same entity all the time.
      if (this.whole.has(reference) && former !== undefined && former !== uid) {
        this.lost.add(`${reference} (another uid)`);
      }
    }
    this.whole = truth;
    this.uids = new Map(
      [...snapshot.entities].map(([reference, { uid }]) => [reference, uid]),
    );
  }

  fail(failure: string): void {
    this.failures.push(failure);
  }

  outcome(told: string): RowOutcome {
    return {
      lost: [...this.lost],
      wronglyKept: [...this.wronglyKept],
      refreshesUntilWhole: this.refreshesUntilWhole,
      told,
      failures: this.failures,
    };
  }
}
