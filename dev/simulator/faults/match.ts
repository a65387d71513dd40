import type { RequestDescription, SimulatedRequest } from '../http';

/** A text matches without regard to case; of a list any one. */
export type TextMatch = string | RegExp | readonly string[];

export interface FaultMatch {
  readonly method?: string;
  readonly host?: TextMatch;
  readonly door?: SimulatedRequest['door'];
  readonly organization?: TextMatch;
  /** Name or id. */
  readonly project?: TextMatch;
  /** Name or id. */
  readonly repository?: TextMatch;
  readonly endpoint?: TextMatch;
  readonly identity?: TextMatch;
  readonly pathname?: RegExp;
  /** The query as it was sent, with its question mark. */
  readonly search?: RegExp;
  /** Of those that match otherwise, this share: 0 to 1, drawn from the simulator's seeded random numbers. */
  readonly probability?: number;
  /** Of those that match otherwise, every nth: 3 is the 3rd, the 6th, ... */
  readonly every?: number;
}

/** Whether a request is what a fault is meant for, as far as that follows from the request alone. */
export function matches(
  match: FaultMatch,
  request: Pick<SimulatedRequest, 'method' | 'url' | 'door'>,
  about: RequestDescription,
): boolean {
  const { method, door, pathname, search } = match;
  return (
    (method === undefined || method.toUpperCase() === request.method) &&
    (door === undefined || door === request.door) &&
    (pathname === undefined || tests(pathname, request.url.pathname)) &&
    (search === undefined || tests(search, request.url.search)) &&
    matchesText(match.host, [request.url.host, request.url.hostname]) &&
    matchesText(match.endpoint, [about.endpoint]) &&
    matchesText(match.identity, [about.identity]) &&
    matchesText(match.organization, [about.organization]) &&
    matchesText(match.project, [about.project?.name, about.project?.id]) &&
    matchesText(match.repository, [
      about.repository?.name,
      about.repository?.id,
    ])
  );
}

export function matchesText(
  match: TextMatch | undefined,
  candidates: ReadonlyArray<string | undefined>,
): boolean {
  if (match === undefined) {
    return true;
  }
  return candidates.some(candidate => {
    if (candidate === undefined) {
      return false;
    }
    if (match instanceof RegExp) {
      return tests(match, candidate);
    }
    const wanted = typeof match === 'string' ? [match] : match;
    return wanted.some(text => text.toLowerCase() === candidate.toLowerCase());
  });
}

/** A sticky or global expression would otherwise remember where it stopped. */
function tests(expression: RegExp, text: string): boolean {
  expression.lastIndex = 0;
  return expression.test(text);
}
