import type { Repository } from '../azure/types';
import type { DescriptorPath, ProviderSettings } from '../config/index';
import { howToApprove, type HeldBack } from './guard';
import {
  describeRejection,
  type KnownRepository,
  type Rejection,
  type Removal,
} from './model';
import {
  EMPTY_LIST,
  keyOf,
  LEFT_OUT,
  nearMiss,
  type NameKey,
} from './nothing-found';
import { selectRepositories } from './select';

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

export type Reason = (typeof REASONS)[number];

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
    'grade' | 'count' | 'total' | 'percentage' | 'limit' | 'fingerprint'
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
  /** The candidate that somebody who wrote a word most likely meant. */
  readonly nearest: (
    word: string,
    candidates: readonly string[],
  ) => string | undefined;
}

/** The words of an answer, but for the provider and where they are written. */
interface Answer {
  readonly reason: Reason;
  readonly cause: string;
  readonly cure: string;
  readonly facts?: ExplanationFacts;
}

const MOST_NAMES = 20;
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LAST_RESORT =
  'Nothing, if it passes: it is read again with each refresh. If it lasts, run `azure-devops-catalog doctor`';

/** One line: cause, cure and where to read more. */
export function describeExplanation({
  cause,
  cure,
  docs,
}: Pick<Explanation, 'cause' | 'cure' | 'docs'>): string {
  return `${cause}${cause.endsWith('?') ? '' : '.'} What to do: ${cure} (${docs})`;
}

/** A URL that names no repository of Azure DevOps. @param message - why, in a sentence or two */
export function explainUnsupportedUrl(
  message: string,
  documentation: string,
): Explanation {
  return complete(
    {
      reason: 'unsupported-url',
      cause: `What is asked about is no repository of Azure DevOps: ${message.replace(/\.$/, '')}`,
      cure: 'Give the address of the repository or the file as the browser shows it, or as Git clones it',
    },
    documentation,
  );
}

/** A repository of an organization that no provider reads. */
export function explainNoProvider({
  organization,
  configured,
  nearest,
  documentation,
}: {
  readonly organization: string;
  /** Those of all providers. */
  readonly configured: readonly string[];
  readonly nearest: ProviderQuestion['nearest'];
  readonly documentation: string;
}): Explanation {
  const didYouMean = nearest(organization, configured);
  const those =
    configured.length === 0
      ? 'none is configured'
      : `configured ${configured.length === 1 ? 'is' : 'are'} ${few(configured)}`;
  return complete(
    {
      reason: 'no-provider',
      cause: `No provider reads ${organization}: ${those}${meant(didYouMean)}`,
      cure: 'Add the organization to a block under `catalog.providers.azureDevOps`, or correct the address',
      facts: { key: 'catalog.providers.azureDevOps', didYouMean },
    },
    documentation,
    { organization },
  );
}

/** A provider of which nobody knows what it would read. @param message - what is wrong with its block */
export function explainMisconfigured(
  provider: string,
  message: string,
  documentation: string,
): Explanation {
  return complete(
    {
      reason: 'misconfigured',
      cause: `${message.replace(/\s+/g, ' ').replace(/\.$/, '')}; it reads nothing until then`,
      cure: 'Correct the configuration, and restart the backend',
      facts: { key: `catalog.providers.azureDevOps.${provider}` },
    },
    documentation,
    { provider },
  );
}

/** A reference that no known descriptor gives. */
export function explainNoSuchEntity(
  entityRef: string,
  documentation: string,
): Explanation {
  return complete(
    {
      reason: 'no-such-entity',
      cause: `No descriptor that is known gives ${entityRef}`,
      cure: 'Compare kind, namespace and name with the file, and ask with the address of the file: what it lacks is then said. What came into the catalog from elsewhere is not known here',
      facts: { entityRefs: [entityRef] },
    },
    documentation,
  );
}

/**
 * Why a repository, a file or an entity of a provider is in the catalog, or is
 * not. Pure, and total: whatever is known, there is an answer, which says what to
 * do.
 */
export function explainProvider(
  question: ProviderQuestion,
  documentation: string,
): Explanation {
  const { settings, organization } = question;
  const { project, name } = namesOf(question);
  return complete(judge(question, documentation), documentation, {
    provider: settings.id,
    organization,
    project,
    repository: name,
  });
}

