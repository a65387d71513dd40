import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { load } from 'js-yaml';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import {
  addReadableOrganization,
  component,
  setStage,
  type Stage,
} from '../e2e/support';
import { Ledger } from '../../src/ledger/ledger';
import type { HeldBack } from '../../src/policy/guard';
import type { TestCatalog } from '../support/backend';
import { startOrganizationReport } from '../../src/ingestion/report';
import { measureWith, traceWith } from '../../src/status/telemetry';
import { ADDED_LABEL, collectMetrics } from '../support/metrics';
import { until } from '../support/until';

// Its types are those of an ES module, and what it has is CommonJS.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { parser: promql } = require('@prometheus-io/lezer-promql') as {
  parser: {
    parse(text: string): {
      iterate(visitor: {
        enter(node: { type: { isError: boolean } }): void;
      }): void;
    };
  };
};

const DOCS = join(__dirname, '..', '..', 'docs');

describe('metrics and spans', () => {
  const collected = collectMetrics();
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(spans)],
  });
  let stage: Stage;
  let catalog: TestCatalog;

  beforeAll(async () => {
    trace.setGlobalTracerProvider(tracers);
    context.setGlobalContextManager(
      new AsyncLocalStorageContextManager().enable(),
    );
    stage = await setStage();
    const contoso = addReadableOrganization(stage.simulator, 'contoso');
    const payments = contoso.addProject('Payments');
    for (const name of ['api', 'web', 'worker']) {
      payments.addRepository(name, {
        files: { 'catalog-info.yaml': component(name) },
      });
    }
    payments.addRepository('broken', {
      files: { 'catalog-info.yaml': 'kind: [' },
    });
    catalog = await stage.catalog({
      providers: { main: { organization: 'contoso' } },
    });
    await catalog.refresh();
  });
  afterAll(async () => {
    await stage.stop();
    await collected.stop();
    await tracers.shutdown();
    trace.disable();
    context.disable();
  });

  const scrape = async () => await collected.scrape();
  const samples = async (name: string) => await collected.samples(name);
  const provider = 'AzureDevOpsEntityProvider:main';
  const organization = 'dev.azure.com/contoso';

  it('say what a refresh found', async () => {
    const of = { provider, organization };
    expect(await samples('catalog_azure_devops_refreshes_total')).toEqual([
      { provider, outcome: 'complete', value: 1 },
    ]);
    expect(await samples('catalog_azure_devops_probes_total')).toEqual([
      { ...of, outcome: 'conclusive', value: 4 },
    ]);
    expect(await samples('catalog_azure_devops_entities')).toEqual([
      { ...of, value: 3 },
    ]);
    expect(await samples('catalog_azure_devops_files_rejected')).toEqual([
      { ...of, value: 1 },
    ]);
    expect(await samples('catalog_azure_devops_removals_held_back')).toEqual([
      { ...of, value: 0 },
    ]);
    const [age] = await samples('catalog_azure_devops_verification_age');
    expect(age).toMatchObject(of);
    expect(age!.value).toBeGreaterThanOrEqual(0);
  });

  it('count every request that the service got', async () => {
    const counts = await samples('catalog_azure_devops_requests_total');
    const total = counts.reduce((sum, { value }) => sum + value, 0);
    expect(total).toBe(stage.simulator.requests.list().length);
    expect(counts).toContainEqual(
      expect.objectContaining({ organization, status: '2xx' }),
    );
  });

  it('count what comes in between refreshes', async () => {
    const before = await samples('catalog_azure_devops_probes_total');
    await catalog.client.refreshEntity('component:default/api');
    await until('the repository to have been looked at', async () => {
      const [now] = await samples('catalog_azure_devops_probes_total');
      return now!.value > before[0]!.value;
    });
    expect(
      await samples('catalog_azure_devops_entity_refreshes_total'),
    ).toEqual([{ outcome: 'due', value: 1 }]);
  });

  it('have what is held back beside the configured organizations as `other`', async () => {
    const { heldBack } = new Ledger(catalog.knex, provider);
    await heldBack.note('', [setOf(2)], 0);
    await heldBack.note('dev.azure.com/former', [setOf(3)], 0);
    await catalog.client.refreshEntity('component:default/web');
    await until('the gauge to be read anew', async () =>
      (await samples('catalog_azure_devops_removals_held_back')).some(
        it => it.organization === 'other' && it.value === 5,
      ),
    );
    expect(
      await samples('catalog_azure_devops_removals_held_back'),
    ).toContainEqual({ provider, organization, value: 0 });
  });

  it('are of a bounded number, whatever is ingested: no attribute names a repository', async () => {
    const ours = (await scrape()).filter(({ name }) =>
      name.startsWith('catalog_azure_devops_'),
    );
    const labels = new Set(ours.flatMap(it => Object.keys(it.labels)));
    expect(
      [...labels].filter(label => !ADDED_LABEL.test(label)).sort(),
    ).toEqual(['organization', 'outcome', 'provider', 'status']);
  });

  it('show a refresh as a span, with its passes and probes inside', async () => {
    const all = spans
      .getFinishedSpans()
      .filter(({ name }) => name.startsWith('catalog.azure_devops.'));
    const refresh = all.find(it => it.name === 'catalog.azure_devops.refresh')!;
    const pass = all.find(it => it.name === 'catalog.azure_devops.pass')!;
    const probes = all.filter(
      it =>
        it.name === 'catalog.azure_devops.probe' &&
        it.parentSpanContext?.spanId === pass.spanContext().spanId,
    );
    expect(refresh.attributes).toMatchObject({
      'azure_devops.provider': provider,
    });
    expect(pass.parentSpanContext?.spanId).toBe(refresh.spanContext().spanId);
    expect(pass.attributes).toMatchObject({
      'azure_devops.organization': organization,
      'azure_devops.outcome': 'complete',
    });
    expect(
      probes.map(it => it.attributes['azure_devops.repository']).sort(),
    ).toEqual(['api', 'broken', 'web', 'worker']);
    expect(probes[0]!.attributes).toMatchObject({
      'azure_devops.reason': 'new',
      'azure_devops.outcome': 'conclusive',
    });
  });

  /** Those that exist only once something has happened that has not happened here. */
  const LATER = ['catalog_azure_devops_events_total'];

  it.each([
    ['docs/operations.md', alerts],
    ['docs/grafana-dashboard.json', queries],
  ] as const)(
    'that the expressions of %s are over all exist, with the labels that they ask for',
    async (_file, read) => {
      const found = await scrape();
      const names = new Set(found.map(({ name }) => name));
      const labels = new Set(found.flatMap(it => Object.keys(it.labels)));
      const asked = read().flatMap(expression => [
        ...expression.matchAll(/\b(catalog_azure_devops_\w+)(?:\{([^}]*)\})?/g),
      ]);
      expect(asked.length).toBeGreaterThan(10);
      const unknown = asked
        .map(([, name = '']) => name)
        .filter(name => !names.has(name) && !LATER.includes(name));
      expect(unknown).toEqual([]);
      const unknownLabels = asked
        .flatMap(([, , selector = '']) => [...selector.matchAll(/(\w+)[=!]/g)])
        .map(([, label = '']) => label)
        .filter(label => !labels.has(label));
      expect(unknownLabels).toEqual([]);
    },
  );

  it('are asked for in PromQL that can be parsed', () => {
    const wrong = [...alerts(), ...queries()]
      .filter(expression => !expression.startsWith('label_values('))
      .map(expression => expression.replaceAll('$__rate_interval', '5m'))
      .filter(expression => {
        let isWrong = false;
        promql.parse(expression).iterate({
          enter: ({ type }) => {
            isWrong ||= type.isError;
          },
        });
        return isWrong;
      });
    expect(wrong).toEqual([]);
  });

  it('are all in docs/operations.md, each with its name in OpenTelemetry and in Prometheus', async () => {
    const text = readFileSync(join(DOCS, 'operations.md'), 'utf8');
    const names = (await scrape())
      .map(({ name }) => name.replace(/_(bucket|sum|count)$/, ''))
      .filter(name => name.startsWith('catalog_azure_devops_'));
    const missing = [...new Set(names)].filter(name => !text.includes(name));
    expect(missing).toEqual([]);
  });
});

