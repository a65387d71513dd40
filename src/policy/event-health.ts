/** How the events of one project fare. */
export interface EventRecord {
  /** When the last event came, in milliseconds since 1970. */
  readonly lastEventAt: number;
  /** How many refreshes found changes since then. */
  readonly unannounced: number;
  /** When the last event came that named no repository; absent where none did. */
  readonly lastUnnamedAt?: number;
}

/** A refresh may find a change before its event is delivered, or what no event announces; so many that do in a row are no chance. */
const ENOUGH = 3;
/** A delivery may be queued for some time. */
const PATIENCE_MS = 3_600_000;
/** So long after the last one that named no repository it counts as mended. */
const UNNAMED_MS = 24 * 3_600_000;

/** Whether events of a project came once, and come no more while there is something to announce. Pure. @param now - milliseconds since 1970 */
export function hasFallenSilent(
  { lastEventAt, unannounced }: EventRecord,
  now: number,
): boolean {
  return unannounced >= ENOUGH && Math.abs(now - lastEventAt) >= PATIENCE_MS;
}

/**
 * Whether events of a project name no repository, so that each has all of the
 * project looked at: a subscription sends fewer than all details. Pure.
 */
export function namesNoRepository(
  { lastUnnamedAt }: Pick<EventRecord, 'lastUnnamedAt'>,
  now: number,
): boolean {
  return lastUnnamedAt !== undefined && now - lastUnnamedAt < UNNAMED_MS;
}
