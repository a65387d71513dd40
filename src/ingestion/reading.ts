import { createHash } from 'node:crypto';
import type { Repository } from '../azure/types';
import { errorLocation } from '../descriptors/error-location';
import { placeDocuments } from '../descriptors/read';
import type { CatalogRules } from '../descriptors/rules';
import type { EntityDocument, RejectedDocument } from '../descriptors/types';
import { canonicalUrl } from '../descriptors/url';
import type { Organization } from '../organization';
import {
  describeRejection,
  type ClaimDraft,
  type PathObservation,
  type Rejection,
} from '../policy/model';
import type { DescriptorReader } from './probe';
import { SameTexts } from './same-texts';

/** Grows when the same text would give other entities than before, so that every descriptor is read again. */
const READING_VERSION = 1;

export interface ReadingSettings {
  readonly organization: Organization;
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
      const rejected = documents.filter(
        (document): document is RejectedDocument =>
          document.outcome === 'rejected',
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
          ...errorClaims(target, rejected),
        ],
        rejections: rejected.map(toRejection),
        forbidden: rejected.flatMap(({ reason, entityRef }) =>
          reason === 'rules' && entityRef ? [entityRef] : [],
        ),
        unreadable: rejected.some(({ reason }) => reason !== 'rules'),
      };
    },
  };
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
      position: -1,
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
