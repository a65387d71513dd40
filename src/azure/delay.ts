import type { Clock } from './clock';

/**
 * Waits a while.
 *
 * @returns whether the time has passed; false as soon as the signal is aborted.
 */
export async function delay(
  milliseconds: number,
  clock: Clock,
  signal?: AbortSignal,
): Promise<boolean> {
  if (signal?.aborted) {
    return false;
  }
  if (milliseconds <= 0) {
    return true;
  }
  return await new Promise(resolve => {
    const onAbort = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.schedule(milliseconds, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(true);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