function complete(
  { reason, cause, cure, facts = {} }: Answer,
  documentation: string,
  where: Pick<
    Explanation,
    'provider' | 'organization' | 'project' | 'repository'
  > = {},
): Explanation {
  return {
    reason,
    ...where,
    cause,
    cure,
    docs: `${documentation}/explain.md#${reason}`,
    facts,
  };
}

/** The first of the reasons that applies: what concerns the whole repository, then its files. */
function judge(question: ProviderQuestion, documentation: string): Answer {
  return (
    judgeHeldBack(question, documentation) ??
    judgeVisibility(question) ??
    judgeSelection(question) ??
    judgeReading(question) ??
    judgeFiles(question)
  );
}

/** What is about to go is in the catalog until the guard or the operator agrees. */
function judgeHeldBack(
  question: ProviderQuestion,
  documentation: string,
): Answer | undefined {
  const { ledger } = question;
  for (const file of ledgerFiles(question)) {
    for (const ref of file.entityRefs) {
      const reference = ledger?.references.get(ref);
      const held = ledger?.heldBack?.find(it => it.entityRefs.includes(ref));
      const reason = reference?.removal?.reason ?? held?.reasons[0]?.reason;
      if (reason !== undefined && isGiven(reference, file)) {
        return heldBack(question, { file, ref, reason, held, documentation });
      }
    }
  }
  return undefined;
}

function heldBack(
  question: ProviderQuestion,
  {
    file,
    ref,
    reason,
    held,
    documentation,
  }: {
    readonly file: FileFacts;
    readonly ref: string;
    readonly reason: string;
    readonly held: HeldBackFacts | undefined;
    readonly documentation: string;
  },
): Answer {
  const { id } = question.settings;
  const leaving = `${ref} is in the catalog, and about to leave it, because ${reason}`;
  const facts = { ...fileFacts(file, [ref]), ...timeFacts(question) };
  if (!held || held.isApproved) {
    return {
      reason: 'held-back',
      cause: `${leaving}; ${held ? 'its removal is approved' : 'the end of a refresh decides whether it is held back'}`,
      cure: 'Nothing, if it is to go. If it is to stay, undo what is the reason: the next refresh takes this back',
      facts,
    };
  }
  const { grade, count, total, percentage, limit, fingerprint } = held;
  return {
    reason: 'held-back',
    cause: `${leaving}; its removal is held back, since ${count} of ${total} entities would go (${percentage.toFixed(0)} %), and ${limit} % may at once`,
    cure:
      `If they are to go, ${howToApprove(id, fingerprint, documentation)}, which allows this very set, once; ` +
      'if not, undo what is the reason: the next refresh takes this back',
    facts: {
      ...facts,
      heldBack: { grade, count, total, percentage, limit, fingerprint },
    },
  };
}

function judgeVisibility(question: ProviderQuestion): Answer | undefined {
  const { ledger, look, settings } = question;
  const missed = ledger?.repository?.missed ?? 0;
  const isMissing = look ? look.outcome === 'not-visible' : missed > 0;
  if (!isMissing) return undefined;
  const lists =
    missed > 0
      ? `; the last ${missed === 1 ? 'list' : `${missed} lists`} of the organization lacked it, and after ${settings.removals.confirmations} in a row it counts as gone`
      : '';
  return {
    reason: 'not-visible',
    cause: `${nameOf(question)} does not exist under this name, or is not visible to the identity: ${LEFT_OUT}${lists}${stays(question)}`,
    cure: `Compare the name with the address in the browser. ${EMPTY_LIST.cure}`,
    facts: timeFacts(question),
  };
}

/** What the configuration leaves out, and what can not be read in the state that it is in. */
function judgeSelection(question: ProviderQuestion): Answer | undefined {
  const { settings, look, ledger } = question;
  const repository = look?.outcome === 'found' ? look.repository : undefined;
  const { project, name } = namesOf(question);
  if (project !== undefined && !settings.project.matches(project)) {
    return leftOut(question, 'project', project);
  }
  if (!GUID.test(name) && !settings.repository.matches(name)) {
    return leftOut(question, 'repository', name);
  }
  if (repository) {
    const [skipped] = selectRepositories({
      settings,
      repositories: [repository],
    }).skipped;
    const answer = skipped && judgeState(question, repository, skipped.reason);
    if (answer) return answer;
    if (look?.outcome === 'found' && look.isEmpty) return empty(question);
  }
  const known = ledger?.repository;
  if (
    !look &&
    known?.outcome === 'conclusive' &&
    known.branch === undefined &&
    settings.branch === undefined
  ) {
    return empty(question);
  }
  return judgePath(question) ?? judgeBranch(question);
}

