import type { Repository } from '../../azure/types';
import type { ProviderSettings } from '../../config/settings';
import type { HeldBack } from '../guard';
import type { KnownRepository, Rejection, Removal } from '../model';

/** Why something is in the catalog, or is not. docs/explain.md has a section for each. */
export const REASONS = [
  'unsupported-url',
  'no-provider',
  'misconfigured',
  'no-such-entity',
  'not-visible',
  'deselected',
  'disabled',
  'empty',
  'project-not-ready',
  'no-descriptor',
  'rejected',
  'forbidden',
  'duplicate',
  'held-back',
  'unknown',
  'not-yet',
  'in-catalog',
  'readable',
] as const;

type Reason = (typeof REASONS)[number];

/** What an answer is made of, for machines; whatever does not apply is absent. */
export interface ExplanationFacts {
  /** The key of the configuration that decides. */
  readonly key?: string;
  readonly didYouMean?: string;
  readonly branch?: string;
  /** Where descriptors are looked for. */
  readonly paths?: readonly string[];
  /** The descriptor that the answer is about. */
  readonly path?: string;
  /** Its canonical URL. */
  readonly url?: string;
  /** The blob's object id. */
  readonly objectId?: string;
  readonly line?: number;
  readonly column?: number;
  /** References of entities that the answer is about; the first 20. */
  readonly entityRefs?: readonly string[];
  /** Who gives the reference instead: a descriptor, or another location. */
  readonly owner?: string;
  /** Files that look like descriptors. */
  readonly lookalikes?: readonly string[];
  /** When the repository was last read, as ISO 8601. */
  readonly readAt?: string;
  /** When the next refresh begins. */
  readonly nextRefreshAt?: string;
  /** When it is read again at the latest. */
  readonly nextReadBy?: string;
  /** Whether an event named it, so that it is looked at in a moment. */
  readonly isDue?: boolean;
  readonly heldBack?: Pick<
    HeldBack,
    'grade' | 'count' | 'total' | 'percentage' | 'limit' | 'code'
  >;
}

/** One answer; the words are the same wherever it is given. */
export interface Explanation {
  readonly reason: Reason;
  /** The provider, by its id in the configuration; absent where none is concerned. */
  readonly provider?: string;
  /** `host/organization`. */
  readonly organization?: string;
  readonly project?: string;
  readonly repository?: string;
  /** A sentence without a full stop. */
  readonly cause: string;
  /** What to do: sentences without the last full stop. */
  readonly cure: string;
  /** The section of the documentation. */
  readonly docs: string;
  readonly facts: ExplanationFacts;
}

/** Who asks for what: names or GUIDs, as a URL has them. */
export interface AskedRepository {
  readonly project?: string;
  readonly repository: string;
  /** A file; a folder and what is no YAML count as the repository. */
  readonly path?: string;
  readonly branch?: string;
}

/** An entity reference, as the ledger and the catalog have it. */
export interface ReferenceFacts {
  /** The descriptor that gives it. */
  readonly owner?: {
    /** Of the repository that is asked about. */
    readonly isOwn: boolean;
    readonly path: string;
    readonly url: string;
  };
  /** The mark of the owning claim. */
  readonly removal?: Removal;
  /** Whether what the ledger has is applied to the catalog. */
  readonly isApplied: boolean;
  /** Where the catalog has the entity from; `null` where it does not have it, absent where that is not known. */
  readonly catalogKey?: string | null;
  /** Where it would be from. */
  readonly locationKey?: string;
}

/** A descriptor, as the ledger knows it or a look has just found it. */
export interface FileFacts {
  readonly path: string;
  readonly url: string;
  readonly objectId: string;
  readonly rejections: readonly Rejection[];
  /** References of the entities that it gives. */
  readonly entityRefs: readonly string[];
}

/** What the ledger knows of the repository in question. */
export interface LedgerFacts {
  /** Absent where it was never selected. */
  readonly repository?: Omit<KnownRepository, 'signature' | 'ticket'> & {
    /** Why the last look at it was unknown. */
    readonly problem?: string;
  };
  readonly files: readonly FileFacts[];
  readonly references: ReadonlyMap<string, ReferenceFacts>;
  readonly isDue: boolean;
  /** Why the last refresh could not pass over the organization. */
  readonly organizationProblem?: string;
  /** What the guard holds back in the organization. */
  readonly heldBack?: readonly HeldBackFacts[];
}

/** A set of removals that is held back. */
export interface HeldBackFacts extends HeldBack {
  readonly isApproved: boolean;
}

/** What one fresh look found. */
export type LookFacts =
  | { readonly outcome: 'failed'; readonly message: string }
  | { readonly outcome: 'not-visible' }
  | {
      readonly outcome: 'found';
      readonly repository: Repository;
      /** Absent where they were not read. */
      readonly files?: readonly FileFacts[];
      /** Why not everything could be read. */
      readonly problem?: string;
      /** The branch is not there. */
      readonly isBranchMissing?: boolean;
      readonly isEmpty?: boolean;
      /** Files elsewhere that look like descriptors. */
      readonly lookalikes?: readonly string[];
    };

/** A repository under one provider. */
export interface ProviderQuestion {
  readonly settings: Pick<
    ProviderSettings,
    | 'id'
    | 'project'
    | 'repository'
    | 'branch'
    | 'paths'
    | 'skipForkedRepos'
    | 'removals'
    | 'verifyEveryMs'
  >;
  /** `host/organization`. */
  readonly organization: string;
  readonly asked: AskedRepository;
  /** Only about this entity. */
  readonly entityRef?: string;
  /** Absent where no backend is asked. */
  readonly ledger?: LedgerFacts;
  /** Absent where nobody looked. */
  readonly look?: LookFacts;
  /** Milliseconds since 1970. */
  readonly nextRefreshAt?: number;
}

/** The words of an answer, but for the provider and where they are written. */
export interface Answer {
  readonly reason: Reason;
  readonly cause: string;
  readonly cure: string;
  readonly facts?: ExplanationFacts;
}
