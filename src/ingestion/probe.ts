import { brokenLinkError } from '../azure/links';
import { isRejectedByLimiter, isTooLarge } from '../azure/errors';
import type {
  AzureDevOpsClient,
  ListingOutcome,
  PresentListing,
  Repository,
  VersionRef,
} from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import { chunks } from '../ledger/rows';
import {
  excessOf,
  holdingsFound,
  holdingsOf,
  replace,
  sumOf,
  REPOSITORY_BUDGET,
  type Holdings,
} from '../policy/budget';
import type { KnownDescriptor, PathObservation } from '../policy/model';
import type { DescriptorParser, ReadText } from './descriptor-parser';
import type { Turns } from '../concurrency';
import { errorOf } from '../thrown';

const KIBIBYTE = 1_024;
const MEBIBYTE = 1_024 * KIBIBYTE;

/** How large an answer may be, in bytes: `light`, of which many are in memory at a time, and `whole`, which is read in turn, one at a time in the process. */
const ANSWER_BYTES = {
  file: { light: 128 * KIBIBYTE, whole: 16 * MEBIBYTE },
  listing: { light: 2 * MEBIBYTE, whole: 256 * MEBIBYTE },
} as const;
/** PostgreSQL has paths in an index, whose entries are 2,704 bytes long at most. */
const LONGEST_PATH = 2_000;
/** How many files that are gone are handed on at a time. */
const SLICE = 500;
/** How many files are asked for in one request. */
const TOGETHER = 200;

/** What came of one look at one repository, beside what was handed on. */
export interface ProbeFindings {
  /** The files that are as the ledger has them. */
  readonly unchanged: readonly PathObservation[];
  /** Why the rest is unknown; absent when there is no rest. */
  readonly unknown?: Error;
  /** What the look was broken off for: an abort, or that the service throttles for longer than requests wait. */
  readonly brokenOff?: { readonly reason: unknown };
}

/** A repository that gives more than one may, or takes longer to read. What it gave before stays. */
export class OverBudgetError extends Error {
  override readonly name = 'OverBudgetError';
}

interface ProbeInput {
  readonly client: AzureDevOpsClient;
  readonly parser: DescriptorParser;
  readonly turns: Turns;
  readonly repository: Repository;
  readonly settings: Pick<ProviderSettings, 'branch' | 'paths'>;
  readonly known: readonly KnownDescriptor[];
  /** Whether the files are likely to have changed: then their text comes with the first request. */
  readonly expectChange: boolean;
  /** Takes what was found out as soon as it is; waits while too much is on its way to the database. */
  readonly handOn: (found: readonly PathObservation[]) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * One look at one repository for its descriptors. What is neither positively
 * there nor positively gone ends in `unknown`, and costs only itself. Whatever is
 * found out is handed on at once, what is gone first.
 *
 * An abort breaks the look off, and so does it when the service throttles for
 * longer than requests wait: the other files would fare the same. A repository
 * beyond its budget is read no further.
 */
export async function probeRepository(
  input: ProbeInput,
): Promise<ProbeFindings> {
  return await new Probe(input).run();
}

type File = PresentListing['items'][number];

class Probe {
  private readonly known: ReadonlyMap<string, KnownDescriptor>;
  private readonly unchanged: PathObservation[] = [];
  private unknown: Error | undefined;
  /** What the repository gives, as far as that is known by now. */
  private holdings: Holdings;
  private parsingMs = 0;
  private readsSingly = false;

  constructor(private readonly input: ProbeInput) {
    this.known = new Map(input.known.map(it => [it.path, it]));
    this.holdings = sumOf(input.known.map(holdingsOf));
  }

  async run(): Promise<ProbeFindings> {
    const { unchanged } = this;
    try {
      await this.handOnDeselected();
      const files = await this.listAll();
      for (const path of this.input.settings.paths) {
        if (path.kind === 'literal') {
          await this.attempt(() => this.readItem(path.path));
        }
      }
      await this.readAll(files);
    } catch (reason) {
      return reason instanceof OverBudgetError
        ? { unchanged, unknown: reason }
        : { unchanged, brokenOff: { reason } };
    }
    return { unchanged, unknown: this.unknown };
  }

  /** Whatever fails, fails alone: the other files and patterns go on. */
  private async attempt(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      this.input.signal?.throwIfAborted();
      if (isRejectedByLimiter(error) || error instanceof OverBudgetError) {
        throw error;
      }
      this.unknown = errorOf(error);
    }
  }

  private async handOnDeselected(): Promise<void> {
    const { known, settings, handOn } = this.input;
    const deselected = known.filter(
      ({ path }) => !settings.paths.some(it => it.matches(path)),
    );
    this.forget(deselected);
    for (const some of chunks(deselected, SLICE)) {
      await handOn(
        some.map(({ path }) => ({
          outcome: 'deselected',
          path,
          reason: 'the configuration no longer asks for the path',
        })),
      );
    }
  }

