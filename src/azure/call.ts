import type { Expectation } from './classify';
import type { Priority } from './limiter/state';
import type { RequestTarget } from './target';

/** What a request is for, and what may come back. */
export interface Call {
  /** An infinitive for messages: `list the repositories`. */
  readonly operation: string;
  readonly expects: Expectation;
  /** How large the answer may be, before and after decompression. */
  readonly maxBytes: number;
  /** Whether the answer is large enough for compression to pay. */
  readonly compress: boolean;
  readonly priority: Priority;
  readonly signal?: AbortSignal;
  /** For long lists: what to keep of each element. The list is then never held as text, nor in full. */
  readonly keep?: (element: unknown) => unknown;
  /** For JSON: says what is wrong with a body that parses; `undefined` when nothing is. */
  readonly verify?: (json: unknown) => string | undefined;
}

/** The methods that change nothing: all that is ever sent, and always safe to repeat. */
export const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'] as const;

export type SafeMethod = (typeof SAFE_METHODS)[number];

/** A request as it is to be sent, but for the credential. */
export interface OutgoingRequest {
  /** POST only for a question that is too long for an address; it changes nothing either. */
  readonly method: SafeMethod | 'POST';
  readonly target: RequestTarget;
  /** The question that is posted, as JSON. */
  readonly body?: string;
  /** The media type that is asked for, with the version of the API. */
  readonly accept: string;
}