function leftOut(
  question: ProviderQuestion,
  what: 'project' | 'repository',
  name: string,
): Answer {
  const { settings, nearest } = question;
  const { include, exclude } = settings[what];
  const isIncluded = settings[what].includes(name);
  const key: NameKey = isIncluded ? `exclude.${what}` : what;
  const didYouMean = isIncluded
    ? undefined
    : nearMiss(include, [name], nearest);
  return {
    reason: 'deselected',
    cause: `${keyOf(settings.id, key, isIncluded ? exclude : include)} ${isIncluded ? 'leaves out' : 'does not select'} the ${what} "${name}"${stays(question)}${meant(didYouMean)}`,
    cure: isIncluded
      ? 'Narrow the pattern, if it is to be read'
      : 'Add the name to the key, if it is to be read',
    facts: {
      key: `catalog.providers.azureDevOps.${settings.id}.${key}`,
      didYouMean,
    },
  };
}

function judgeState(
  question: ProviderQuestion,
  repository: Repository,
  reason: string,
): Answer | undefined {
  const { settings } = question;
  const name = nameOf(question);
  const facts = timeFacts(question);
  switch (reason) {
    case 'fork':
      return {
        reason: 'deselected',
        cause: `${keyOf(settings.id, 'skipForkedRepos')} leaves out ${name}: it is a fork${stays(question)}`,
        cure: 'Set it to false, if forks are to be read',
        facts: {
          key: `catalog.providers.azureDevOps.${settings.id}.skipForkedRepos`,
        },
      };
    case 'disabled':
      return {
        reason: 'disabled',
        cause: `${name} is disabled, so that nobody can read it${stays(question)}`,
        cure: 'Enable it, if it is to be read (Project settings > Repositories)',
        facts,
      };
    case 'project-not-well-formed':
      return {
        reason: 'project-not-ready',
        cause: `The project of ${name} is in the state "${repository.project.state}", in which nothing of it is read${stays(question)}`,
        cure: 'Wait until it is as it should be: each refresh looks again',
        facts,
      };
    case 'empty':
      return empty(question);
    default:
      return undefined;
  }
}

function empty(question: ProviderQuestion): Answer {
  const { settings } = question;
  return {
    reason: 'empty',
    cause: `${nameOf(question)} is empty: it has no default branch`,
    cure: `Push a commit with ${few(settings.paths.map(pathOf))}`,
    facts: { paths: settings.paths.map(pathOf), ...timeFacts(question) },
  };
}

function judgePath(question: ProviderQuestion): Answer | undefined {
  const { settings, nearest } = question;
  const path = askedFile(question);
  if (path === undefined || settings.paths.some(it => asksFor(it, path))) {
    return undefined;
  }
  const paths = settings.paths.map(pathOf);
  const didYouMean = nearest(path, paths);
  return {
    reason: 'deselected',
    cause: `${keyOf(settings.id, 'path', paths)} does not ask for ${path}${meant(didYouMean)}`,
    cure: 'Move the file to where descriptors are looked for, or add its path to the key; case matters',
    facts: {
      key: `catalog.providers.azureDevOps.${settings.id}.path`,
      didYouMean,
      paths,
      path,
    },
  };
}

function judgeBranch(question: ProviderQuestion): Answer | undefined {
  const { settings, asked } = question;
  const read = branchOf(question);
  if (asked.branch === undefined || !read || asked.branch === read) {
    return undefined;
  }
  return {
    reason: 'deselected',
    cause:
      settings.branch === undefined
        ? `Of ${nameOf(question)} the default branch "${read}" is read, and not "${asked.branch}"`
        : `${keyOf(settings.id, 'branch', [settings.branch])} has that branch read, and not "${asked.branch}"`,
    cure: `Bring the file to the branch "${read}", or name the other branch in the key \`branch\``,
    facts: {
      key: `catalog.providers.azureDevOps.${settings.id}.branch`,
      branch: read,
    },
  };
}

