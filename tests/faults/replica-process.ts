/** A backend in a process of its own, which takes its commands from the one that started it. */
import { readFileSync } from 'node:fs';
import { eventsFeatures } from '../events/events-plugin';
import { Meter, settled } from '../bench/meter';
import { startCatalog, type TestCatalog } from '../support/backend';
import { until } from '../support/until';
import type { FromReplica, ToReplica } from './stage/replica';

let catalog: TestCatalog | undefined;
let meter: Meter | undefined;
let blocks: BlockMeter | undefined;

/** How often the main thread is looked at, in milliseconds. */
const LOOK_MS = 20;

/** The longest that the main thread computes between two looks. */
class BlockMeter {
  longestMs = 0;
  #before = computedMs();
  readonly #timer = setInterval(() => {
    const now = computedMs();
    this.longestMs = Math.max(this.longestMs, now - this.#before);
    this.#before = now;
  }, LOOK_MS);

  stop(): number {
    clearInterval(this.#timer);
    return this.longestMs;
  }
}

/** What the main thread has computed so far, in milliseconds; elsewhere than on Linux nothing is known of it. */
function computedMs(): number {
  try {
    const stat = readFileSync(
      `/proc/self/task/${process.pid}/schedstat`,
      'utf8',
    );
    return Number(stat.split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}

function send(message: FromReplica): void {
  process.send?.(message);
}

async function obey(message: ToReplica): Promise<void> {
  switch (message.type) {
    case 'start':
      catalog = await startCatalog({
        ...message.options,
        features: message.hearsEvents ? eventsFeatures() : [],
      });
      send({ type: 'started', baseUrl: catalog.baseUrl });
      break;
    case 'measure':
      await settled();
      meter = Meter.start();
      blocks = new BlockMeter();
      send({ type: 'measuring' });
      break;
    case 'end-measuring': {
      const { idleBytes = 0, peakBytes = 0 } = meter?.stop() ?? {};
      send({
        type: 'measured',
        strain: {
          memoryBytes: peakBytes - idleBytes,
          blockMs: blocks?.stop() ?? 0,
        },
      });
      break;
    }
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
