/** A backend in a process of its own, which takes its commands from the one that started it. */
import { startCatalog, type TestCatalog } from '../support/backend';
import { until } from '../support/until';
import type { FromReplica, ToReplica } from './stage/replica';

let catalog: TestCatalog | undefined;

function send(message: FromReplica): void {
  process.send?.(message);
}

async function obey(message: ToReplica): Promise<void> {
  switch (message.type) {
    case 'start':
      catalog = await startCatalog(message.options);
      send({ type: 'started' });
      break;
    case 'refresh': {
      if (!catalog) {
        throw new Error('The backend was not started');
      }
      const { report } = catalog;
      const before = report()?.startedAt;
      const refreshed = catalog.refresh();
      // The scheduler lets a task wait; the kill is to hit the refresh itself.
      await Promise.race([
        refreshed,
        until('the refresh to begin', () => report()?.startedAt !== before),
      ]);
      send({ type: 'refreshing' });
      send({ type: 'refreshed', report: await refreshed });
      break;
    }
  }
}

process.on('message', (message: ToReplica) => {
  obey(message).catch((error: unknown) => {
    send({
      type: 'failed',
      message: error instanceof Error ? error.message : String(error),
    });
  });
});
// The process that started this one is gone: nothing else would stop it.
process.on('disconnect', () => process.exit(1));
send({ type: 'loaded' });