/** Whether it could be read at all. */
function judgeReading(question: ProviderQuestion): Answer | undefined {
  const { look, ledger } = question;
  const known = ledger?.repository;
  if (look) {
    const message =
      look.outcome === 'failed'
        ? look.message
        : look.outcome === 'found'
          ? look.problem
          : undefined;
    return message === undefined ? undefined : unknown(question, message);
  }
  if (known?.outcome === 'unknown') {
    return unknown(question, known.problem ?? 'the last look at it failed');
  }
  if (!known && ledger?.organizationProblem !== undefined) {
    return unknown(question, ledger.organizationProblem);
  }
  return undefined;
}

function unknown(question: ProviderQuestion, message: string): Answer {
  // What failed says itself what to do about it.
  const [seen = '', ...advice] = message
    .replace(`${question.organization}: `, '')
    .split(/\.? What to do: /);
  const known = question.ledger?.repository;
  const since = known
    ? known.verifiedAt === undefined
      ? 'and never could'
      : `since ${at(known.verifiedAt) ?? 'an unknown time'}`
    : '';
  return {
    reason: 'unknown',
    cause: `${nameOf(question)} could not be read${since && ` ${since}`}: ${seen.replace(/\.$/, '')}${stays(question)}`,
    cure: advice.join(' ').replace(/\.$/, '') || LAST_RESORT,
    facts: timeFacts(question),
  };
}

function judgeFiles(question: ProviderQuestion): Answer {
  const { ledger } = question;
  const files = presentFiles(question);
  if (files.length > 0) {
    return (
      judgeRejections(question, files) ??
      judgeOwners(question, files) ??
      judgeApplied(question, files) ??
      inCatalog(question, files)
    );
  }
  if (!hasReadFiles(question) && !ledger?.repository) {
    return {
      reason: 'not-yet',
      cause: `${nameOf(question)} is selected, and has not been looked at yet`,
      cure: `${waiting(question)}, or start a refresh`,
      facts: timeFacts(question),
    };
  }
  return noDescriptor(question);
}

function noDescriptor(question: ProviderQuestion): Answer {
  const { settings, look, ledger } = question;
  const branch = branchOf(question);
  const found = look?.outcome === 'found' ? look : undefined;
  const file = askedFile(question);
  const paths = file === undefined ? settings.paths.map(pathOf) : [file];
  const name = nameOf(question);
  const on = branch === undefined ? '' : ` on the branch "${branch}"`;
  const facts = {
    branch,
    paths,
    lookalikes: found?.lookalikes?.length ? found.lookalikes : undefined,
    ...timeFacts(question),
  };
  if (found?.isBranchMissing && settings.branch !== undefined) {
    const { defaultBranch } = found.repository;
    return {
      reason: 'no-descriptor',
      cause: `${keyOf(settings.id, 'branch', [settings.branch])} is no branch of ${name}${defaultBranch === undefined ? '' : `, whose default branch is "${defaultBranch}"`}`,
      cure: 'Correct the key, or leave it out to read the default branch of each repository',
      facts,
    };
  }
  const [missing] = paths;
  const cause =
    file === undefined
      ? `${keyOf(settings.id, 'path', paths)} finds no file in ${name}${on}`
      : `There is no ${missing} in ${name}${on}`;
  const asOf = hasReadFiles(question) ? '' : `, as of ${readAt(question)}`;
  if (facts.lookalikes) {
    return {
      reason: 'no-descriptor',
      cause: `${cause}; it has ${few(facts.lookalikes)}: did you mean that?`,
      cure: 'Rename or move the file to where descriptors are looked for, or add its path to the key `path`; case matters',
      facts,
    };
  }
  return {
    reason: 'no-descriptor',
    cause: `${cause}${asOf}${problemOfOrganization(question)}`,
    cure:
      'Push a descriptor, or correct the key `path`' +
      (hasReadFiles(question) || !ledger
        ? ''
        : `. If it has been pushed since: ${lowerFirst(waiting(question))}, or start a refresh. A fresh look tells what lies there instead`),
    facts,
  };
}

