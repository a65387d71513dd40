import type { Refreshed, TestCatalog } from '../../support/backend';
import { until } from '../../support/until';

/** Refreshes as soon as the scheduler takes it: it needs an instant between two runs of a task. */
export async function refreshWhenFree(
  catalog: Pick<TestCatalog, 'refresh'>,
): Promise<Refreshed> {
  return await until(
    'the scheduler to take a refresh',
    async () => {
      try {
        return await catalog.refresh();
      } catch (error) {
        if (error instanceof Error && error.message.startsWith('409')) {
          return undefined;
        }
        throw error;
      }
    },
    300_000,
  );
}
