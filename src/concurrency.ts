/**
 * What comes of an action for each item, in their order; at most `limit` are under
 * way at a time. Stops at the first error, and waits for what is under way.
 */
export async function mapAtMost<T, R>(
  limit: number,
  items: readonly T[],
  action: (item: T) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (!failed && next < items.length) {
      const index = next++;
      try {
        results[index] = await action(items[index] as T);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(
    Array.from({ length: Math.min(limit, items.length) }, worker),
  );
  for (const end of ends) {
    if (end.status === 'rejected') {
      throw end.reason;
    }
  }
  return results;
}
