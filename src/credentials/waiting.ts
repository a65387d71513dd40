/**
 * Ends the wait for something that may never come.
 *
 * @throws what `timedOut` makes, after `milliseconds`. The work itself goes on,
 * and whatever becomes of it then is nobody's concern.
 */
export async function withTimeout<T>(
  work: () => Promise<T>,
  milliseconds: number,
  timedOut: () => Error,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut()), milliseconds);
  });
  try {
    return await Promise.race([work(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Ends one caller's wait when its signal is aborted, without ending the work
 * that others may be waiting for as well.
 *
 * @throws the signal's reason.
 */
export async function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return await work;
  const settled = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { signal: settled.signal });
  });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    settled.abort();
  }
}
