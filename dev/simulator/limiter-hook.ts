import { htmlPage, serviceError, signInPage } from './errors';
import type { SimulatedResponse } from './http';
import type { Limiter, LimiterVerdict } from './limiter';
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
    const verdict = limiter.admit(key, endpoint, now());
    if (verdict.phase === 'blocked') return blocked(verdict);
    if (verdict.delayMs > 0) {
      const until = now() + verdict.delayMs;
      await waitUntil(until, now, timeScale, request.signal);
    }
    const response = await next();
    return {
      ...response,
      headers: { ...response.headers, ...verdict.headers },
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

function blocked(
  verdict: Extract<LimiterVerdict, { phase: 'blocked' }>,
): SimulatedResponse {
  const { form, message, headers } = verdict;
  switch (form) {
    case '429-json':
    case '429-bare':
      return serviceError(429, 'RequestBlockedException', message, {
        headers: { ...headers },
      });
    case '429-plain':
      return {
        status: 429,
        headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
        body: message,
      };
    case '503-html':
      return htmlPage(
        503,
        'Service Unavailable',
        "<h2>Our services aren't available right now</h2>",
      );
    case '401':
      return {
        status: 401,
        headers: {
          'WWW-Authenticate':
            'Basic realm="https://tfsprodeus1.visualstudio.com/"',
        },
        body: '',
      };
    case '203':
      return signInPage(203);
  }
}
