import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Repository } from '../azure/types';
import { counted } from '../counted';
import type { DescriptorPath } from '../config/patterns';
import type { ProviderSettings } from '../config/settings';
import { errorLocation } from '../descriptors/error-location';
import {
  applyLocation,
  parseDescriptor,
  parsePlainDescriptor,
  type DescriptorDocument,
  type ParsedDescriptor,
  type RejectedDocument,
} from '../descriptors/parse';
import type { CatalogRules } from '../descriptors/rules';
import { canonicalUrl } from '../descriptors/url';
import type { YamlParser } from '../descriptors/yaml';
import {
  CLOUD_HOST,
  isLegacyCloudHost,
  type Organization,
} from '../organization';
import {
  describeRejection,
  type ClaimDraft,
  type PathObservation,
  type Rejection,
} from '../policy/model';
import type { Turns } from '../concurrency';

/** Grows when the same text would give other entities than before, so that every descriptor is read again. */
const PARSER_VERSION = 2;

/** What the cache of parsed blobs holds, in characters of text and JSON: some 2,000 files, or 10 MB. */
const CACHE_SIZE = 4 * 1024 * 1024;

/** What is larger, in characters of text and JSON, is in memory once at a time only. */
const LIGHT_SIZE = 256 * 1024;

/** How many rejected documents of a file are kept with their reasons. */
const MAX_REJECTIONS = 100;

interface DescriptorParserOptions {
  readonly organization: Organization;
  /** The branch, if they name one, is part of the URL. */
  readonly settings: Pick<ProviderSettings, 'annotations' | 'branch'>;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  /** Of the whole process, for files that are large or take long. */
  readonly turns: Turns;
  /** Ends the waiting for texts that take long to parse. */
  readonly signal?: AbortSignal;
}

/** Where a descriptor was found. */
export interface DescriptorFile {
  readonly repository: Repository;
  readonly path: string;
  readonly objectId: string;
}

/** Where a file lies, whatever is in it. */
interface Place extends Pick<DescriptorFile, 'repository' | 'path'> {
  /** Its address. */
  readonly target: string;
  /** Fingerprint of everything but its text that an observation depends on. */
  readonly signature: string;
}

/**
 * A blob's text; `undefined` where it is too large.
 *
 * @param extent - `light`: only if it is small, so that many may be in memory at a
 * time. `whole`: whatever may be a descriptor; asked for in turn.
 */
export type ReadText = (
  extent: 'light' | 'whole',
) => Promise<string | undefined>;

/** Takes an observation as soon as it is made; waits while too much is on its way. */
type HandOn = (observation: PathObservation) => Promise<void>;

/** What is known of a blob without taking a turn. */
type Content =
  | { readonly parsed: ParsedDescriptor }
  /** Not plainly simple: for the thread of the catalog's parser. */
  | { readonly text: string }
  | { readonly large: true };

/**
 * Turns the descriptors of one organization into what the ledger keeps of them.
 * The same text in a thousand repositories is parsed once, and downloaded once.
 *
 * Small files that are plainly simple are read side by side. Every other file is
 * read, parsed and handed on in turn, one at a time in the whole process, so that
 * memory is bounded whatever repositories hold.
 */
export class DescriptorParser {
  readonly #options: DescriptorParserOptions;
  /** Whatever an observation depends on beside the file. */
  readonly #fingerprint: string;
  /** By the object id, as it was computed from the bytes, and not merely as the service gave it. */
  readonly #contents: LRUCache<string, Content, ReadText>;
  // That of one file is asked for several times in a row.
  #last: Place | undefined;

