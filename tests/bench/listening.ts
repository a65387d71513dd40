// A backend with Backstage's events plugin, and a catalog that processes what it
// is given, in the process that they are measured in.
import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { TABLES } from '../../src/ledger/rows';
import { eventsFeatures } from '../events/events-plugin';
import { startCatalog, type TestCatalog } from '../support/backend';
import { HandScheduler } from './hand-scheduler';
import { INGRESS, INTEGRATIONS, ORGANIZATION, OTHER } from './landscape';
import { Meter, settled, type Cost } from './meter';
import { MutationWatch } from './mutation-watch';
import { serve } from './remote';

/** A push, as the simulation made it. */
export interface Push {
  readonly repository: string;
  /** What stands in its descriptor and nowhere else. */
  readonly mark: string;
  /** When it was made, in milliseconds since 1970. */
  readonly at: number;
}

/** When a push was where, in milliseconds since it was made. */
export interface Arrival {
  /** The catalog has been given its entity. */
  readonly appliedMs: number;
  /** The catalog's API shows it. */
  readonly shownMs: number;
}

const LOOK_EVERY_MS = 20;
/** So long the catalog may take to process all that it was given, in milliseconds. */
const PROCESSING_MS = 60_000;
const now = () => performance.timeOrigin + performance.now();

const scheduler = new HandScheduler();
const mutations = new MutationWatch();
mutations.install();
/** By mark, when the catalog had taken it. */
const applied = new Map<string, number>();
mutations.onEntity = description => {
  const mark = /Version \d+\./.exec(description)?.[0];
  if (mark && !applied.has(mark)) {
    applied.set(mark, now());
  }
};

let catalog: TestCatalog | undefined;
let meter: Meter | undefined;
let answers: number[] = [];
let heapBefore = 0;
const begun = new WeakMap<IncomingMessage, number>();
subscribe('http.server.request.start', message => {
  const { request } = message as { request: IncomingMessage };
  if (request.url?.startsWith('/api/events/http/')) {
    begun.set(request, performance.now());
  }
});
subscribe('http.server.response.finish', message => {
  const { request } = message as { request: IncomingMessage };
  const at = begun.get(request);
  if (at !== undefined) {
    answers.push(performance.now() - at);
  }
});

function running(): TestCatalog {
  if (!catalog) {
    throw new Error('There is no backend');
  }
  return catalog;
}

/** What the API shows of these repositories' components, by name. */
async function shown(names: readonly string[]): Promise<Map<string, string>> {
  const rows: Array<{ entity_ref: string; final_entity: string | null }> =
    await running()
      .knex('final_entities')
      .whereIn(
        'entity_ref',
        names.map(name => `component:default/${name}`),
      )
      .select('entity_ref', 'final_entity');
  return new Map(
    rows.map(row => [
      row.entity_ref.replace(/^.*\//, ''),
      row.final_entity ?? '',
    ]),
  );
}

const waiting = new Map<Push, (shownAt: number) => void>();
let looking = false;

/** One query for all that is waited for: the measurement is not to be what is measured. */
async function look(): Promise<void> {
  looking = true;
  while (waiting.size > 0) {
    const entities = await shown(
      [...waiting.keys()].map(({ repository }) => repository),
    );
    for (const [push, settle] of waiting) {
      if (entities.get(push.repository)?.includes(push.mark)) {
        waiting.delete(push);
        settle(now());
      }
    }
    await delay(LOOK_EVERY_MS);
  }
  looking = false;
}

const handlers = {
  /** Starts a backend, and fills its catalog. @returns its address */
  async open(): Promise<string> {
    catalog = await startCatalog({
      database: 'postgres',
      integrations: INTEGRATIONS,
      providers: { main: { organizations: [ORGANIZATION, OTHER] } },
      features: [scheduler.feature, ...eventsFeatures()],
      catalog: { azureDevOps: { events: { ingress: INGRESS } } },
      config: { events: { useEventBus: 'never' } },
    });
    await scheduler.run('AzureDevOpsEntityProvider:main:refresh');
    await catalog.settled();
    return catalog.baseUrl;
  },

  /** Waits until the API shows a push. */
  async arrival(push: Push): Promise<Arrival> {
    const shownAt = await new Promise<number>(resolve => {
      waiting.set(push, resolve);
      if (!looking) {
        void look();
      }
    });
    return {
      appliedMs: (applied.get(push.mark) ?? NaN) - push.at,
      shownMs: shownAt - push.at,
    };
  },

  async startMeasuring(): Promise<void> {
    await settled();
    answers = [];
    heapBefore = process.memoryUsage().heapUsed;
    meter = Meter.start();
  },

  /** What it took since then, what of it was no garbage, and how long each delivery waited for its answer, in milliseconds. */
  async stopMeasuring(): Promise<
    Cost & {
      readonly answers: readonly number[];
      readonly retainedBytes: number;
    }
  > {
    if (!meter) {
      throw new Error('Nothing is measured');
    }
    const cost = meter.stop();
    await settled();
    const retainedBytes = process.memoryUsage().heapUsed - heapBefore;
    return { ...cost, answers, retainedBytes };
  },

  /** When the catalog was given these pushes, in milliseconds since each was made; what it never was, because a later one came first, is left out. */
  appliedAfter(pushes: readonly Push[]): number[] {
    return pushes.flatMap(({ mark, at }) => {
      const appliedAt = applied.get(mark);
      return appliedAt === undefined ? [] : [appliedAt - at];
    });
  },

  /** Waits until nothing is due any more. */
  async lookedAtAll(): Promise<void> {
    for (;;) {
      const row = await running()
        .knex(TABLES.due)
        .count({ count: '*' })
        .first();
      if (Number(row?.count) === 0) {
        return;
      }
      await delay(100);
    }
  },

  /** Which of these the catalog's API does not show, though it had time to process what it was given. */
  async lacks(pushes: readonly Push[]): Promise<string[]> {
    for (let patience = PROCESSING_MS; ; patience -= 1_000) {
      const entities = await shown(pushes.map(({ repository }) => repository));
      const lacking = pushes.flatMap(({ repository, mark }) =>
        entities.get(repository)?.includes(mark) ? [] : [repository],
      );
      if (lacking.length === 0 || patience <= 0) {
        return lacking;
      }
      await delay(1_000);
    }
  },

  async close(): Promise<void> {
    await catalog?.stop();
  },
};

export type Listening = typeof handlers;
serve(handlers);
