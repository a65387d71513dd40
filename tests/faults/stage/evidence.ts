import type { Refreshed } from '../../support/backend';
import { compare, describeDifference, isSame } from './compare';
import type { Drift } from './drift';
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
  /** The uids, when the catalog was last whole, of what was true ever since: they must stay. */
  private steady = new Map<string, string>();

  constructor(
    private readonly stage: Stage,
    private readonly drift: Drift,
  ) {}

  /** What is in the catalog now, and should be, must stay. */
  async begin(): Promise<void> {
    const { truth } = this.drift;
    const { entities } = await this.stage.snapshot();
    this.steady = new Map(
      [...entities].flatMap(([reference, { uid }]) =>
        truth.has(reference) ? [[reference, uid] as const] : [],
      ),
    );
  }

  /** The world changes. */
  step(): void {
    this.drift.step();
    const { truth } = this.drift;
    for (const reference of this.steady.keys()) {
      if (!truth.has(reference)) {
        this.steady.delete(reference);
      }
    }
  }

  /** At whatever moment: what was true all the time is there. */
  async nothingIsLost(): Promise<void> {
    const { entities } = await this.stage.snapshot();
    for (const [reference, uid] of this.steady) {
      const entry = entities.get(reference);
      if (entry?.uid !== uid) {
        this.lost.add(entry ? `${reference} (another uid)` : reference);
      }
    }
  }

  /** Refreshes until the catalog holds the truth, and there is no error. */
  async becomesWhole(refresh: () => Promise<Refreshed>): Promise<void> {
    const { truth } = this.drift;
    let last: string | undefined;
    for (let refreshes = 1; refreshes <= PATIENCE; refreshes++) {
      const { error } = await refresh();
      last = error;
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
    if (!isSame(difference) || last !== undefined) {
      this.fail(`${describeDifference(difference)} ${last ?? ''}`);
    }
    await this.nothingIsLost();
    await this.begin();
  }

  fail(failure: string): void {
    this.failures.push(failure);
  }

  outcome(reported: string): RowOutcome {
    return {
      lost: [...this.lost],
      wronglyKept: [...this.wronglyKept],
      refreshesUntilWhole: this.refreshesUntilWhole,
      reported,
      failures: this.failures,
    };
  }
}