function judgeRejections(
  question: ProviderQuestion,
  files: readonly FileFacts[],
): Answer | undefined {
  const file =
    files.find(({ rejections }) => rejections.some(isUnreadable)) ??
    files.find(({ rejections }) => rejections.length > 0);
  const rejection = file?.rejections.find(isUnreadable) ?? file?.rejections[0];
  if (!file || !rejection) return undefined;
  const more = file.rejections.length - 1;
  const { line, column } = rejection;
  const facts = {
    ...fileFacts(file, file.entityRefs),
    line,
    column,
    branch: branchOf(question),
    ...timeFacts(question),
  };
  const cause =
    `${file.path} of ${nameOf(question)}: ${describeRejection(rejection).replace(/\.$/, '')}` +
    (more > 0 ? `; ${more} more of its documents are rejected` : '') +
    (file.entityRefs.length > 0
      ? `; the file gives ${entities(file.entityRefs.length)} all the same`
      : '');
  return isUnreadable(rejection)
    ? {
        reason: 'rejected',
        cause,
        cure: 'Correct the file at that place, and push it; `azure-devops-catalog validate` finds such mistakes before the merge',
        facts,
      }
    : {
        reason: 'forbidden',
        cause,
        cure: 'Allow the kind for this location with a rule under `catalog.rules`, or take the document out of the file',
        facts: { ...facts, key: 'catalog.rules' },
      };
}

function isUnreadable({ reason }: Rejection): boolean {
  return reason !== 'rules';
}

/** What somebody else gives. */
function judgeOwners(
  question: ProviderQuestion,
  files: readonly FileFacts[],
): Answer | undefined {
  for (const file of files) {
    for (const ref of file.entityRefs) {
      const reference = question.ledger?.references.get(ref);
      const owner = ownerInstead(reference, file);
      if (owner !== undefined) {
        return {
          reason: 'duplicate',
          cause: duplicateCause(ref, owner, [file.url]),
          cure: DUPLICATE_CURE,
          facts: { ...fileFacts(file, [ref]), owner, ...timeFacts(question) },
        };
      }
    }
  }
  return undefined;
}

/** The descriptor or location that has a reference instead of this file. */
function ownerInstead(
  reference: ReferenceFacts | undefined,
  file: FileFacts,
): string | undefined {
  if (!reference) return undefined;
  const { owner, isApplied, catalogKey, locationKey } = reference;
  if (owner && !isOwnerOf(owner, file)) {
    return owner.url;
  }
  return owner &&
    isApplied &&
    typeof catalogKey === 'string' &&
    catalogKey !== locationKey
    ? catalogKey.replace(/^url:/, '')
    : undefined;
}

/** The same words in the log and wherever somebody asks. */
export function duplicateCause(
  entityRef: string,
  owner: string,
  others: readonly string[],
): string {
  return `${entityRef} is defined by ${owner}, which is in the catalog, and by ${others.join(', ')}, which ${others.length === 1 ? 'is' : 'are'} left out until the former is gone`;
}

export const DUPLICATE_CURE =
  'Give the entities different names, or delete the definitions that are not meant';

/** What the catalog does not have yet as the file has it. */
function judgeApplied(
  question: ProviderQuestion,
  files: readonly FileFacts[],
): Answer | undefined {
  const { ledger } = question;
  const file = files.find(it => !isWhole(question, it));
  if (!file) return undefined;
  const { entityRefs, path } = file;
  const facts = {
    ...fileFacts(file, entityRefs),
    branch: branchOf(question),
    ...timeFacts(question),
  };
  const what = `${path} of ${nameOf(question)} gives ${entityRefs.length > 0 ? few(entityRefs) : 'no such entity'}`;
  if (!ledger) {
    return {
      reason: 'readable',
      cause: `${what}, and nothing stands in the way`,
      cure: 'Wait for the next refresh; whether it is in the catalog already only a running backend can tell',
      facts,
    };
  }
  const isKnown = ledgerFiles(question).some(
    it => it.path === path && it.objectId === file.objectId,
  );
  const how = !isKnown
    ? ', as was found just now, after the last refresh looked'
    : entityRefs.some(ref => ledger.references.get(ref)?.catalogKey === null)
      ? '; the catalog was given it, and does not have it any more'
      : ', and was not given to the catalog yet';
  return {
    reason: 'not-yet',
    cause: `${what}${how}`,
    cure: `${waiting(question, true)}, or start a refresh`,
    facts,
  };
}