  constructor(options: DescriptorParserOptions) {
    const { rules, yaml, settings } = options;
    this.#options = options;
    this.#fingerprint = `${PARSER_VERSION}\n${rules.signature}\n${yaml.enableYamlMerge}\n${settings.annotations}\n`;
    this.#contents = new LRUCache<string, Content, ReadText>({
      maxSize: CACHE_SIZE,
      maxEntrySize: CACHE_SIZE / 4,
      // An empty text has a size as well.
      sizeCalculation: content => sizeOf(content) + 1,
      // What is pushed out while it is under way still comes to those who wait for it.
      ignoreFetchAbort: true,
      fetchMethod: (_objectId, _stale, { context }) => readLight(context),
    });
  }

  /** Fingerprint of everything but the text that an observation depends on. */
  signature(repository: Repository, path: string): string {
    return this.#placeOf(repository, path).signature;
  }

  /** What a probe of a repository depends on beside the repository's content. */
  repositorySignature(
    repository: Repository,
    paths: readonly DescriptorPath[],
  ): string {
    return paths
      .map(path =>
        path.kind === 'literal'
          ? this.signature(repository, path.path)
          : `${path.pattern} ${this.signature(repository, path.scopePath)}`,
      )
      .join(' ');
  }

  /** Whether a blob is in memory, so that it need not be downloaded. */
  knows(objectId: string): boolean {
    return this.#contents.has(objectId);
  }

  /**
   * Reads a file that came with its text.
   *
   * @param text - of a blob that has the file's object id, as was checked
   * @returns how long the thread of the catalog's parser took, in milliseconds
   */
  async parse(
    file: DescriptorFile,
    text: string,
    handOn: HandOn,
  ): Promise<number> {
    const { objectId } = file;
    const content = this.#contents.get(objectId) ?? parseLight(text);
    this.#contents.set(objectId, content);
    return await this.#read(file, content, async () => text, handOn);
  }

  /**
   * Reads a file of which no more is known than its blob.
   *
   * @param download - is called for a blob that is not in memory; it makes sure that the blob has this object id
   * @returns how long the thread of the catalog's parser took, in milliseconds
   */
  async parseBlob(
    file: DescriptorFile,
    download: ReadText,
    handOn: HandOn,
  ): Promise<number> {
    const content = await this.#lightContent(file.objectId, download);
    return await this.#read(file, content, download, handOn);
  }

  async #read(
    file: DescriptorFile,
    content: Content,
    readText: ReadText,
    handOn: HandOn,
  ): Promise<number> {
    if ('parsed' in content && content.parsed.size <= LIGHT_SIZE) {
      await handOn(this.#observe(file, content.parsed));
      return 0;
    }
    const { turns, signal } = this.#options;
    return await turns.take(async () => {
      const { observation, tookMs } = await this.#observeWhole(
        file,
        content,
        readText,
      );
      await handOn(observation);
      return tookMs;
    }, signal);
  }

  /** Apart from handing on, which may take long, so that the text is not kept until then. */
  async #observeWhole(
    file: DescriptorFile,
    content: Content,
    readText: ReadText,
  ): Promise<{ observation: PathObservation; tookMs: number }> {
    const { objectId } = file;
    // Whoever had the turn before may have had the same file.
    const known = this.#contents.peek(objectId) ?? content;
    if ('parsed' in known) {
      return { observation: this.#observe(file, known.parsed), tookMs: 0 };
    }
    const parsed = await this.#parseWhole(objectId, known, readText);
    return {
      observation: this.#observe(file, parsed),
      tookMs: parsed?.tookMs ?? 0,
    };
  }

  async #lightContent(objectId: string, readText: ReadText): Promise<Content> {
    let isMine = false;
    const context: ReadText = async extent => {
      isMine = true;
      return await readText(extent);
    };
    try {
      const content = await this.#contents.fetch(objectId, { context });
      return content ?? { large: true };
    } catch (error) {
      if (isMine) throw error;
      // What one repository denies another may give.
      return await readLight(readText);
    }
  }

  async #parseWhole(
    objectId: string,
    content: Content,
    readText: ReadText,
  ): Promise<ParsedDescriptor | undefined> {
    const { yaml, signal } = this.#options;
    const text = 'text' in content ? content.text : await readText('whole');
    if (text === undefined) {
      return undefined;
    }
    const parsed = await parseDescriptor(yaml, text, signal);
    this.#contents.set(objectId, { parsed });
    return parsed;
  }

  #placeOf(repository: Repository, path: string): Place {
    const last = this.#last;
    if (last?.repository === repository && last.path === path) {
      return last;
    }
    const {
      organization,
      settings: { branch },
    } = this.#options;
    const target = canonicalUrl({
      organization,
      project: repository.project.name,
      repository: repository.name,
      path,
      version: branch && `GB${branch}`,
    });
    const signature = createHash('sha256')
      .update(this.#fingerprint)
      .update(target)
      .digest('hex')
      .slice(0, 24);
    this.#last = { repository, path, target, signature };
    return this.#last;
  }

  #observe(
    { repository, path, objectId }: DescriptorFile,
    parsed: ParsedDescriptor | undefined,
  ): PathObservation {
    const { organization, rules, settings } = this.#options;
    const { target, signature } = this.#placeOf(repository, path);
    const documents: readonly DescriptorDocument[] = parsed
      ? applyLocation(parsed.documents, {
          target,
          rules,
          annotations: settings.annotations
            ? pluginAnnotations(organization, repository)
            : undefined,
        })
      : [tooLarge()];
    const entities = documents.filter(
      document => document.outcome === 'entity',
    );
    const rejected = documents.filter(
      document => document.outcome === 'rejected',
    );
    const notes = notesOn(rejected);
    return {
      outcome: 'present',
      path,
      target,
      objectId,
      signature,
      claims: [
        ...entities.map((document): ClaimDraft => ({
          entityRef: document.entityRef,
          kind: 'entity',
          entity: JSON.stringify(document.entity),
        })),
        ...errorClaims(target, notes),
      ],
      rejections: notes,
      forbidden: rejected.flatMap(({ reason, entityRef }) =>
        reason === 'rules' && entityRef ? [entityRef] : [],
      ),
      unreadable: rejected.some(({ reason }) => reason !== 'rules'),
    };
  }
}

