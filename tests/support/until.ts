import { setTimeout as delay } from 'node:timers/promises';

/** No machine is so busy that what comes has not come by then; less than a test may take. */
const LONGEST_MS = 240_000;

/**
 * Waits for a condition: asks again and again until the answer is neither
 * `undefined` nor `false`, and fails after `timeoutMs` with what was waited for.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = LONGEST_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) {
      return answer;
    }
    if (Date.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    }
    await delay(25);
  }
}
