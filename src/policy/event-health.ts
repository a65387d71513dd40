/** How the events of one project fare. */
export interface EventRecord {
  /** When the last event came, in milliseconds since 1970. */
  readonly lastEventAt: number;
  /** How many refreshes found changes since then. */
  readonly unannounced: number;
}

/** A refresh may find a change before its event is delivered, or what no event announces; so many that do in a row are no chance. */
const ENOUGH = 3;
/** A delivery may be queued for some time. */
const PATIENCE_MS = 3_600_000;

/** Whether events of a project came once, and come no more while there is something to announce. Pure. @param now - milliseconds since 1970 */
export function hasFallenSilent(
  { lastEventAt, unannounced }: EventRecord,
  now: number,
): boolean {
  return unannounced >= ENOUGH && Math.abs(now - lastEventAt) >= PATIENCE_MS;
}
