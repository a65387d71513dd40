import { counted } from '../../counted';
import { describeShare, howToApprove } from '../guard';
import { describeRejection, type Rejection } from '../model';
import { keyOf, pathOf } from '../nothing-found';
import type {
  Answer,
  FileFacts,
  HeldBackFacts,
  ProviderQuestion,
  ReferenceFacts,
} from './answer';
import {
  MOST_NAMES,
  askedFile,
  branchOf,
  few,
  fileFacts,
  hasReadFiles,
  isGiven,
  isOwnerOf,
  ledgerFiles,
  lowerFirst,
  nameOf,
  presentFiles,
  problemOfOrganization,
  readAt,
  waiting,
} from './question';

/** What is about to go is in the catalog until the guard or the operator agrees. */
export function judgeHeldBack(question: ProviderQuestion): Answer | undefined {
  const { ledger } = question;
  const files = ledgerFiles(question);
  const heldBy = heldBackAmong(question, files);
  for (const file of files) {
    for (const ref of file.entityRefs) {
      const reference = ledger?.references.get(ref);
      const held = heldBy.get(ref);
      const reason = reference?.removal?.reason ?? held?.reasons[0]?.reason;
      if (reason !== undefined && isGiven(reference, file)) {
        return heldBack(question, { file, ref, reason, held });
      }
    }
  }
  return undefined;
}

/** The set that holds back each entity of these files; a set may have all that the organization has, and is gone through once. */
function heldBackAmong(
  { ledger }: ProviderQuestion,
  files: readonly FileFacts[],
): Map<string, HeldBackFacts> {
  const own = new Set(files.flatMap(({ entityRefs }) => entityRefs));
  const found = new Map<string, HeldBackFacts>();
  for (const held of ledger?.heldBack ?? []) {
    for (const ref of held.entityRefs) {
      if (own.has(ref) && !found.has(ref)) found.set(ref, held);
    }
  }
  return found;
}

function heldBack(
  question: ProviderQuestion,
  {
    file,
    ref,
    reason,
    held,
  }: {
    readonly file: FileFacts;
    readonly ref: string;
    readonly reason: string;
    readonly held: HeldBackFacts | undefined;
  },
): Answer {
  const { id } = question.settings;
  const leaving = `${ref} is in the catalog, and about to leave it, because ${reason}`;
  const facts = fileFacts(file, [ref]);
  if (!held || held.isApproved) {
    return {
      reason: 'held-back',
      cause: `${leaving}; ${held ? 'its removal is approved' : 'the end of a refresh decides whether it is held back'}`,
      cure: 'Nothing, if it is to go. If it is to stay, undo what is the reason: the next refresh takes this back',
      facts,
    };
  }
  const { grade, count, total, percentage, limit, code } = held;
  return {
    reason: 'held-back',
    cause: `${leaving}; its removal is held back, since ${count} of ${counted(total, 'entity')} would go (${describeShare(held)}), and ${limit} % may at once`,
    cure:
      `If they are to go, ${howToApprove(id, code)}, which allows this very set, once; ` +
      'if not, undo what is the reason: the next refresh takes this back',
    facts: {
      ...facts,
      heldBack: { grade, count, total, percentage, limit, code },
    },
  };
}

export function judgeFiles(question: ProviderQuestion): Answer {
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
  };
  const cause =
    `${file.path} of ${nameOf(question)}: ${describeRejection(rejection).replace(/\.$/, '')}` +
    (more > 0 ? `; ${more} more of its documents are rejected` : '') +
    (file.entityRefs.length > 0
      ? `; the file gives ${counted(file.entityRefs.length, 'entity')} all the same`
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
          facts: { ...fileFacts(file, [ref]), owner },
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
  const known = new Map(ledgerFiles(question).map(it => [it.path, it]));
  const file = files.find(it => !isWhole(ledger, known.get(it.path), it));
  if (!file) return undefined;
  const { entityRefs, path } = file;
  const facts = {
    ...fileFacts(file, entityRefs),
    branch: branchOf(question),
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
  const isKnown = known.get(path)?.objectId === file.objectId;
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
function isWhole(
  ledger: ProviderQuestion['ledger'],
  known: FileFacts | undefined,
  file: FileFacts,
): boolean {
  const gave = new Set(known?.entityRefs);
  return (
    known?.objectId === file.objectId &&
    file.entityRefs.every(ref => {
      const reference = ledger?.references.get(ref);
      return (
        gave.has(ref) &&
        isGiven(reference, file) &&
        reference?.removal === undefined
      );
    })
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
