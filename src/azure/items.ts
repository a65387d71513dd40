import { VersionControlRecursionType } from 'azure-devops-node-api/interfaces/GitInterfaces';
import type { LRUCache } from 'lru-cache';
import { confirmAbsence, despiteChanges, orAbsent } from './absence';
import { ARCHIVE_FROM } from './archive';
import type { BlobMethods } from './blobs';
import { type AzureDevOpsRequestError, unlessDiskFails } from './errors';
import {
  brokenLinkError,
  followLinks,
  linkTarget,
  loop,
  MOST_STEPS,
} from './links';
import {
  contentOf,
  type ItemQuestion,
  parseFolderNames,
  parseItem,
  parseItems,
} from './parse-items';
import {
  describeRepository,
  describeVersion,
  LIMITS,
  type Requests,
  toDescriptor,
} from './requests';
import type {
  AbsentItem,
  ArchiveOptions,
  AzureDevOpsClient,
  BlobOptions,
  BrokenLink,
  ItemOptions,
  ItemOutcome,
  ListedItem,
  ListingOptions,
  ListingOutcome,
  PathOptions,
  PresentItem,
  SizeOption,
  VersionRef,
} from './types';

/** What symbolic links contain, by object id, which stands for one content for ever. */
export type LinkTexts = LRUCache<string, string>;

/** A file that may be a link. */
type UnfollowedItem = PresentItem & { readonly isSymLink: boolean };

/** For messages. */
const LISTINGS = {
  [VersionControlRecursionType.None]: 'look up',
  [VersionControlRecursionType.OneLevel]: 'list what is in',
  [VersionControlRecursionType.Full]: 'list the files below',
} as const;

/** Files and folders by their paths: what is there, through symbolic links, and what is positively not. */
export function itemMethods(
  requests: Requests,
  blobs: BlobMethods,
  linkTexts: LinkTexts,
): Pick<
  AzureDevOpsClient,
  'readItem' | 'listItems' | 'getTreeId' | 'resolveFolders'
> {
  const items = new Items(requests, blobs, linkTexts);
  return {
    readItem: options => despiteChanges(options, it => items.readItem(it)),
    listItems: options => despiteChanges(options, it => items.listItems(it)),
    getTreeId: options => items.getTreeId(options),
    resolveFolders: options => items.resolveFolders(options),
  };
}

class Items {
  constructor(
    private readonly requests: Requests,
    private readonly blobs: BlobMethods,
    private readonly linkTexts: LinkTexts,
  ) {}

