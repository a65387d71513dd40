import { VersionControlRecursionType } from 'azure-devops-node-api/interfaces/GitInterfaces';
import { aboutRepository, confirmAbsence, orAbsent } from './absence';
import {
  type Requests,
  describeRepository,
  describeVersion,
  LIMITS,
  toDescriptor,
} from './requests';
import type { BlobMethods } from './blobs';
import {
  contentOf,
  type ItemQuestion,
  type ParsedItem,
  parseFolderNames,
  parseItem,
  parseItems,
} from './parse-items';
import type {
  AbsentItem,
  AzureDevOpsClient,
  ListingOptions,
  PresentItem,
} from './types';

export type ItemRequest = Parameters<AzureDevOpsClient['readItem']>[0];

/** A file that may be a link. */
type UnfollowedItem = PresentItem & { readonly isSymLink: boolean };

/** For messages. */
const LISTINGS = {
  [VersionControlRecursionType.None]: 'look up',
  [VersionControlRecursionType.OneLevel]: 'list what is in',
  [VersionControlRecursionType.Full]: 'list the files below',
} as const;

/** Reads files and folders as they are, and follows no link. */
export class UnfollowedItems {
  constructor(
    private readonly requests: Requests,
    private readonly blobs: BlobMethods,
  ) {}

  async readItem(options: ItemRequest): Promise<UnfollowedItem | AbsentItem> {
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
          ...aboutRepository(options),
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
      content: content ? await this.#textOf(item, options) : undefined,
    };
  }

  async listItems(options: ListingOptions) {
    return await this.#list(
      options,
      VersionControlRecursionType.Full,
      parseItems,
    );
  }

  async getTreeId(
    options: Parameters<AzureDevOpsClient['getTreeId']>[0],
  ): Promise<string | undefined> {
    const folder = await this.#list(
      { ...options, scopePath: options.path, maxBytes: LIMITS.repository },
      VersionControlRecursionType.None,
      parseItems,
    );
    return folder.outcome === 'present' ? folder.treeId : undefined;
  }

  /** @throws where another answer does not agree that something is not there */
  async confirmAbsence(
    options: Omit<ListingOptions, 'scopePath'> & { readonly path: string },
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

  async #list<T>(
    options: ListingOptions,
    depth: keyof typeof LISTINGS,
    parse: (json: unknown, question: ItemQuestion) => T,
  ): Promise<T | AbsentItem> {
    const { repository, scopePath, version, signal } = options;
    const { maxBytes = LIMITS.listing } = options;
    const question = { ...options, path: scopePath };
    return await orAbsent(() =>
      this.requests.git(
        {
          signal,
          operation: `${LISTINGS[depth]} ${scopePath} of ${describeRepository(options)}${describeVersion(version)}`,
          names: [repository],
          maxBytes,
          compress: true,
          parse: json => parse(json, question),
          ...aboutRepository(question),
        },
        git =>
          git.getItems(
            repository,
            undefined,
            scopePath,
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

  /** The text as Backstage's own reader would see it: the file's bytes, decoded as UTF-8. */
  async #textOf(item: ParsedItem, options: ItemRequest): Promise<string> {
    const text = contentOf(item);
    if (text !== undefined) {
      return text;
    }
    const { repository, signal, maxBytes } = options;
    const { objectId } = item;
    const bytes = await this.blobs.readBlob({
      repository,
      signal,
      objectId,
      maxBytes,
    });
    return Buffer.from(bytes).toString('utf8');
  }
}