/** Whether the catalog has all that the file gives, as it is. */
function isWhole(question: ProviderQuestion, file: FileFacts): boolean {
  const { ledger } = question;
  const known = ledgerFiles(question).find(({ path }) => path === file.path);
  return (
    known?.objectId === file.objectId &&
    file.entityRefs.every(ref => {
      const reference = ledger?.references.get(ref);
      return (
        known.entityRefs.includes(ref) &&
        isGiven(reference, file) &&
        reference?.removal === undefined
      );
    })
  );
}

/** Whether the catalog has a reference from this file, as far as is known. */
function isGiven(
  reference: ReferenceFacts | undefined,
  file: FileFacts,
): boolean {
  return (
    reference !== undefined &&
    reference.isApplied &&
    isOwnerOf(reference.owner, file) &&
    (reference.catalogKey === undefined ||
      reference.catalogKey === reference.locationKey)
  );
}

function inCatalog(
  question: ProviderQuestion,
  files: readonly FileFacts[],
): Answer {
  const refs = files.flatMap(({ entityRefs }) => entityRefs);
  const [file] = files;
  const branch = branchOf(question);
  const facts = {
    ...(file && files.length === 1
      ? fileFacts(file, refs)
      : { entityRefs: refs.slice(0, MOST_NAMES) }),
    branch,
    ...timeFacts(question),
  };
  if (!file || refs.length === 0) {
    return {
      reason: 'no-descriptor',
      cause: `${file?.path ?? nameOf(question)} of ${nameOf(question)} has no document that gives an entity, as of ${readAt(question)}`,
      cure: 'Add a document with apiVersion, kind and metadata.name to the file',
      facts,
    };
  }
  const from =
    files.length === 1
      ? `${file.path} of ${nameOf(question)}${branch === undefined ? '' : ` on the branch "${branch}"`}, object ${file.objectId.slice(0, 12)}`
      : `${files.length} files of ${nameOf(question)}`;
  return {
    reason: 'in-catalog',
    cause: `${few(refs)} ${refs.length === 1 ? 'is' : 'are'} in the catalog, from ${from}, as of ${readAt(question)}${problemOfOrganization(question)}`,
    cure: `Nothing. If a change is missing: ${lowerFirst(waiting(question))}, or start a refresh`,
    facts,
  };
}

// What the answers are made of.

/** The files in question, as they are now. */
function presentFiles(question: ProviderQuestion): FileFacts[] {
  const { look } = question;
  return look?.outcome === 'found' && look.files
    ? narrowed(question, look.files)
    : ledgerFiles(question);
}

/** Whether the files were looked at just now. */
function hasReadFiles({ look }: ProviderQuestion): boolean {
  return look?.outcome === 'found' && look.files !== undefined;
}

/** The files in question, as the ledger has them. */
function ledgerFiles(question: ProviderQuestion): FileFacts[] {
  return narrowed(question, question.ledger?.files ?? []);
}

/** Only the file, and only what gives the entity, where one was asked for. */
function narrowed(
  question: ProviderQuestion,
  files: readonly FileFacts[],
): FileFacts[] {
  const { entityRef } = question;
  const path = askedFile(question);
  const some = files.filter(file => path === undefined || file.path === path);
  if (entityRef === undefined) return some;
  const gives = (file: FileFacts) => file.entityRefs.includes(entityRef);
  // One that no longer gives it is to be spoken of.
  const gave = new Set(question.ledger?.files.filter(gives).map(it => it.path));
  return some
    .filter(file => gives(file) || gave.has(file.path))
    .map(file => ({ ...file, entityRefs: gives(file) ? [entityRef] : [] }));
}

/** The file that was asked for; absent where it is about the repository. */
export function askedFile({
  asked: { path },
  settings,
}: Pick<ProviderQuestion, 'asked' | 'settings'>): string | undefined {
  return path !== undefined &&
    (/\.ya?ml$/i.test(path) || settings.paths.some(it => asksFor(it, path)))
    ? path
    : undefined;
}

function isOwnerOf(
  owner: ReferenceFacts['owner'],
  { path }: FileFacts,
): boolean {
  return owner !== undefined && owner.isOwn && owner.path === path;
}

