import { counted } from '../../counted';
import type {
  ExplanationFacts,
  FileFacts,
  ProviderQuestion,
  ReferenceFacts,
} from './answer';

export const MOST_NAMES = 20;
export const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether the catalog has a reference from this file, as far as is known. */
export function isGiven(
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

/** The files in question, as they are now. */
export function presentFiles(question: ProviderQuestion): FileFacts[] {
  const { look } = question;
  return look?.outcome === 'found' && look.files
    ? narrowed(question, look.files)
    : ledgerFiles(question);
}

/** Whether the files were looked at just now. */
export function hasReadFiles({ look }: ProviderQuestion): boolean {
  return look?.outcome === 'found' && look.files !== undefined;
}

/** The files in question, as the ledger has them. */
export function ledgerFiles(question: ProviderQuestion): FileFacts[] {
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
    (/\.ya?ml$/i.test(path) || settings.paths.some(it => it.matches(path)))
    ? path
    : undefined;
}

export function isOwnerOf(
  owner: ReferenceFacts['owner'],
  { path }: FileFacts,
): boolean {
  return owner !== undefined && owner.isOwn && owner.path === path;
}

/** The names as the service has them, or else as they were asked for. */
export function namesOf({ look, ledger, asked }: ProviderQuestion): {
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

export function nameOf(question: ProviderQuestion): string {
  const { project, name } = namesOf(question);
  return project === undefined ? name : `${project}/${name}`;
}

/** The branch that is read. */
export function branchOf({ settings, look, ledger }: ProviderQuestion) {
  return (
    settings.branch ??
    (look?.outcome === 'found'
      ? look.repository.defaultBranch
      : ledger?.repository?.branch)
  );
}

/** What it gave before and the catalog still has, as the end of a sentence. */
export function whatStays(question: ProviderQuestion): string {
  const given = ledgerFiles(question).flatMap(file =>
    file.entityRefs.filter(ref =>
      isGiven(question.ledger?.references.get(ref), file),
    ),
  );
  return given.length === 0
    ? ''
    : `; what it gave before (${counted(given.length, 'entity')}) is still in the catalog`;
}

export function problemOfOrganization({
  ledger,
  look,
}: ProviderQuestion): string {
  return ledger?.organizationProblem === undefined || look
    ? ''
    : `; the last refresh could not read the organization: ${ledger.organizationProblem.split(/\.? What to do: /)[0]}`;
}

export function readAt(question: ProviderQuestion): string {
  if (hasReadFiles(question)) return 'now';
  return at(question.ledger?.repository?.verifiedAt) ?? 'the last refresh';
}

/** When it is looked at, as something to do. */
export function waiting(question: ProviderQuestion, isNews = false): string {
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

export function timeFacts({
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

export function fileFacts(
  { path, url, objectId }: FileFacts,
  entityRefs: readonly string[],
): ExplanationFacts {
  return { path, url, objectId, entityRefs: entityRefs.slice(0, MOST_NAMES) };
}

/** A time for people, in UTC; absent where it is none. */
export function at(time: number | undefined): string | undefined {
  return iso(time)?.replace(/\.\d+Z$/, 'Z');
}

/** The same for machines. */
export function iso(time: number | undefined): string | undefined {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function meant(didYouMean: string | undefined): string {
  return didYouMean === undefined ? '' : `; did you mean "${didYouMean}"?`;
}

export function few(names: readonly string[]): string {
  const shown = names.slice(0, 5);
  const further = names.length - shown.length;
  if (further > 0) return `${shown.join(', ')} and ${further} more`;
  return shown.length > 1
    ? `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
    : (shown[0] ?? 'nothing');
}

export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