/** A set of removals that is held back. */
function setOf(count: number): HeldBack {
  return {
    grade: 'inferred',
    count,
    total: 10,
    percentage: count * 10,
    limit: 5,
    code: `of-${count}`,
    entityRefs: [],
    reasons: [],
  };
}

/** The expressions of the alerts in the documentation. */
function alerts(): string[] {
  const text = readFileSync(join(DOCS, 'operations.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n(groups:[^]*?)```/.exec(text) ?? [];
  const { groups } = load(yaml) as {
    groups: Array<{ rules: Array<{ expr: string }> }>;
  };
  return groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
}

/** The expressions of the dashboard, those of its variables included. */
function queries(): string[] {
  const { panels, templating } = JSON.parse(
    readFileSync(join(DOCS, 'grafana-dashboard.json'), 'utf8'),
  ) as {
    panels: Array<{ targets: Array<{ expr: string }> }>;
    templating: { list: Array<{ definition?: string }> };
  };
  return [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...templating.list.flatMap(({ definition }) => definition ?? []),
  ];
}

describe('a service of Backstage that fails', () => {
  const broken = (): never => {
    throw new Error('it is not as it was');
  };

  it('for metrics costs the metrics alone', () => {
    const sources = {
      requestTotals: () => [],
      numbers: async () => [],
      now: Date.now,
    };
    const instrument = { add: broken, record: broken, addCallback: () => {} };
    const create = () => instrument;
    const metrics = measureWith(
      {
        createCounter: create,
        createHistogram: create,
        createObservableCounter: create,
        createObservableGauge: create,
      } as never,
      sources,
      broken,
    );
    const report = startOrganizationReport('o');
    report.probes.unknown = 1;
    metrics?.ended({
      provider: 'p',
      startedAt: 0,
      outcome: 'complete',
      organizations: [report],
      descriptors: 0,
      entities: 0,
      added: 0,
      removed: 0,
      rejectedFiles: 0,
      duplicates: [],
      advice: [],
      events: [],
    });
    metrics?.eventTaken('git.push', 'due');
    metrics?.refreshAsked('due');
    const said: string[] = [];
    const none = measureWith({} as never, sources, text => said.push(text));
    expect(none).toBeUndefined();
    expect(said).toEqual([expect.stringContaining('Ingestion goes on')]);
  });

  it.each([
    ['before', { startActiveSpan: broken }],
    [
      'after',
      {
        startActiveSpan: async (
          _name: string,
          _options: object,
          run: (span: never) => Promise<unknown>,
        ) => {
          await run({ setAttribute: broken } as never);
          return broken();
        },
      },
    ],
  ])(
    'for traces, %s what is traced, has it done once',
    async (_when, tracing) => {
      const trace = traceWith(tracing as never);
      let times = 0;
      const done = await trace('refresh', {}, async span => {
        span.setAttribute('outcome', 'complete');
        return ++times;
      });
      expect({ done, times }).toEqual({ done: 1, times: 1 });
      await expect(
        trace('refresh', {}, async () => {
          times++;
          throw new Error('of the refresh');
        }),
      ).rejects.toThrow('of the refresh');
      expect(times).toBe(2);
    },
  );

  it.each([
    ['no SDK of OpenTelemetry is registered', () => 'the root', ['pass']],
    ['spans are recorded', (span?: string) => span, ['pass', 'probe']],
    ['the release line has no contexts', undefined, ['pass', 'probe']],
  ])('for probes, where %s', async (_where, contextOf, expected) => {
    const names: string[] = [];
    let current: string | undefined = 'the root';
    const trace = traceWith({
      ...(contextOf && { context: { active: () => contextOf(current) } }),
      startActiveSpan: async (
        name: string,
        _options: object,
        run: (span: never) => Promise<unknown>,
      ) => {
        names.push(name.replace(/.*\./, ''));
        current = name;
        return await run({ setAttribute: () => {} } as never);
      },
    } as never);
    const done = await trace('pass', {}, async () =>
      trace('probe', {}, async () => 'done'),
    );
    expect({ done, names }).toEqual({ done: 'done', names: expected });
  });
});
