import type { Entity } from '@backstage/catalog-model';
import { readEnvelope } from './envelope';
import { isErrorLocationRef } from './error-location';
import { JsonCopier, type JsonProblem } from './json';
import { parseDocuments, type ParsedDocument } from './parse';
import { withProvenance } from './provenance';
import type { CatalogRules } from './rules';
import type {
  DescriptorReading,
  DocumentReading,
  RejectedDocument,
} from './types';
import { MAX_FILE_JSON_LENGTH } from './yaml/limits';

/**
 * Reads a descriptor: what of its text becomes which entities, and what is
 * rejected and why. Document by document it is what the catalog would make of the
 * same file at a location, but that a rejected document costs the others nothing.
 *
 * Of several documents with the same reference the last counts, as in the
 * catalog. Never throws; blocks for a bounded time (see `docs/descriptors.md`).
 */
export function readDescriptor(options: {
  /** The file's text. */
  content: string;
  /** The file's canonical URL. */
  target: string;
  rules: CatalogRules;
  /** The catalog's `catalog.enableYamlMerge`. */
  enableYamlMerge: boolean;
}): DescriptorReading {
  return placeDocuments(understandText(options).documents, options);
}

/** A document as it reads wherever the file lies. */
export type UnderstoodDocument =
  | RejectedDocument
  | {
      readonly outcome: 'understood';
      readonly index: number;
      readonly line?: number;
      readonly entityRef: string;
      /** Without provenance. Shared by all files of the same text, and never changed. */
      readonly entity: Entity;
    };

export interface UnderstoodText {
  readonly documents: readonly UnderstoodDocument[];
  /** What the text and its documents take, in characters. */
  readonly size: number;
}

/** The part of reading that depends on the file's text alone, and takes nearly all of the time. */
export function understandText(options: {
  content: string;
  enableYamlMerge: boolean;
}): UnderstoodText {
  const { content, enableYamlMerge } = options;
  const copier = new JsonCopier(MAX_FILE_JSON_LENGTH);
  const documents = parseDocuments(content, { enableYamlMerge }).map(
    (document, index) => understand(document, index, copier),
  );
  return { documents, size: content.length + copier.spent };
}

/** The part of reading that depends on where the file lies. */
export function placeDocuments(
  documents: readonly UnderstoodDocument[],
  options: { target: string; rules: CatalogRules },
): DescriptorReading {
  return {
    documents: rejectDuplicates(
      documents.map(document => place(document, options)),
    ),
  };
}

function understand(
  document: ParsedDocument,
  index: number,
  copier: JsonCopier,
): UnderstoodDocument {
  const { line } = document;
  const reject = (
    reason: RejectedDocument['reason'],
    message: string,
  ): RejectedDocument => ({
    outcome: 'rejected',
    index,
    reason,
    message,
    line,
  });
  if (document.outcome === 'rejected') {
    return {
      ...reject(document.reason, document.message),
      column: document.column,
    };
  }
  const json = copier.copy(document.value);
  if (json.outcome === 'problem') {
    return reject('too-large', JSON_PROBLEMS[json.problem]);
  }
  const envelope = readEnvelope(json.value);
  return envelope.outcome === 'rejected'
    ? reject('envelope', envelope.message)
    : { ...envelope, outcome: 'understood', index, line };
}

function place(
  document: UnderstoodDocument,
  { target, rules }: { target: string; rules: CatalogRules },
): DocumentReading {
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
    entity: withProvenance(entity, target),
  };
}

const JSON_PROBLEMS: Record<JsonProblem, string> = {
  circular:
    'the document contains itself through an alias, which cannot be stored; remove the alias',
  'too-large':
    'the document gets too large when its aliases are spelled out; use fewer of them',
  'too-deep': 'the document is nested too deeply to be stored',
};

/** Rejects the documents of which a later one of the same file takes the place. */
function rejectDuplicates(
  documents: readonly DocumentReading[],
): DocumentReading[] {
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
