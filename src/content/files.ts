import type {
  AbsentItem,
  AzureDevOpsClient,
  ItemOutcome,
  Repository,
  VersionRef,
} from '../azure/types';
import type { ProjectActivity } from './activity';
import type { Blobs } from './blobs';
import { LeastRecentlyUsed } from './cache';
import type { AnnouncedChanges } from './changes';
import { isTooLarge } from './errors';
import type { LastGood } from './last-good';
import { SharedOperations } from './shared-operations';

/** So many files are remembered, without their content; some hundred bytes each. */
const MOST_FILES = 50_000;

/** Which file to read. */
export interface FileAddress {
  readonly repository: Repository;
  readonly path: string;
  readonly version?: VersionRef;
}

export interface ReadFileOptions {
  readonly signal?: AbortSignal;
  /** What was said at most so long ago is taken for true, in milliseconds; 0 asks the service. */
  readonly maxAgeMs: number;
  /** The object id that the caller has content for already: as long as it holds, no content is needed. */
  readonly knownObjectId?: string;
}

export interface PresentFile {
  readonly outcome: 'present';
  /** As the service spells it. */
  readonly path: string;
  readonly objectId: string;
  /** Since when at least the file has had this content, in milliseconds: it was so when first seen, and ever since. */
  readonly sameSince: number;
  content(signal?: AbortSignal): Promise<Buffer>;
}

interface Sighting {
  readonly path: string;
  readonly objectId: string;
  readonly sameSince: number;
  readonly verifiedAt: number;
  readonly ticket: number;
}

/** What asking gave; `content` only if it came along. */
type Answer = (Sighting & { content?: Buffer }) | AbsentItem;

/** Reads files, each content once. */
export class Files {
  readonly #blobs: Blobs;
  readonly #changes: AnnouncedChanges;
  readonly #activity: ProjectActivity;
  readonly #lastGood: LastGood;
  readonly #now: () => number;
  readonly #seen = new LeastRecentlyUsed<Sighting>(MOST_FILES);
  readonly #asking = new SharedOperations<Answer>();

  constructor(options: {
    blobs: Blobs;
    changes: AnnouncedChanges;
    activity: ProjectActivity;
    lastGood: LastGood;
    now: () => number;
  }) {
    this.#blobs = options.blobs;
    this.#changes = options.changes;
    this.#activity = options.activity;
    this.#lastGood = options.lastGood;
    this.#now = options.now;
  }

  /**
   * One file: that it is there, with its object id, or that it is positively not.
   *
   * @throws `AzureDevOpsRequestError`, `CredentialError`, or the signal's reason
   */
  async read(
    client: AzureDevOpsClient,
    file: FileAddress,
    options: ReadFileOptions,
  ): Promise<PresentFile | AbsentItem> {
    const key = keyOf(client, file);
    const seen = this.#seen.get(key);
    if (seen && (await this.#holds(client, file.repository, seen, options))) {
      return this.#present(client, file, seen);
    }
    const known = options.knownObjectId ?? seen?.objectId;
    // Who has the content asks for the object id alone; the others get both at once.
    const withContent =
      known === undefined ||
      (options.knownObjectId === undefined && !this.#blobs.get(known));
    const reading = {
      organization: client.organization,
      what: `${file.path} of repository ${file.repository.name}`,
      signal: options.signal,
    };
    const answer = await this.#lastGood.standsInFor(seen, reading, waiting =>
      this.#asking.run(`${key}\n${withContent}`, waiting, signal =>
        this.#ask(client, file, key, withContent, signal),
      ),
    );
    return 'outcome' in answer ? answer : this.#present(client, file, answer);
  }

  async #ask(
    client: AzureDevOpsClient,
    file: FileAddress,
    key: string,
    withContent: boolean,
    signal: AbortSignal,
  ): Promise<Answer> {
    const verifiedAt = this.#now();
    const ticket = this.#changes.ticket();
    const item = await readItem(client, file, withContent, signal);
    if (item.outcome === 'absent') {
      this.#seen.delete(key);
      return item;
    }
    const before = this.#seen.get(key);
    const sighting: Sighting = {
      path: item.path,
      objectId: item.objectId,
      sameSince:
        before?.objectId === item.objectId ? before.sameSince : this.#now(),
      verifiedAt,
      ticket,
    };
    // Of two answers that cross, the one that was asked for later counts.
    if (!before || before.verifiedAt <= verifiedAt) {
      this.#seen.set(key, sighting);
    }
    const content =
      item.content === undefined
        ? undefined
        : this.#blobs.keepText(item.objectId, item.content);
    return { ...sighting, content };
  }

  #present(
    client: AzureDevOpsClient,
    file: FileAddress,
    seen: Sighting & { content?: Buffer },
  ): PresentFile {
    return {
      outcome: 'present',
      path: seen.path,
      objectId: seen.objectId,
      sameSince: seen.sameSince,
      content: async signal =>
        seen.content ??
        (await this.#blobs.read(client, file.repository.id, seen.objectId, {
          signal,
        })),
    };
  }

  /** Whether what was seen need not be asked for again. */
  async #holds(
    client: AzureDevOpsClient,
    repository: Repository,
    seen: Sighting,
    { maxAgeMs, signal }: ReadFileOptions,
  ): Promise<boolean> {
    if (
      maxAgeMs === 0 ||
      !this.#changes.isCurrent(repository.id, seen.ticket)
    ) {
      return false;
    }
    return (
      this.#now() - seen.verifiedAt < maxAgeMs ||
      (await this.#activity.vouchesFor(client, repository, seen, signal))
    );
  }
}

/** The item with its content, unless that is more than an answer with text may hold: then it is read as a blob. */
async function readItem(
  client: AzureDevOpsClient,
  file: FileAddress,
  content: boolean,
  signal: AbortSignal,
): Promise<ItemOutcome> {
  const { path, version } = file;
  const request = { repository: file.repository.id, path, version, signal };
  try {
    return await client.readItem({ ...request, content });
  } catch (error) {
    if (content && isTooLarge(error)) {
      return await client.readItem({ ...request, content: false });
    }
    throw error;
  }
}

function keyOf(client: AzureDevOpsClient, file: FileAddress): string {
  return [
    client.organization.key,
    file.repository.id,
    file.version ? `${file.version.type}:${file.version.version}` : '',
    file.path,
  ].join('\n');
}
