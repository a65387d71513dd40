/**
 * On what evidence something is to go: the service's word; what its list lacks; or
 * the configuration, which no longer asks for it, on purpose or by mistake.
 */
export type RemovalGrade = 'confirmed' | 'inferred' | 'deselected';

/** Something that is about to go, and the evidence for it. */
export interface Removal {
  readonly grade: RemovalGrade;
  readonly reason: string;
}

/** What the ledger knows of one repository, as far as planning needs it. */
export interface KnownRepository {
  readonly id: string;
  readonly organization: string;
  readonly projectId: string;
  readonly project: string;
  readonly name: string;
  readonly branch?: string;
  readonly signature?: string;
  /** Of the last probe; or `gone`, when the last that was seen is that nothing of it is to stay. */
  readonly outcome: 'conclusive' | 'unknown' | 'gone';
  /** Milliseconds since 1970. */
  readonly verifiedAt?: number;
  /** How many lists in a row have lacked it while they had others of its project. */
  readonly missed: number;
  /** Of the last write about it: the least was looked at the longest ago. */
  readonly ticket: number;
}

/** What the ledger knows of one entity that a descriptor gives. */
export interface KnownClaim {
  readonly entityRef: string;
  readonly kind: 'entity' | 'error';
  readonly hash: string;
  readonly locationKey: string;
  readonly removal?: Removal;
}

/** What the ledger knows of one descriptor. */
export interface KnownDescriptor {
  readonly path: string;
  readonly target: string;
  readonly objectId: string;
  readonly signature: string;
  /** What its entities take as JSON. */
  readonly bytes: number;
  /** The branch that the configuration named when it was read; absent for the default branch. */
  readonly branch?: string;
  readonly removal?: Removal;
  readonly claims: readonly KnownClaim[];
}

/** An entity as it was just read from a descriptor. */
export interface ClaimDraft {
  readonly entityRef: string;
  readonly kind: 'entity' | 'error';
  /** The entity as JSON. */
  readonly entity: string;
}

/** A document that gave no entity, as it is kept for those who ask why. */
export interface Rejection {
  readonly index: number;
  readonly reason: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
}

/** A rejection in one line: which document, where, and why. */
export function describeRejection(rejection: Rejection): string {
  const place =
    rejection.line === undefined
      ? ''
      : `, line ${rejection.line}${rejection.column === undefined ? '' : `, column ${rejection.column}`}`;
  return `document ${rejection.index + 1}${place}: ${rejection.message}`;
}

/** What one probe found out about one path. */
export type PathObservation =
  | {
      /** The same blob, read under the same settings, as the ledger has. */
      readonly outcome: 'unchanged';
      readonly path: string;
      readonly objectId: string;
      readonly signature: string;
    }
  | {
      readonly outcome: 'present';
      readonly path: string;
      readonly target: string;
      readonly objectId: string;
      readonly signature: string;
      readonly claims: readonly ClaimDraft[];
      readonly rejections: readonly Rejection[];
      /** References of documents that read but that the rules forbid. */
      readonly forbidden: readonly string[];
      /** Whether a document could not be read, so that whose it was is not known. */
      readonly unreadable: boolean;
    }
  | {
      readonly outcome: 'absent';
      readonly path: string;
      /** The evidence, in words. */
      readonly reason: string;
    }
  | {
      /** The configuration no longer asks for this path. */
      readonly outcome: 'deselected';
      readonly path: string;
      readonly reason: string;
    };

/** What is to be written about one descriptor and its claims. */
export interface DescriptorDecision {
  readonly path: string;
  /** The descriptor's new state; absent when only marks change. */
  readonly write?: {
    readonly target: string;
    readonly objectId: string;
    readonly signature: string;
    readonly rejections: readonly Rejection[];
  };
  /** Claims to insert or update; each has its location key. */
  readonly claims: ReadonlyArray<ClaimDraft & { readonly locationKey: string }>;
  /** Claims that are seen again, or kept: a mark for removal is taken from them. */
  readonly kept: readonly string[];
  /** Claims that are to go once the guard agrees. */
  readonly proposed: ReadonlyArray<{
    readonly entityRef: string;
    readonly removal: Removal;
  }>;
  /** The mark on the descriptor itself: `null` clears it, `undefined` leaves it. */
  readonly removal: Removal | null | undefined;
  /** The descriptor has no claim at all and is gone: nothing needs guarding. */
  readonly drop: boolean;
}
