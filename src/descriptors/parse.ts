import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  type Entity,
} from '@backstage/catalog-model';
import { describeForeignFile, encodingHint } from './encoding';
import { parseEnvelope } from './envelope';
import { isErrorLocationRef } from './error-location';
import type { CatalogRules } from './rules';
import {
  parsePlain,
  type YamlDocument,
  type YamlFile,
  type YamlParser,
} from './yaml';

export interface RejectedDocument {
  readonly outcome: 'rejected';
  /** Which document of the file, counted from 0 among those that are not empty. */
  readonly index: number;
  /**
   * `syntax`: it cannot be read, so whose document it was cannot be known and
   * the file's former entities stay. `envelope`: it reads but is no entity that
   * the catalog takes; likewise. `too-large`: it takes too much time or memory;
   * likewise. `rules`: it reads and is forbidden, so a former entity of the same
   * reference goes.
   */
  readonly reason: 'syntax' | 'envelope' | 'rules' | 'too-large';
  /** The reference, where the document has one. */
  readonly entityRef?: string;
  /** A sentence that names cause and cure, without the file's location. */
  readonly message: string;
  /** Line and column, counted from 1, where known. */
  readonly line?: number;
  readonly column?: number;
}

/** A document as it is wherever the file lies. */
type ParsedDocument =
  | RejectedDocument
  | {
      readonly outcome: 'parsed';
      readonly index: number;
      readonly line?: number;
      readonly entityRef: string;
      /** Without location annotations of ours. Shared by all files of the same text, and never changed. */
      readonly entity: Entity;
    };

export interface ParsedDescriptor {
  readonly documents: readonly ParsedDocument[];
  /** What the text and its documents take, in characters. */
  readonly size: number;
  /** How long the thread of the catalog's own parser took, in milliseconds. */
  readonly tookMs: number;
}

export interface EntityDocument {
  readonly outcome: 'entity';
  readonly index: number;
  readonly entityRef: string;
  /** As Backstage would have read it, with our two location annotations set. */
  readonly entity: Entity;
}

/** What one document of a descriptor gives. */
export type DescriptorDocument = EntityDocument | RejectedDocument;

/**
 * The part of reading a descriptor that depends on its text alone, and takes
 * nearly all of the time. Document by document it is what the catalog would make
 * of the same file at a location, but that a rejected document costs the others
 * nothing.
 *
 * @throws an error where the text could not be read for a reason that is not its own, an abort included
 */
export async function parseDescriptor(
  yaml: YamlParser,
  content: string,
  signal?: AbortSignal,
): Promise<ParsedDescriptor> {
  return foreign(content) ?? parsed(content, await yaml.parse(content, signal));
}

/** The same for a text that is plainly simple, at once; `undefined` for any other. */
export function parsePlainDescriptor(
  content: string,
): ParsedDescriptor | undefined {
  const file = parsePlain(content);
  return foreign(content) ?? (file && parsed(content, file));
}

/** A file that is no text in UTF-8. */
function foreign(content: string): ParsedDescriptor | undefined {
  const message = describeForeignFile(content);
  return message === undefined
    ? undefined
    : {
        documents: [
          { outcome: 'rejected', index: 0, reason: 'syntax', message },
        ],
        size: content.length,
        tookMs: 0,
      };
}

function parsed(
  content: string,
  { documents, length, tookMs }: YamlFile,
): ParsedDescriptor {
  const hint = encodingHint(content);
  return {
    documents: documents.map((document, index) => {
      const parsedDocument = parseDocument(document, index);
      return parsedDocument.outcome === 'rejected'
        ? { ...parsedDocument, message: `${parsedDocument.message}${hint}` }
        : parsedDocument;
    }),
    size: content.length + length,
    tookMs,
  };
}

function parseDocument(document: YamlDocument, index: number): ParsedDocument {
  if (document.outcome === 'rejected') {
    return { ...document, index };
  }
  const { line } = document;
  const envelope = parseEnvelope(document.value);
  return envelope.outcome === 'rejected'
    ? { ...envelope, index, reason: 'envelope', line }
    : { ...envelope, outcome: 'parsed', index, line };
}

/**
 * The part of reading a descriptor that depends on where the file lies: the
 * catalog's rules, and the annotations of its location.
 *
 * Of several documents with the same reference the last counts, as in the
 * catalog.
 */
export function applyLocation(
  documents: readonly ParsedDocument[],
  options: {
    /** The file's canonical URL. */
    target: string;
    rules: Pick<CatalogRules, 'isAllowed'>;
    /** For Components, where the file has none of the name. */
    annotations?: Readonly<Record<string, string>>;
  },
): DescriptorDocument[] {
  return rejectDuplicates(
    documents.map(document => applyLocationTo(document, options)),
  );
}

function applyLocationTo(
  document: ParsedDocument,
  { target, rules, annotations }: Parameters<typeof applyLocation>[1],
): DescriptorDocument {
  if (document.outcome === 'rejected') {
    return document;
  }
  const { index, line, entity, entityRef } = document;
  if (!rules.isAllowed(entity, { type: 'url', target })) {
    return {
      outcome: 'rejected',
      index,
      reason: 'rules',
      message: `${entityRef} is of a kind that catalog.rules does not allow for this location; an administrator of the catalog can allow it there`,
      entityRef,
      line,
    };
  }
  if (isErrorLocationRef(entityRef)) {
    return {
      outcome: 'rejected',
      index,
      reason: 'rules',
      message: `${entityRef} is a name under which errors of descriptors are shown; choose another one`,
      line,
    };
  }
  return {
    outcome: 'entity',
    index,
    entityRef,
    entity: withLocation(
      entity,
      `url:${target}`,
      entity.kind.toLowerCase() === 'component' ? annotations : undefined,
    ),
  };
}

/**
 * Both location annotations are the file's URL, whatever stands in the file. From them
 * the catalog reads relative placeholders such as `$text: ./file` and applies its
 * rules, so that they must not be the file's to choose. Everything else is the
 * file's business.
 */
function withLocation(
  entity: Entity,
  location: string,
  defaults: Readonly<Record<string, string>> = {},
): Entity {
  return {
    ...entity,
    metadata: {
      ...entity.metadata,
      annotations: {
        ...defaults,
        ...entity.metadata.annotations,
        [ANNOTATION_LOCATION]: location,
        [ANNOTATION_ORIGIN_LOCATION]: location,
      },
    },
  };
}

/** Rejects the documents of which a later one of the same file takes the place. */
function rejectDuplicates(
  documents: readonly DescriptorDocument[],
): DescriptorDocument[] {
  const last = new Map<string, number>();
  for (const document of documents) {
    if (document.outcome === 'entity') {
      last.set(document.entityRef, document.index);
    }
  }
  return documents.map(document => {
    if (document.outcome !== 'entity') return document;
    const { index, entityRef } = document;
    const winner = last.get(entityRef) ?? index;
    return winner === index
      ? document
      : {
          outcome: 'rejected',
          index,
          // It reads, so that nothing of the file is unknown; and it names no
          // reference of its own, since the other document gives that.
          reason: 'rules',
          message: `the file defines ${entityRef} more than once and the catalog keeps the last, document ${winner + 1}; remove one of them`,
        };
  });
}
