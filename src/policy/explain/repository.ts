import type { Repository } from '../../azure/types';
import { nearest } from '../../nearest';
import {
  EMPTY_LIST,
  fullKey,
  keyOf,
  LEFT_OUT,
  nearMiss,
  pathOf,
  type NameKey,
} from '../nothing-found';
import { selectRepositories } from '../select';
import type { Answer, ProviderQuestion } from './answer';
import {
  GUID,
  askedFile,
  at,
  branchOf,
  few,
  meant,
  nameOf,
  namesOf,
  whatStays,
} from './question';

const LAST_RESORT =
  'Nothing, if it passes: it is read again with each refresh. If it lasts, run `azure-devops-catalog doctor`';

export function judgeVisibility(
  question: ProviderQuestion,
): Answer | undefined {
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
    cause: `${nameOf(question)} does not exist under this name, or is not visible to the identity: ${LEFT_OUT}${lists}${whatStays(question)}`,
    cure: `Compare the name with the address in the browser. ${EMPTY_LIST.cure}`,
  };
}

/** What the configuration leaves out, and what can not be read in the state that it is in. */
export function judgeSelection(question: ProviderQuestion): Answer | undefined {
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
  const { settings } = question;
  const { include, exclude } = settings[what];
  const isIncluded = settings[what].includes(name);
  const key: NameKey = isIncluded ? `exclude.${what}` : what;
  const didYouMean = isIncluded ? undefined : nearMiss(include, [name]);
  return {
    reason: 'deselected',
    cause: `${keyOf(settings.id, key, isIncluded ? exclude : include)} ${isIncluded ? 'leaves out' : 'does not select'} the ${what} "${name}"${whatStays(question)}${meant(didYouMean)}`,
    cure: isIncluded
      ? 'Narrow the pattern, if it is to be read'
      : 'Add the name to the key, if it is to be read',
    facts: {
      key: fullKey(settings.id, key),
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
  switch (reason) {
    case 'fork':
      return {
        reason: 'deselected',
        cause: `${keyOf(settings.id, 'skipForkedRepos')} leaves out ${name}: it is a fork${whatStays(question)}`,
        cure: 'Set it to false, if forks are to be read',
        facts: {
          key: fullKey(settings.id, 'skipForkedRepos'),
        },
      };
    case 'disabled':
      return {
        reason: 'disabled',
        cause: `${name} is disabled, so that nobody can read it${whatStays(question)}`,
        cure: 'Enable it, if it is to be read (Project settings > Repositories)',
      };
    case 'project-not-well-formed':
      return {
        reason: 'project-not-ready',
        cause: `The project of ${name} is in the state "${repository.project.state}", in which nothing of it is read${whatStays(question)}`,
        cure: 'Wait until it is as it should be: each refresh looks again',
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
    facts: { paths: settings.paths.map(pathOf) },
  };
}

function judgePath(question: ProviderQuestion): Answer | undefined {
  const { settings } = question;
  const path = askedFile(question);
  if (path === undefined || settings.paths.some(it => it.matches(path))) {
    return undefined;
  }
  const paths = settings.paths.map(pathOf);
  const didYouMean = nearest(path, paths);
  return {
    reason: 'deselected',
    cause: `${keyOf(settings.id, 'path', paths)} does not ask for ${path}${meant(didYouMean)}`,
    cure: 'Move the file to where descriptors are looked for, or add its path to the key; case matters',
    facts: {
      key: fullKey(settings.id, 'path'),
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
      key: fullKey(settings.id, 'branch'),
      branch: read,
    },
  };
}

/** Whether it could be read at all. */
export function judgeReading(question: ProviderQuestion): Answer | undefined {
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
    cause: `${nameOf(question)} could not be read${since && ` ${since}`}: ${seen.replace(/\.$/, '')}${whatStays(question)}`,
    cure: advice.join(' ').replace(/\.$/, '') || LAST_RESORT,
  };
}
