import { Answer } from './answer';
import type { Call } from './call';
import type { ClassifiedFault } from './classify';
import type { ExchangeAnswer } from './exchange';
import type { Outcome } from './limiter/state';
import { readActivityId, withoutByteOrderMark } from './saying';

/** What came of sending a request once. */
export type Attempt =
  | { readonly outcome: 'success'; readonly answer: Answer }
  | {
      readonly outcome: 'fault';
      readonly fault: ClassifiedFault;
      readonly authorization?: string;
    };

/** What is said to whoever is rejected by the limiter: what the service said to it before, if it did. */
export function rejected(
  retryAfterMs: number,
  last: ClassifiedFault | undefined,
): ClassifiedFault {
  return {
    ...(last ?? {
      kind: 'throttled',
      seen: 'the service has throttled this identity, and the wait is too long',
      retryable: true,
      throttling: true,
    }),
    retryAfterMs,
  };
}

/** A refusal is an answer like any other to the limiter, unless it is about load. */
export function outcomeOf(fault: ClassifiedFault): Outcome {
  if (fault.throttling) {
    return fault.duringThrottling ? 'doubtful' : 'throttled';
  }
  return fault.kind === 'unavailable' || fault.kind === 'malformed'
    ? 'failed'
    : 'served';
}

/** Makes a success of an answer that was expected, if its body is as well. */
export function readAnswer(answer: ExchangeAnswer, call: Call): Attempt {
  if (call.expects === 'bytes') {
    return { outcome: 'success', answer: new Answer(answer, undefined) };
  }
  let json: unknown;
  try {
    json = answer.list
      ? answer.list.json
      : JSON.parse(withoutByteOrderMark(answer.body.toString('utf8')));
  } catch {
    // The parser's own words would quote the body.
    return malformed(
      answer,
      call.keep
        ? 'answered a list that is not valid JSON'
        : `answered ${answer.body.length} bytes that are not valid JSON`,
    );
  }
  const mistake = call.verify?.(json);
  return mistake === undefined
    ? { outcome: 'success', answer: new Answer(answer, json) }
    : malformed(answer, `answered ${mistake}`);
}

function malformed({ status, headers }: ExchangeAnswer, seen: string): Attempt {
  return {
    outcome: 'fault',
    fault: {
      kind: 'malformed',
      seen: `the service ${seen}`,
      status,
      activityId: readActivityId(headers),
      retryable: true,
      throttling: false,
    },
  };
}
