import type { CredentialDescription } from '../types';
import { CONFIGURATION_PROBLEMS } from './configuration';
import type { ProblemFacts, ProblemText } from './facts';
import { SERVICE_PROBLEMS } from './service';
import { TOKEN_PROBLEMS } from './token';

/** Where every problem has a section of its own, under its id. */
const DOCUMENTATION = 'docs/errors.md';

const PROBLEMS = {
  ...CONFIGURATION_PROBLEMS,
  ...TOKEN_PROBLEMS,
  ...SERVICE_PROBLEMS,
};

/** The problems that are told apart; each is the anchor of its section in the documentation. */
export type ProblemId = keyof typeof PROBLEMS;

export const PROBLEM_IDS = Object.keys(PROBLEMS) as ProblemId[];

/** What is wrong and what to do about it, in words for the person who runs Backstage. */
export interface Diagnosis {
  readonly problem: ProblemId;
  /** A clause without a full stop. */
  readonly cause: string;
  /** A sentence in the imperative, without a full stop. */
  readonly cure: string;
  /** The section of the documentation. */
  readonly docs: string;
  /** Whether waiting may be all that it takes. */
  readonly transient: boolean;
}

/** Puts a problem into words. */
export function diagnose(problem: ProblemId, facts: ProblemFacts): Diagnosis {
  const text: ProblemText = PROBLEMS[problem];
  return {
    problem,
    cause: text.cause(facts),
    cure: text.cure(facts),
    docs: `${DOCUMENTATION}#${problem}`,
    transient: text.transient ?? false,
  };
}

/** A credential in words, without its value. */
export function describeCredential(credential: CredentialDescription): string {
  return [
    credential.kind,
    ...(credential.clientId ? [`client id ${credential.clientId}`] : []),
    ...(credential.tenantId ? [`tenant ${credential.tenantId}`] : []),
    ...(credential.configKey ? [`from ${credential.configKey}`] : []),
  ].join(', ');
}