/** The names as the service has them, or else as they were asked for. */
function namesOf({ look, ledger, asked }: ProviderQuestion): {
  project?: string;
  name: string;
} {
  if (look?.outcome === 'found') {
    return {
      project: look.repository.project.name,
      name: look.repository.name,
    };
  }
  const known = ledger?.repository;
  if (known) return { project: known.project, name: known.name };
  const project =
    asked.project !== undefined && GUID.test(asked.project)
      ? undefined
      : asked.project;
  return { project, name: asked.repository };
}

function nameOf(question: ProviderQuestion): string {
  const { project, name } = namesOf(question);
  return project === undefined ? name : `${project}/${name}`;
}

/** The branch that is read. */
function branchOf({ settings, look, ledger }: ProviderQuestion) {
  return (
    settings.branch ??
    (look?.outcome === 'found'
      ? look.repository.defaultBranch
      : ledger?.repository?.branch)
  );
}

/** What becomes of what it gave before. */
function stays(question: ProviderQuestion): string {
  const given = ledgerFiles(question).flatMap(file =>
    file.entityRefs.filter(ref =>
      isGiven(question.ledger?.references.get(ref), file),
    ),
  );
  return given.length === 0
    ? ''
    : `; what it gave before (${entities(given.length)}) is still in the catalog`;
}

function problemOfOrganization({ ledger, look }: ProviderQuestion): string {
  return ledger?.organizationProblem === undefined || look
    ? ''
    : `; the last refresh could not read the organization: ${ledger.organizationProblem.split(/\.? What to do: /)[0]}`;
}

function readAt(question: ProviderQuestion): string {
  if (hasReadFiles(question)) return 'now';
  return at(question.ledger?.repository?.verifiedAt) ?? 'the last refresh';
}

/** When it is looked at, as something to do. */
function waiting(question: ProviderQuestion, isNews = false): string {
  const { ledger, nextRefreshAt } = question;
  const { repository: known } = ledger ?? {};
  const nextReadBy = at(
    (known?.verifiedAt ?? Number.NaN) + question.settings.verifyEveryMs,
  );
  if (ledger?.isDue) {
    return 'Wait a moment: an event named the repository, which is looked at now';
  }
  const isSettled = known?.outcome === 'conclusive' && !isNews;
  if (isSettled && nextReadBy !== undefined) {
    return `Wait until it is read again, by ${nextReadBy} at the latest`;
  }
  const next = at(nextRefreshAt);
  return `Wait for the next refresh${next === undefined ? '' : `, at ${next}`}`;
}

function timeFacts({
  ledger,
  settings,
  nextRefreshAt,
}: ProviderQuestion): ExplanationFacts {
  const known = ledger?.repository;
  const { verifiedAt } = known ?? {};
  return {
    readAt: iso(verifiedAt),
    nextReadBy:
      known?.outcome === 'conclusive' && verifiedAt !== undefined
        ? iso(verifiedAt + settings.verifyEveryMs)
        : undefined,
    nextRefreshAt: iso(nextRefreshAt),
    isDue: ledger?.isDue || undefined,
  };
}

function fileFacts(
  { path, url, objectId }: FileFacts,
  entityRefs: readonly string[],
): ExplanationFacts {
  return { path, url, objectId, entityRefs: entityRefs.slice(0, MOST_NAMES) };
}

function asksFor(pattern: DescriptorPath, path: string): boolean {
  return pattern.kind === 'literal'
    ? pattern.path === path
    : pattern.matches(path);
}

function pathOf(path: DescriptorPath): string {
  return path.kind === 'literal' ? path.path : path.pattern;
}

/** A time for people, in UTC; absent where it is none. */
function at(time: number | undefined): string | undefined {
  return iso(time)?.replace(/\.\d+Z$/, 'Z');
}

/** The same for machines. */
function iso(time: number | undefined): string | undefined {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function meant(didYouMean: string | undefined): string {
  return didYouMean === undefined ? '' : `; did you mean "${didYouMean}"?`;
}

function entities(count: number): string {
  return count === 1 ? '1 entity' : `${count} entities`;
}

function few(names: readonly string[], and = 'and'): string {
  const shown = names.slice(0, 5);
  const further = names.length - shown.length;
  if (further > 0) return `${shown.join(', ')} ${and} ${further} more`;
  return shown.length > 1
    ? `${shown.slice(0, -1).join(', ')} ${and} ${shown.at(-1)}`
    : (shown[0] ?? 'nothing');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