  /** Finds the files of all globs, hands on which are gone, and returns those to be read, each once. */
  private async listAll(): Promise<File[]> {
    const present = new Map<string, File>();
    const gone = new Map<string, string>();
    for (const pattern of this.input.settings.paths) {
      if (pattern.kind === 'glob') {
        await this.attempt(async () => {
          const isKnown = this.input.known.some(it => pattern.matches(it.path));
          const listing = await this.list(pattern.scopePath, isKnown);
          const files = listing.outcome === 'present' ? listing.items : [];
          const found = files.filter(({ path }) => pattern.matches(path));
          const paths = new Set(found.map(({ path }) => path));
          found.forEach(file => present.set(file.path, file));
          const [odd] = listing.outcome === 'present' ? listing.odd : [];
          for (const { path } of this.input.known) {
            if (pattern.matches(path) && !paths.has(path)) {
              if (odd) {
                throw new Error(
                  `the listing of ${pattern.scopePath} lacks ${path}, but ${odd.seen}`,
                );
              }
              gone.set(
                path,
                listing.outcome === 'absent'
                  ? listing.message
                  : `the listing of ${pattern.scopePath} no longer has the file`,
              );
            }
          }
        });
      }
    }
    // A path that two patterns match is there if either finds it.
    present.forEach((_file, path) => gone.delete(path));
    this.forget(this.input.known.filter(({ path }) => gone.has(path)));
    for (const some of chunks([...gone], SLICE)) {
      await this.input.handOn(
        some.map(([path, reason]) => ({ outcome: 'absent', path, reason })),
      );
    }
    return [...present.values()].filter(file => !this.noteUnchanged(file));
  }

  /** @param confirm - whether something in the catalog would go with the folder */
  private async list(
    scopePath: string,
    confirm: boolean,
  ): Promise<ListingOutcome> {
    const { client, settings, repository, turns, signal } = this.input;
    const ask = async (maxBytes: number) =>
      await client.listItems({
        repository: repository.id,
        listed: repository,
        path: scopePath,
        version: this.version,
        isFollowed: path => settings.paths.some(it => it.matches(path)),
        confirm,
        maxBytes,
        signal,
      });
    const { light, whole } = ANSWER_BYTES.listing;
    return (
      (await unlessTooLarge(() => ask(light))) ??
      (await turns.take(() => ask(whole), signal))
    );
  }

  private async readItem(path: string): Promise<void> {
    const { client, parser, repository, expectChange, signal } = this.input;
    this.checkParsingTime(path);
    const { light } = ANSWER_BYTES.file;
    const known = this.known.get(path);
    const request = {
      repository: repository.id,
      listed: repository,
      path,
      version: this.version,
      // Nothing that is in the catalog goes on the word of one answer.
      confirm: known !== undefined,
      signal,
    };
    const look = async () =>
      await client.readItem({ ...request, content: false });
    let item =
      known && !expectChange && this.isTrusted(known)
        ? await look()
        : undefined;
    if (!item || (item.outcome === 'present' && !this.isUnchanged(item))) {
      // Where its text is too large for this, the file is there all the same.
      item =
        (await unlessTooLarge(() =>
          client.readItem({ ...request, content: true, maxBytes: light }),
        )) ?? (await look());
    }
    if (item.outcome === 'absent') {
      await this.input.handOn([
        { outcome: 'absent', path, reason: item.message },
      ]);
      return;
    }
    const { objectId, content } = item;
    if (this.noteUnchanged({ path, objectId })) {
      return;
    }
    const file = { repository, path, objectId };
    const handOn = (found: PathObservation) => this.handOn(found, path);
    if (content === undefined) {
      this.parsingMs += await parser.parseBlob(
        file,
        this.downloadOf(objectId, { isLarge: true }),
        handOn,
      );
    } else {
      await othersFirst();
      this.parsingMs += await parser.parse(file, content, handOn);
    }
  }

  /** Reads files: the small ones many at a time, as long as that is to be had, and every other by itself. */
  private async readAll(files: readonly File[]): Promise<void> {
    let together = TOGETHER;
    for (let start = 0; start < files.length;) {
      const some = files.slice(start, start + together);
      const wanted = new Set(some.map(({ objectId }) => objectId));
      const blobs = await this.readTogether([...wanted]);
      for (const [index, file] of some.entries()) {
        const where = `file ${start + index + 1} of ${files.length}`;
        await this.attempt(() =>
          this.readBlob(file, where, blobs?.get(file.objectId)),
        );
      }
      start += some.length;
      // Not many more than one answer had room for.
      together =
        blobs && blobs.size < wanted.size / 2
          ? Math.max(blobs.size, 10)
          : Math.min(TOGETHER, together * 2);
    }
  }

