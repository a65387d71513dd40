import type { ProblemId } from './problems/diagnosis';

/** No token could be had. It knows of no organization yet; that is added where an organization asks. */
export class TokenError extends Error {
  readonly problem: ProblemId;
  /** What the token service said, without anything secret in it. */
  readonly detail: string | undefined;

  constructor(problem: ProblemId, detail?: string) {
    super(detail ? `${problem} (${detail})` : problem);
    this.name = 'TokenError';
    this.problem = problem;
    this.detail = detail;
  }
}
