import { createHash } from 'node:crypto';
import type { Repository } from '../azure/types';
import { errorLocation } from '../descriptors/error-location';
import { placeDocuments } from '../descriptors/read';
import type { CatalogRules } from '../descriptors/rules';
import type { EntityDocument, RefusedDocument } from '../descriptors/types';
import { canonicalUrl } from '../descriptors/url';
import type { OrganizationRef } from '../organization';
import type { ClaimDraft, PathObservation, RefusedNote } from './model';
import type { DescriptorReader } from './probe';
import { SameTexts } from './same-texts';

/** Grows when the same text would give other entities than before, so that every descriptor is read again. */
const READING_VERSION = 1;

export interface ReadingSettings {
  readonly organization: OrganizationRef;
  /** The branch that the configuration names, if it does: it is part of the URL. */
  readonly branch?: string;
  readonly rules: CatalogRules;
  /** `catalog.enableYamlMerge`. */
  readonly enableYamlMerge: boolean;
}

/** Reads the descriptors of one organization, in one pass. */
export function createDescriptorReader(
  settings: ReadingSettings,
): DescriptorReader {
  const targetOf = (repository: Repository, path: string) =>
    canonicalUrl({
      organization: settings.organization,
      project: repository.project.name,
      repository: repository.name,
      path,
      branch: settings.branch,
    });
  const shared = `${READING_VERSION}\n${settings.rules.signature}\n${settings.enableYamlMerge}\n`;
  // Whoever has read a file asks for its signature again right away.
  let last = { target: '', signature: '' };
  const signature = (repository: Repository, path: string) => {
    const target = targetOf(repository, path);
    if (target !== last.target) {
      const digest = createHash('sha256')
        .update(shared)
        .update(target)
        .digest('hex');
      last = { target, signature: digest.slice(0, 24) };
    }
    return last.signature;
  };

  const texts = new SameTexts(settings.enableYamlMerge);

  return {
    signature,
    read(repository, path, objectId, content): PathObservation {
      const target = targetOf(repository, path);
      const documents =
        content === undefined
          ? [tooLarge()]
          : placeDocuments(texts.understand(objectId, content), {
              target,
              rules: settings.rules,
            }).documents;
      const entities = documents.filter(
        (document): document is EntityDocument => document.outcome === 'entity',
      );
      const refused = documents.filter(
        (document): document is RefusedDocument =>
          document.outcome === 'refused',
      );
      return {
        outcome: 'present',
        path,
        target,
        objectId,
        signature: signature(repository, path),
        claims: [
          ...entities.map((document): ClaimDraft => ({
            entityRef: document.entityRef,
            kind: 'entity',
            position: document.index,
            entity: JSON.stringify(document.entity),
          })),
          ...errorClaims(target, refused),
        ],
        refused: refused.map(noteOf),
        forbidden: refused.flatMap(({ reason, entityRef }) =>
          reason === 'rules' && entityRef ? [entityRef] : [],
        ),
        unreadable: refused.some(({ reason }) => reason !== 'rules'),
      };
    },
  };
}

/** The Location entity that shows in the catalog what was refused, if anything was. */
function errorClaims(
  target: string,
  refused: readonly RefusedDocument[],
): ClaimDraft[] {
  if (refused.length === 0) {
    return [];
  }
  const { entity, entityRef } = errorLocation({
    target,
    errors: refused.map(describeRefusal),
  });
  return [
    {
      entityRef,
      kind: 'error',
      position: -1,
      entity: JSON.stringify(entity),
    },
  ];
}

/** A refusal in one line: which document, where, and why. */
export function describeRefusal(refusal: RefusedNote): string {
  const place =
    refusal.line === undefined
      ? ''
      : `, line ${refusal.line}${refusal.column === undefined ? '' : `, column ${refusal.column}`}`;
  return `document ${refusal.index + 1}${place}: ${refusal.message}`;
}

function noteOf(refusal: RefusedDocument): RefusedNote {
  return {
    index: refusal.index,
    reason: refusal.reason,
    message: refusal.message,
    line: refusal.line,
    column: refusal.column,
  };
}

function tooLarge(): RefusedDocument {
  return {
    outcome: 'refused',
    index: 0,
    reason: 'too-large',
    message:
      'the file is larger than a descriptor may be; split it, or move what is not catalog data elsewhere',
  };
}
