import type { HintQuestion } from './types';

/** Where projects are so small that asking about one is hardly cheaper than probing its repositories, not all are asked about. */
const REPOSITORIES_A_REQUEST = 25;
/** So many requests pay even in a small organization. */
const LEAST = 8;
/** Where projects are so large that each takes several searches, one request for so many repositories is granted. */
const REPOSITORIES_IN_LARGE_PROJECTS = 250;

/**
 * Pure. How many requests hints may cost in one pass, of all sources together:
 * about one for each project, within one for every 25 and one for every 250
 * repositories.
 */
export function hintBudget(size: {
  readonly projects: number;
  readonly repositories: number;
}): number {
  const { projects, repositories } = size;
  return Math.max(
    Math.min(
      projects,
      Math.max(LEAST, Math.ceil(repositories / REPOSITORIES_A_REQUEST)),
    ),
    Math.ceil(repositories / REPOSITORIES_IN_LARGE_PROJECTS),
  );
}

/**
 * Pure. Orders questions by what they are worth: the repositories that they
 * tell of, times how long these were not asked about. So a search for a
 * thousand descriptors comes before the activity of a project with a hundred
 * repositories, and everything has its turn.
 *
 * @param urgent - projects that have to be asked about now
 * @param askedAt - when a project was last asked about, in milliseconds since 1970; `undefined` for never
 */
export function byWorth<Q extends HintQuestion>(
  questions: readonly Q[],
  options: {
    readonly urgent: (question: Q) => boolean;
    readonly askedAt: (question: Q) => number | undefined;
    readonly now: number;
  },
): Q[] {
  const { urgent, askedAt, now } = options;
  return questions
    .map(question => ({
      question,
      worth: urgent(question)
        ? Infinity
        : (question.repositories * (now - (askedAt(question) ?? 0))) /
          question.cost,
    }))
    .filter(({ worth }) => worth > 0)
    .sort((a, b) => b.worth - a.worth || 0)
    .map(({ question }) => question);
}