  /** @returns `undefined` where nothing was asked, or the service does not answer such a request */
  private async readTogether(
    objectIds: readonly string[],
  ): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
    const { client, parser, repository, signal } = this.input;
    const unknown = objectIds.filter(id => !parser.knows(id));
    if (unknown.length < 2 || this.readsSingly) {
      return undefined;
    }
    try {
      return await client.readBlobs({
        repository: repository.id,
        objectIds: unknown,
        maxBytes: ANSWER_BYTES.file.light,
        signal,
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (isRejectedByLimiter(error)) {
        throw error;
      }
      // Whatever it is, each file can be read by itself, or says why not.
      this.readsSingly = !isTooLarge(error);
      return new Map();
    }
  }

  /**
   * @param where - in words, for a repository beyond its budget
   * @param bytes - where they are already here
   */
  private async readBlob(
    file: File,
    where: string,
    bytes: Uint8Array | undefined,
  ): Promise<void> {
    const { client, parser, repository } = this.input;
    const { path, objectId, broken } = file;
    if (broken) {
      throw brokenLinkError(client.organization, repository.name, broken);
    }
    checkLength(path);
    this.checkParsingTime(`${path}, ${where}`);
    this.parsingMs += await parser.parseBlob(
      { repository, path, objectId },
      bytes ? async () => textOf(bytes) : this.downloadOf(objectId),
      found => this.handOn(found, `${path}, ${where}`),
    );
  }

  private downloadOf(
    objectId: string,
    { isLarge = false }: { isLarge?: boolean } = {},
  ): ReadText {
    const { client, repository, signal } = this.input;
    return async extent => {
      if (extent === 'light' && isLarge) {
        return undefined;
      }
      const bytes = await unlessTooLarge(() =>
        client.readBlob({
          repository: repository.id,
          objectId,
          maxBytes: ANSWER_BYTES.file[extent],
          signal,
        }),
      );
      await othersFirst();
      return bytes && textOf(bytes);
    };
  }

  /** @throws OverBudgetError instead, where the repository would give more than it may */
  private async handOn(found: PathObservation, where: string): Promise<void> {
    if (found.outcome === 'present') {
      const known = this.known.get(found.path);
      const total = replace(
        this.holdings,
        known && holdingsOf(known),
        holdingsFound(found),
      );
      const excess = excessOf(REPOSITORY_BUDGET, this.holdings, total);
      if (excess !== undefined) {
        throw new OverBudgetError(`with ${where}, it gives ${excess}`);
      }
      this.holdings = total;
    }
    await this.input.handOn([found]);
  }

  /** @throws OverBudgetError */
  private checkParsingTime(where: string): void {
    const { parsingMs } = REPOSITORY_BUDGET;
    if (this.parsingMs > parsingMs) {
      throw new OverBudgetError(
        `before ${where}, its files took the YAML parser ${Math.round(this.parsingMs / 1_000)} s, and a repository may take it ${Math.round(parsingMs / 1_000)} s in one refresh; the next one goes on from there`,
      );
    }
  }

  private forget(gone: readonly KnownDescriptor[]): void {
    this.holdings = replace(
      this.holdings,
      sumOf(gone.map(holdingsOf)),
      sumOf([]),
    );
  }

  /** Whether a file is as the ledger has it, so that nothing is to be read again. */
  private isUnchanged({ path, objectId }: File): boolean {
    const known = this.known.get(path);
    return known?.objectId === objectId && this.isTrusted(known);
  }

  /** The same; notes it if so. */
  private noteUnchanged(file: File): boolean {
    const { path, objectId } = file;
    const isSame = this.isUnchanged(file);
    if (isSame) {
      const signature = this.input.parser.signature(
        this.input.repository,
        path,
      );
      this.unchanged.push({ outcome: 'unchanged', path, objectId, signature });
    }
    return isSame;
  }

  /** Whether the same object id means that nothing is to be read again. */
  private isTrusted(known: KnownDescriptor): boolean {
    const { parser, repository } = this.input;
    return (
      known.removal === undefined &&
      known.claims.every(claim => claim.removal === undefined) &&
      known.signature === parser.signature(repository, known.path)
    );
  }

  private get version(): VersionRef | undefined {
    const { branch } = this.input.settings;
    return branch === undefined
      ? undefined
      : { type: 'branch', version: branch };
  }
}

/** Without a copy of the bytes. */
function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
}

function checkLength(path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes > LONGEST_PATH) {
    throw new Error(
      `the path ${path.slice(0, 80)}… has ${bytes} bytes, and ${LONGEST_PATH} are the most: move the file, or change the setting \`path\``,
    );
  }
}

/**
 * Lets the answers that have arrived meanwhile be taken first: each makes room
 * for the next request, which is then on its way while texts are parsed.
 */
async function othersFirst(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

async function unlessTooLarge<T>(
  read: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isTooLarge(error)) {
      return undefined;
    }
    throw error;
  }
}
