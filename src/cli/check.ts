import type { Diagnosis } from '../credentials/problems/diagnosis';

/** One thing that `doctor` looks at. */
export interface Check {
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'fail';
  /** What was found, as a clause. */
  readonly message: string;
  /** What to do about it, as a sentence; for all that does not pass. */
  readonly cure?: string;
  /** Where more is said about it. */
  readonly docs?: string;
}

export function pass(name: string, message: string): Check {
  return { name, status: 'pass', message };
}

export function warn(name: string, message: string, cure: string): Check {
  return { name, status: 'warn', message, cure };
}

export function fail(name: string, diagnosis: Diagnosis): Check {
  const { cause, cure, docs } = diagnosis;
  return { name, status: 'fail', message: cause, cure, docs };
}