/**
 * What the plugins for Azure DevOps (pipelines, pull requests) find a repository by.
 *
 * Source: https://github.com/backstage/community-plugins/tree/main/workspaces/azure-devops
 */
function pluginAnnotations(
  { host, name, label }: Organization,
  repository: Repository,
): Record<string, string> {
  return {
    'dev.azure.com/project-repo': `${repository.project.name}/${repository.name}`,
    // The same organization, under the host that has it in the path.
    'dev.azure.com/host-org': isLegacyCloudHost(host)
      ? `${CLOUD_HOST}/${name}`
      : label,
  };
}

async function readLight(readText: ReadText): Promise<Content> {
  const text = await readText('light');
  return text === undefined ? { large: true } : parseLight(text);
}

function parseLight(text: string): Content {
  const parsed = parsePlainDescriptor(text);
  return parsed ? { parsed } : { text };
}

/** In characters. */
function sizeOf(content: Content): number {
  if ('parsed' in content) {
    return content.parsed.size;
  }
  return 'text' in content ? content.text.length : 0;
}

/** The Location entity that shows in the catalog what was rejected, if anything was. */
function errorClaims(
  target: string,
  notes: readonly Rejection[],
): ClaimDraft[] {
  if (notes.length === 0) {
    return [];
  }
  const { entity, entityRef } = errorLocation({
    target,
    errors: notes.map(describeRejection),
  });
  return [
    {
      entityRef,
      kind: 'error',
      entity: JSON.stringify(entity),
    },
  ];
}

/** Why documents were rejected; of many the first, and how many more there are. */
function notesOn(rejected: readonly RejectedDocument[]): Rejection[] {
  const notes = rejected.slice(0, MAX_REJECTIONS).map(toRejection);
  const next = rejected[MAX_REJECTIONS];
  if (next) {
    notes.push({
      ...toRejection(next),
      message: `this document and ${counted(rejected.length - MAX_REJECTIONS - 1, 'other')} of the file are rejected too; mend the first ${MAX_REJECTIONS} to see why`,
    });
  }
  return notes;
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
