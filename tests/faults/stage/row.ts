/** How thorough a run is. */
export interface Scale {
  /** How many processes are killed in the midst of a refresh. */
  readonly killPoints: number;
  /** How many rounds replicas work against each other. */
  readonly interleavings: number;
  /** How long the database is gone, in milliseconds. */
  readonly databaseOutageMs: number;
}

/** What `npm test` runs. */
export const BRIEF: Scale = {
  killPoints: 10,
  interleavings: 2,
  databaseOutageMs: 3_000,
};

/** What `npm run test:faults -- --full` runs. */
export const FULL: Scale = {
  killPoints: 50,
  interleavings: 20,
  databaseOutageMs: 60_000,
};

/** How a row ended. */
export interface RowOutcome {
  /** Entities that should have been in the catalog, and at some moment were not. */
  readonly lost: readonly string[];
  /** Entities that were in the catalog after recovery and should not have been. */
  readonly wronglyKept: readonly string[];
  /** Absent where the fault strikes all organizations alike. */
  readonly othersUndisturbed?: boolean;
  /** From the end of the fault on; absent when it was not whole again in time. */
  readonly refreshesUntilWhole?: number;
  /** The error of the refresh while the fault lasted, or what else its report showed. */
  readonly reported: string;
  /** What was not as the row had declared. */
  readonly failures: readonly string[];
}

/** One row of the table. What should happen is stated before anything is done. */
export interface Row {
  readonly group: number;
  readonly name: string;
  readonly injected: string;
  readonly expected: string;
  run(scale: Scale): Promise<RowOutcome>;
}

/** A row that was run. */
export interface RowResult extends RowOutcome {
  readonly group: number;
  readonly name: string;
  readonly injected: string;
  readonly expected: string;
  readonly seconds: number;
}

/** Runs a row; one that breaks off has failed. */
export async function runRow(row: Row, scale: Scale): Promise<RowResult> {
  const startedAt = performance.now();
  const { group, name, injected, expected } = row;
  const outcome = await row.run(scale).catch((error: unknown): RowOutcome => ({
    lost: [],
    wronglyKept: [],
    reported: '',
    failures: [error instanceof Error ? (error.stack ?? '') : String(error)],
  }));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { group, name, injected, expected, ...outcome, seconds };
}

/** Everything that is wrong with a row's result; empty when it holds. */
export function failuresOf(result: RowOutcome): string[] {
  const { lost, wronglyKept, othersUndisturbed, refreshesUntilWhole } = result;
  return [
    ...(lost.length > 0 ? [`lost: ${lost.join(', ')}`] : []),
    ...(wronglyKept.length > 0
      ? [`wrongly kept: ${wronglyKept.join(', ')}`]
      : []),
    ...(othersUndisturbed === false
      ? ['the other organizations were disturbed']
      : []),
    ...(refreshesUntilWhole === undefined ? ['not whole again'] : []),
    ...result.failures,
  ];
}
