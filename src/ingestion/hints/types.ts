import type { DescriptorPath } from '../../config/patterns';
import type { Repository } from '../../azure/types';

/** The sources of hints, by the keys that switch them on under `hints`. */
export type HintSourceName = 'activityMetrics' | 'codeSearch';

/** A repository that is settled but for what may have happened since it was verified. */
export interface HintRepository {
  readonly repository: Repository;
  /** Milliseconds since 1970. */
  readonly verifiedAt: number;
}

/** A project with what hints can be about. */
export interface HintProject {
  readonly id: string;
  readonly name: string;
  /** By id in lower case. Never empty. */
  readonly repositories: ReadonlyMap<string, HintRepository>;
  /** How many descriptors the ledger knows of. */
  readonly descriptors: number;
}

/** What can be asked about in one pass over one organization. */
export interface HintScope {
  readonly projects: readonly HintProject[];
  /** Whether these are all the projects that the organization's list shows. */
  readonly everyProject: boolean;
  readonly paths: readonly DescriptorPath[];
  /** The branch that the configuration names, if it does. */
  readonly branch?: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Changes that the source should know of by now; a question about their projects has to reach back to them. */
  readonly missed: readonly MissedChange[];
  readonly signal?: AbortSignal;
}

/** A change that a probe found and that a source did not name. */
export interface MissedChange {
  readonly repositoryId: string;
  readonly projectId: string;
  /** Project and name of the repository, for messages. */
  readonly repository: string;
  readonly path: string;
  /** The object id before the change; absent for a file that is new. */
  readonly formerObjectId?: string;
  /** The change came after this, in milliseconds since 1970. */
  readonly since: number;
  /** When the probe found it, in milliseconds since 1970. */
  readonly foundAt: number;
}

/**
 * What an answer says of a change that was found without it: `named` if it
 * shows it, `silent` if it shows that it does not know of it, and nothing if it
 * is about something else.
 */
export type Recollection = 'named' | 'silent' | undefined;

/** One thing that a source can be asked, in about one request. */
export interface HintQuestion {
  readonly source: HintSourceName;
  /** Ids of the projects that it is about. */
  readonly projects: readonly string[];
  /** How many repositories it tells of. */
  readonly repositories: number;
  /** How many requests it takes, by all that is known beforehand. */
  readonly cost: number;
}

/** What a source answers to one question. Nothing in it is evidence of anything. */
export interface HintAnswer {
  /** Ids of repositories that seem to have changed since they were verified. */
  readonly repositories: ReadonlySet<string>;
  /** How many requests it took. */
  readonly asked: number;
  recall(change: MissedChange): Recollection;
}

/** Something that says which repositories may have changed: cheap, late, and promised by nobody. */
export interface HintSource<Q extends HintQuestion = HintQuestion> {
  readonly name: HintSourceName;
  /** How many refusals, and no answer, mean that it refuses all questions. */
  readonly refusals: number;
  /** Why it can tell nothing under these settings; `undefined` when it can. */
  unusable(scope: HintScope): string | undefined;
  /** Everything that it can be asked. */
  questions(scope: HintScope): readonly Q[];
  /** @throws what the client throws. */
  ask(question: Q, scope: HintScope): Promise<HintAnswer>;
  /** Whether it could know of such a change at all; what it cannot know is not held against it. */
  couldKnow(change: MissedChange, scope: HintScope): boolean;
}
