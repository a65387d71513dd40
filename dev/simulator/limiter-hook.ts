import {
  blocked,
  blockedPlainly,
  credentialDenied,
  signInPage,
  unavailable,
} from './errors';
import type { SimulatedResponse } from './http';
import type { Limiter, LimiterAnswer } from './limiter';
import type { LimiterHook } from './seams';

interface LimiterHookOptions {
  readonly limiter: Limiter;
  /** Epoch milliseconds of the simulator's clock. */
  readonly now: () => number;
  /** Milliseconds of the simulator's clock that go by in one real millisecond. Default: 1. */
  readonly timeScale?: number;
}

/**
 * Puts a limiter around every authenticated request to Azure DevOps Services.
 * Azure DevOps Server has no rate limit.
 */
export function limiterHook(options: LimiterHookOptions): LimiterHook {
  const { limiter, now, timeScale = 1 } = options;
  return async ({ request, identity, organization, endpoint }, next) => {
    if (organization.deployment === 'server') return await next();
    // The limit is for each identity in each organization.
    const key = `${organization.id}/${identity.name}`;
    const answer = limiter.admit(key, endpoint, now());
    if (answer.phase === 'blocked') return answerBlocked(answer);
    if (answer.delayMs > 0) {
      const until = now() + answer.delayMs;
      await waitUntil(until, now, timeScale, request.signal);
    }
    const response = await next();
    return {
      ...response,
      headers: { ...response.headers, ...answer.headers },
    };
  };
}

/** How long to sleep at a time: the clock may be one that is moved by hand. */
const NAP_MS = 20;

/** Waits until the simulator's clock shows an instant, or the client is gone. */
async function waitUntil(
  instant: number,
  now: () => number,
  timeScale: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    const left = instant - now();
    if (left <= 0 || signal?.aborted) return;
    const nap = Math.min(NAP_MS, Math.ceil(left / timeScale));
    await new Promise(resolve => setTimeout(resolve, nap));
  }
}

function answerBlocked({
  form,
  headers,
}: Extract<LimiterAnswer, { phase: 'blocked' }>): SimulatedResponse {
  switch (form) {
    case '429-json':
    case '429-bare':
      return blocked(headers);
    case '429-plain':
      return blockedPlainly(headers);
    case '503-html':
      return unavailable();
    case '401':
      return credentialDenied();
    case '203':
      return signInPage(203);
  }
}
