import type { LRUCache } from 'lru-cache';
import type { Organization } from '../organization';
import { despiteChanges } from './absence';
import { ARCHIVE_FROM } from './archive';
import type { BlobMethods } from './blobs';
import {
  AzureDevOpsRequestError,
  lastingFault,
  unlessDiskFails,
} from './errors';
import { type ItemRequest, UnfollowedItems } from './items';
import { followLinks, linkTarget, loop, MOST_STEPS } from './links';
import { describeRepository, LIMITS, type Requests } from './requests';
import type {
  AzureDevOpsClient,
  BlobOptions,
  BrokenLink,
  ItemOutcome,
  ListedItem,
  ListingOptions,
  ListingOutcome,
  RequestOptions,
  VersionRef,
} from './types';

/** What symbolic links contain, by object id, which stands for one content for ever. */
export type LinkTexts = LRUCache<string, string>;

/** Files and folders by their paths: what is there, through symbolic links, and what is positively not. */
export function itemMethods(
  requests: Requests,
  blobs: BlobMethods,
  linkTexts: LinkTexts,
): Pick<
  AzureDevOpsClient,
  'readItem' | 'listItems' | 'getTreeId' | 'resolveFolders'
> {
  const items = new UnfollowedItems(requests, blobs);
  const links = new LinkReader(requests.organization, items, blobs, linkTexts);
  return {
    readItem: options => despiteChanges(options, it => links.readItem(it)),
    listItems: options => despiteChanges(options, it => links.listItems(it)),
    getTreeId: options => items.getTreeId(options),
    resolveFolders: options => links.resolveFolders(options),
  };
}

/** Reads files and folders through symbolic links. */
class LinkReader {
  constructor(
    private readonly organization: Organization,
    private readonly items: UnfollowedItems,
    private readonly blobs: BlobMethods,
    private readonly linkTexts: LinkTexts,
  ) {}

  async readItem(options: ItemRequest): Promise<ItemOutcome> {
    const asked = options.path;
    let path = asked;
    for (let steps = 0; steps <= MOST_STEPS; steps++) {
      const item = await this.items.readItem({ ...options, path });
      if (item.outcome === 'absent') {
        const { reason, message } = item;
        await this.items.confirmAbsence({ ...options, path }, reason);
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
    const { scopePath, isFollowed = () => false } = options;
    let listed = scopePath;
    let listing = await this.items.listItems(options);
    if (listing.outcome === 'absent') {
      const question = { ...options, path: scopePath };
      await this.items.confirmAbsence(question, listing.reason);
    }
    const texts = new Map<string, string>();
    for (;;) {
      if (listing.outcome === 'absent') {
        return listing;
      }
      const { outcome, commitId, treeId, items, odd } = listing;
      const followed = followLinks(
        { listed, items },
        texts,
        path => isBelowOrSame(path, scopePath) && isFollowed(path),
      );
      if (followed.leavesListing && listed !== '/') {
        listed = '/';
        const version = commitVersion(commitId) ?? options.version;
        listing = await this.items.listItems({
          ...options,
          scopePath: '/',
          version,
        });
      } else if (followed.unread.length > 0) {
        const version = commitVersion(commitId) ?? options.version;
        const folder = { ...options, folder: listed, version };
        await this.#readLinks(folder, followed.unread, texts);
      } else {
        return {
          outcome,
          commitId,
          treeId: listed === scopePath ? treeId : undefined,
          odd,
          items: followed.items.filter(({ path }) =>
            isBelowOrSame(path, scopePath),
          ),
        };
      }
    }
  }

  async resolveFolders(
    options: Parameters<AzureDevOpsClient['resolveFolders']>[0],
  ): Promise<string | undefined> {
    const names = options.path.split('/').slice(1);
    // What is there decides: no link stands above a folder that is found.
    for (let depth = names.length - 1; depth > 0; depth--) {
      const path = `/${names.slice(0, depth).join('/')}`;
      const item = await this.items.readItem({
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

  /** Reads where links lead, as an archive if they are many. */
  async #readLinks(
    folder: Parameters<AzureDevOpsClient['downloadArchive']>[0],
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
    const blob = {
      repository,
      path,
      objectId,
      signal,
      maxBytes: LIMITS.link,
    };
    const read = Buffer.from(await this.blobs.readBlob(blob)).toString('utf8');
    this.linkTexts.set(objectId, read);
    return read;
  }

  #brokenLink(
    options: RequestOptions & { repository: string },
    broken: BrokenLink,
  ): AzureDevOpsRequestError {
    const repository = describeRepository(options);
    return brokenLinkError(this.organization, repository, broken);
  }
}

/** The error of a link through which nothing can be read. */
export function brokenLinkError(
  organization: Organization,
  repository: string,
  { link, problem }: BrokenLink,
): AzureDevOpsRequestError {
  return new AzureDevOpsRequestError(
    organization,
    `read ${link} of ${repository}`,
    lastingFault(
      'broken-link',
      `the symbolic link ${link} cannot be followed: ${problem}`,
    ),
  );
}

function commitVersion(commitId: string | undefined): VersionRef | undefined {
  return commitId === undefined
    ? undefined
    : { type: 'commit', version: commitId };
}

function isBelowOrSame(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`);
}