  async readItem(options: ItemOptions): Promise<ItemOutcome> {
    const asked = options.path;
    let path = asked;
    for (let steps = 0; steps <= MOST_STEPS; steps++) {
      const item = await this.#readUnfollowed({ ...options, path });
      if (item.outcome === 'absent') {
        const { reason, message } = item;
        await this.#confirmAbsence({ ...options, path }, reason);
        return steps === 0
          ? item
          : {
              outcome: 'absent',
              reason,
              message: `${message} The symbolic link ${asked} leads to it.`,
            };
      }
      const { outcome, objectId, content, isSymLink } = item;
      if (!isSymLink) {
        return {
          outcome,
          path: steps === 0 ? item.path : asked,
          objectId,
          content,
        };
      }
      const text = content ?? (await this.#linkText(options, item));
      const target = linkTarget(path, text);
      if ('broken' in target) {
        throw this.#brokenLink(options, target.broken);
      }
      path = target.to;
    }
    throw this.#brokenLink(options, loop(asked));
  }

  async listItems(options: ListingOptions): Promise<ListingOutcome> {
    const { path, isFollowed = () => false } = options;
    let listed = path;
    let listing = await this.#listUnfollowed(options);
    if (listing.outcome === 'absent') {
      await this.#confirmAbsence(options, listing.reason);
    }
    const texts = new Map<string, string>();
    for (;;) {
      if (listing.outcome === 'absent') {
        return listing;
      }
      const { outcome, commitId, treeId, items, odd } = listing;
      const version = commitVersion(commitId) ?? options.version;
      const followed = followLinks(
        { listed, items },
        texts,
        link => isBelowOrSame(link, path) && isFollowed(link),
      );
      if (followed.leavesListing && listed !== '/') {
        listed = '/';
        listing = await this.#listUnfollowed({
          ...options,
          path: listed,
          version,
        });
      } else if (followed.unread.length > 0) {
        const folder = { ...options, folder: listed, version };
        await this.#readLinks(folder, followed.unread, texts);
      } else {
        return {
          outcome,
          commitId,
          treeId: listed === path ? treeId : undefined,
          odd,
          items: followed.items.filter(item => isBelowOrSame(item.path, path)),
        };
      }
    }
  }

  async getTreeId(options: PathOptions): Promise<string | undefined> {
    const folder = await this.#list(
      { ...options, maxBytes: LIMITS.repository },
      VersionControlRecursionType.None,
      parseItems,
    );
    return folder.outcome === 'present' ? folder.treeId : undefined;
  }

  async resolveFolders(options: PathOptions): Promise<string | undefined> {
    const names = options.path.split('/').slice(1);
    // What is there decides: no link stands above a folder that is found.
    for (let depth = names.length - 1; depth > 0; depth--) {
      const path = `/${names.slice(0, depth).join('/')}`;
      const item = await this.#readUnfollowed({
        ...options,
        path,
        content: false,
      });
      if (item.outcome === 'present') {
        if (!item.isSymLink) {
          return undefined;
        }
        const target = linkTarget(path, await this.#linkText(options, item));
        if ('broken' in target) {
          throw this.#brokenLink(options, target.broken);
        }
        const folder = target.to === '/' ? '' : target.to;
        return [folder, ...names.slice(depth)].join('/');
      }
      if (item.reason !== 'item-not-found') {
        return undefined;
      }
    }
    return undefined;
  }

  /** A file as it is, a link included. */
  async #readUnfollowed(
    options: ItemOptions,
  ): Promise<UnfollowedItem | AbsentItem> {
    const { repository, path, version, content, signal } = options;
    const { maxBytes = LIMITS.item } = options;
    const item = await orAbsent(() =>
      this.requests.git(
        {
          signal,
          operation: `read ${path} of ${describeRepository(options)}${describeVersion(version)}`,
          names: [repository],
          maxBytes,
          parse: json => parseItem(json, options),
          subject: options,
        },
        git =>
          git.getItem(
            repository,
            path,
            undefined,
            undefined,
            undefined,
            content,
            undefined,
            undefined,
            toDescriptor(version),
            content,
          ),
      ),
    );
    if (item.outcome === 'absent') {
      return item;
    }
    if (!item.isFile) {
      return {
        outcome: 'absent',
        reason: 'not-a-file',
        message: `${path} is not a file`,
      };
    }
    const { outcome, objectId, isSymLink } = item;
    return {
      outcome,
      path: item.path,
      objectId,
      isSymLink,
      // As Backstage's own reader would see it: the file's bytes, decoded as UTF-8.
      content: content
        ? (contentOf(item) ?? (await this.#readText({ ...options, objectId })))
        : undefined,
    };
  }

  /** The files below a folder as they are, links included. */
  #listUnfollowed(options: ListingOptions): Promise<ListingOutcome> {
    return this.#list(options, VersionControlRecursionType.Full, parseItems);
  }

  async #list<T>(
    options: ListingOptions,
    depth: keyof typeof LISTINGS,
    parse: (json: unknown, question: ItemQuestion) => T,
  ): Promise<T | AbsentItem> {
    const { repository, path, version, signal } = options;
    const { maxBytes = LIMITS.listing } = options;
    return await orAbsent(() =>
      this.requests.git(
        {
          signal,
          operation: `${LISTINGS[depth]} ${path} of ${describeRepository(options)}${describeVersion(version)}`,
          names: [repository],
          maxBytes,
          compress: true,
          parse: json => parse(json, options),
          subject: options,
        },
        git =>
          git.getItems(
            repository,
            undefined,
            path,
            depth,
            undefined,
            undefined,
            undefined,
            undefined,
            toDescriptor(version),
          ),
      ),
    );
  }

  /** @throws where another answer does not agree that something is not there */
  async #confirmAbsence(
    options: ListingOptions,
    reason: AbsentItem['reason'],
  ): Promise<void> {
    await confirmAbsence(this.requests.organization, options, reason, folder =>
      this.#list(
        { ...folder, maxBytes: LIMITS.folder },
        VersionControlRecursionType.OneLevel,
        parseFolderNames,
      ),
    );
  }

  /** Reads where links lead, as an archive if they are many. */
  async #readLinks(
    folder: ArchiveOptions,
    links: readonly ListedItem[],
    texts: Map<string, string>,
  ): Promise<void> {
    const unknown = links.filter(link => !this.linkTexts.get(link.objectId));
    const download =
      unknown.length >= ARCHIVE_FROM
        ? await unlessDiskFails(() => this.blobs.downloadArchive(folder))
        : undefined;
    const archive = download?.outcome === 'present' ? download : undefined;
    try {
      for (const { path, objectId } of archive ? unknown : []) {
        const content = await archive?.read(path, objectId);
        if (Buffer.isBuffer(content)) {
          this.linkTexts.set(objectId, content.toString('utf8'));
        }
      }
    } finally {
      await archive?.close();
    }
    await Promise.all(
      links.map(async link =>
        texts.set(link.objectId, await this.#linkText(folder, link)),
      ),
    );
  }

  async #linkText(
    { repository, signal }: Omit<BlobOptions, 'objectId'>,
    { path, objectId }: Pick<ListedItem, 'path' | 'objectId'>,
  ): Promise<string> {
    const known = this.linkTexts.get(objectId);
    if (known !== undefined) {
      return known;
    }
    const maxBytes = LIMITS.link;
    const blob = { repository, path, objectId, signal, maxBytes };
    const text = await this.#readText(blob);
    this.linkTexts.set(objectId, text);
    return text;
  }

  async #readText(options: BlobOptions & SizeOption): Promise<string> {
    const bytes = await this.blobs.readBlob(options);
    return Buffer.from(bytes).toString('utf8');
  }

  #brokenLink(
    options: PathOptions,
    broken: BrokenLink,
  ): AzureDevOpsRequestError {
    const repository = describeRepository(options);
    return brokenLinkError(this.requests.organization, repository, broken);
  }
}

function commitVersion(commitId: string | undefined): VersionRef | undefined {
  return commitId === undefined
    ? undefined
    : { type: 'commit', version: commitId };
}

function isBelowOrSame(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
