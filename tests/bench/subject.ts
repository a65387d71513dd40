// The process under measurement: a real backend with our module in it and,
// beside it, the bare limit.
import { EnvHttpProxyAgent } from 'undici';
import { DEFAULT_LIMITER_OPTIONS } from '../../src/azure/limiter/state';
import { startCatalog, type TestCatalog } from '../support/backend';
import { BareLimit } from './bare';
import { HandScheduler } from './hand-scheduler';
import { INTEGRATIONS, ORGANIZATION } from './landscape';
import { MutationWatch, type Mutations } from './mutation-watch';
import { Meter, settled, WriteCounter, type Cost, type Writes } from './meter';
import { profiled } from './profile';
import { serve } from './remote';
import { searchDescriptors } from './search-and-locations';
import { passTime } from './time';

/** What one refresh of ours cost, and what it did. */
export interface RefreshCost extends Cost, Writes {
  readonly mutations: Mutations;
  readonly probes: number;
  /** Entities that are new or changed, as they were applied to the catalog. */
  readonly added: number;
}

const TASK = 'AzureDevOpsEntityProvider:main:refresh';
const mutations = new MutationWatch();
mutations.install();
const scheduler = new HandScheduler();
let catalog: TestCatalog | undefined;
let writes: WriteCounter | undefined;

const handlers = {
  /**
   * Starts a backend on a database of its own.
   *
   * @param processing - whether the catalog may process what it is given, which is its own cost and not ours
   */
  async open(processing: boolean): Promise<void> {
    catalog = await startCatalog({
      database: 'postgres',
      integrations: INTEGRATIONS,
      providers: { main: { organization: ORGANIZATION } },
      features: [scheduler.feature],
      catalog: processing ? {} : { processingInterval: false },
    });
    writes = new WriteCounter(catalog.knex);
  },

  /** Comes before each measurement. */
  settled,

  /** @param options.profile - where to write a CPU profile; with one, the costs are not to be believed */
  async refresh({ profile }: { profile?: string }): Promise<RefreshCost> {
    if (!catalog || !writes) {
      throw new Error('There is no backend');
    }
    const meter = Meter.start();
    writes.take();
    mutations.take();
    await profiled(profile, () => scheduler.run(TASK));
    const cost = meter.stop();
    const report = catalog.report();
    const [pass] = report?.organizations ?? [];
    if (!report || !pass) {
      throw new Error('The refresh left no report');
    }
    return {
      ...cost,
      ...writes.take(),
      mutations: mutations.take(),
      probes: pass.probes.conclusive,
      added: report.added,
    };
  },

  async close(): Promise<void> {
    await catalog?.stop();
    catalog = undefined;
  },

  /** The bare limit; see `BareLimit.run`. */
  async bare(names?: string[]): Promise<Cost & { readonly read: number }> {
    const limit = new BareLimit(
      DEFAULT_LIMITER_OPTIONS.maxConcurrency,
      process.env.HTTPS_PROXY ?? '',
    );
    const meter = Meter.start();
    const read = await limit.run(names);
    const cost = meter.stop();
    await limit.close();
    return { ...cost, read };
  },

  /** How many descriptors a search for all of them finds. */
  async search(): Promise<{ readonly found: number }> {
    const dispatcher = new EnvHttpProxyAgent();
    const targets = await searchDescriptors(dispatcher);
    await dispatcher.close();
    return { found: new Set(targets).size };
  },

  pass: passTime,
};

export type Subject = typeof handlers;
serve(handlers);
