/** A backend in a process of its own, which is told what to do by the one that started it. */
import { startCatalog, type TestCatalog } from '../support/backend';
import type { FromReplica, ToReplica } from './stage/replica';

let catalog: TestCatalog | undefined;

function say(message: FromReplica): void {
  process.send?.(message);
}

async function obey(message: ToReplica): Promise<void> {
  switch (message.type) {
    case 'start':
      catalog = await startCatalog(message.options);
      say({ type: 'started' });
      break;
    case 'refresh': {
      if (!catalog) {
        throw new Error('The backend was not started');
      }
      say({ type: 'refreshing' });
      say({ type: 'refreshed', report: await catalog.refresh() });
      break;
    }
  }
}

process.on('message', (message: ToReplica) => {
  obey(message).catch((error: unknown) => {
    say({
      type: 'failed',
      message: error instanceof Error ? error.message : String(error),
    });
  });
});
// Whoever started this is gone: nobody would stop it.
process.on('disconnect', () => process.exit(1));
say({ type: 'loaded' });
