import { setTimeout as wait } from 'node:timers/promises';
import { formatProgress } from './report';
import {
  type CatalogContent,
  type Ingestion,
  expectedEntities,
  isFinished,
} from './summary';

const LOOK_EVERY_MS = 250;
const PRINT_EVERY_MS = 1_000;

/** How long the catalog may go without a further entity before it counts as stuck. */
const STALLED_AFTER_MS = 30_000;

interface FollowOptions {
  /** The product's own account. */
  readonly ingestion: () => Ingestion;
  /** The catalog's account. */
  readonly catalog: () => Promise<CatalogContent>;
  readonly print: (line: string) => void;
  /** Milliseconds, only ever compared with each other. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

interface Followed {
  readonly ingestion: Ingestion;
  readonly catalog: CatalogContent;
  /** Set where the catalog does not have what the ingestion gave it. */
  readonly disagreement?: string;
}

/**
 * Prints how the ingestion goes on until every organization's first refresh has
 * ended and the catalog has processed what it was given.
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const print = sparingly(options);

  let ingestion = options.ingestion();
  while (!isFinished(ingestion)) {
    print(formatProgress(ingestion));
    await wait(LOOK_EVERY_MS, undefined, { signal: options.signal });
    ingestion = options.ingestion();
  }

  const expected = expectedEntities(ingestion);
  let catalog = await options.catalog();
  let changedAt = options.now();
  while (processed(catalog) !== expected) {
    if (options.now() - changedAt > STALLED_AFTER_MS) {
      return {
        ingestion,
        catalog,
        disagreement: `The catalog has processed ${processed(catalog)} entities where the ingestion gave it ${expected}.`,
      };
    }
    print(`Processing: ${processed(catalog)} of ${expected} entities`);
    await wait(LOOK_EVERY_MS, undefined, { signal: options.signal });
    const before = processed(catalog);
    catalog = await options.catalog();
    if (processed(catalog) !== before) changedAt = options.now();
  }
  return { ingestion, catalog };
}

function processed({ emitted, unprocessable }: CatalogContent): number {
  return emitted + unprocessable.length;
}

/** Prints a line that differs from the one before, and not more often than people can read. */
function sparingly(options: Pick<FollowOptions, 'print' | 'now'>) {
  let last: { line: string; at: number } | undefined;
  return (line: string) => {
    const at = options.now();
    if (last && (last.line === line || at - last.at < PRINT_EVERY_MS)) return;
    last = { line, at };
    options.print(line);
  };
}
