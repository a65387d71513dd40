import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Repository } from '../azure/types';
import { errorLocation } from '../descriptors/error-location';
import {
  applyLocation,
  parseDescriptor,
  type DescriptorDocument,
  type ParsedDescriptor,
  type RejectedDocument,
} from '../descriptors/parse';
import type { CatalogRules } from '../descriptors/rules';
import { canonicalUrl } from '../descriptors/url';
import type { YamlParser } from '../descriptors/yaml';
import type { Organization } from '../organization';
import {
  describeRejection,
  type ClaimDraft,
  type PathObservation,
  type Rejection,
} from '../policy/model';

/** Grows when the same text would give other entities than before, so that every descriptor is read again. */
const PARSER_VERSION = 2;

/** What the cache of parsed blobs holds, in characters of text and JSON: some 2,000 files, or 10 MB. */
const CACHE_SIZE = 4 * 1024 * 1024;

export interface DescriptorParserOptions {
  readonly organization: Organization;
  /** The branch that the configuration names, if it does: it is part of the URL. */
  readonly branch?: string;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  /** Ends the waiting for texts that take long to parse. */
  readonly signal?: AbortSignal;
}

/** Where a descriptor was found. */
export interface DescriptorFile {
  readonly repository: Repository;
  readonly path: string;
  readonly objectId: string;
}

/** A blob's text; `undefined` where it is too large to be read at all. */
type ReadText = () => Promise<string | undefined>;

/**
 * Turns the descriptors of one organization into what the ledger keeps of them.
 * The same text in a thousand repositories is parsed once, and downloaded once.
 */
export class DescriptorParser {
  readonly #options: DescriptorParserOptions;
  /** Whatever an observation depends on beside the file. */
  readonly #fingerprint: string;
  /** By the object id, as it was computed from the text or its bytes, never as the service gave it. */
  readonly #parsed: LRUCache<string, ParsedDescriptor, ReadText>;
  // The signature of a file that was just parsed is asked for again right away.
  #last = { target: '', signature: '' };

  constructor(options: DescriptorParserOptions) {
    const { rules, yaml } = options;
    this.#options = options;
    this.#fingerprint = `${PARSER_VERSION}\n${rules.signature}\n${yaml.enableYamlMerge}\n`;
    this.#parsed = new LRUCache<string, ParsedDescriptor, ReadText>({
      maxSize: CACHE_SIZE,
      maxEntrySize: CACHE_SIZE / 4,
      // An empty text has a size as well.
      sizeCalculation: ({ size }) => size + 1,
      // What is pushed out while it is under way still comes to those who wait for it.
      ignoreFetchAbort: true,
      fetchMethod: (_objectId, _stale, { context }) => this.#read(context),
    });
  }

  /** Fingerprint of everything but the text that an observation depends on. */
  signature(repository: Repository, path: string): string {
    const target = this.#targetOf(repository, path);
    if (target !== this.#last.target) {
      const digest = createHash('sha256')
        .update(this.#fingerprint)
        .update(target)
        .digest('hex');
      this.#last = { target, signature: digest.slice(0, 24) };
    }
    return this.#last.signature;
  }

  /** A file with its text; `undefined` where that is too large to be read at all. */
  async parse(
    file: DescriptorFile,
    text: string | undefined,
  ): Promise<PathObservation> {
    const parsed =
      text === undefined
        ? undefined
        : await this.#parse(objectIdOf(text), async () => text);
    return this.#observe(file, parsed);
  }

  /**
   * A file of which no more is known than its blob.
   *
   * @param download - is called for a blob that is not in memory; it makes sure that the blob has this object id
   */
  async parseBlob(
    file: DescriptorFile,
    download: ReadText,
  ): Promise<PathObservation> {
    return this.#observe(file, await this.#parse(file.objectId, download));
  }

  async #parse(
    objectId: string,
    readText: ReadText,
  ): Promise<ParsedDescriptor | undefined> {
    let isMine = false;
    const context: ReadText = async () => {
      isMine = true;
      return await readText();
    };
    try {
      return await this.#parsed.fetch(objectId, { context });
    } catch (error) {
      if (isMine) throw error;
      // What one repository denies another may give.
      return await this.#read(readText);
    }
  }

  async #read(readText: ReadText): Promise<ParsedDescriptor | undefined> {
    const { yaml, signal } = this.#options;
    const text = await readText();
    return text === undefined
      ? undefined
      : await parseDescriptor(yaml, text, signal);
  }

  #targetOf(repository: Repository, path: string): string {
    const { organization, branch } = this.#options;
    return canonicalUrl({
      organization,
      project: repository.project.name,
      repository: repository.name,
      path,
      version: branch && `GB${branch}`,
    });
  }

  #observe(
    { repository, path, objectId }: DescriptorFile,
    parsed: ParsedDescriptor | undefined,
  ): PathObservation {
    const target = this.#targetOf(repository, path);
    const documents: readonly DescriptorDocument[] = parsed
      ? applyLocation(parsed.documents, {
          target,
          rules: this.#options.rules,
        })
      : [tooLarge()];
    const entities = documents.filter(
      document => document.outcome === 'entity',
    );
    const rejected = documents.filter(
      document => document.outcome === 'rejected',
    );
    return {
      outcome: 'present',
      path,
      target,
      objectId,
      signature: this.signature(repository, path),
      claims: [
        ...entities.map((document): ClaimDraft => ({
          entityRef: document.entityRef,
          kind: 'entity',
          entity: JSON.stringify(document.entity),
        })),
        ...errorClaims(target, rejected),
      ],
      rejections: rejected.map(toRejection),
      forbidden: rejected.flatMap(({ reason, entityRef }) =>
        reason === 'rules' && entityRef ? [entityRef] : [],
      ),
      unreadable: rejected.some(({ reason }) => reason !== 'rules'),
    };
  }
}

/** The object id that Git gives to a blob of this text. */
function objectIdOf(text: string): string {
  return createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest('hex');
}

/** The Location entity that shows in the catalog what was rejected, if anything was. */
function errorClaims(
  target: string,
  rejected: readonly RejectedDocument[],
): ClaimDraft[] {
  if (rejected.length === 0) {
    return [];
  }
  const { entity, entityRef } = errorLocation({
    target,
    errors: rejected.map(describeRejection),
  });
  return [
    {
      entityRef,
      kind: 'error',
      entity: JSON.stringify(entity),
    },
  ];
}

function toRejection(rejection: RejectedDocument): Rejection {
  return {
    index: rejection.index,
    reason: rejection.reason,
    message: rejection.message,
    line: rejection.line,
    column: rejection.column,
  };
}

function tooLarge(): RejectedDocument {
  return {
    outcome: 'rejected',
    index: 0,
    reason: 'too-large',
    message:
      'the file is larger than a descriptor may be; split it, or move what is not catalog data elsewhere',
  };
}
