import type {
  MetricAttributes,
  MetricsService,
  TracingService,
} from '@backstage/backend-plugin-api/alpha';
import type { RequestTotals } from '../azure/clients';
import type { ProviderSettings } from '../config/settings';
import {
  type EventObserver,
  type EventOutcome,
  type OrganizationReport,
  type RefreshObserver,
  type RefreshReport,
  type Trace,
  untraced,
} from '../ingestion/report';
import type { Knex } from 'knex';
import { Ledger } from '../ledger/ledger';

/** All metrics and spans of this module begin so, beside the `catalog.events.scm.*` of the catalog. */
const PREFIX = 'catalog.azure_devops';

/** Stands for all organizations that are not configured. */
const OTHER = 'other';

/** What the database has is read at most once in this time, however often and by how many metrics it is asked for, in milliseconds. */
const NUMBERS_FRESHNESS_MS = 30_000;

/** Upper bounds of the buckets for how long a refresh takes, in seconds. */
const REFRESH_SECONDS = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200];

/** What the ledger has of one organization of a provider. */
interface LedgerNumbers {
  /** The provider's name. */
  readonly provider: string;
  /** As `host/organization`, or `other` for all that belongs to none of the provider's. */
  readonly organization: string;
  readonly conclusive: number;
  /** Repositories that could not be read at the last look. */
  readonly unknown: number;
  readonly entities: number;
  readonly rejectedFiles: number;
  /** Entities that the guard keeps in the catalog. */
  readonly heldBack: number;
  /** In milliseconds since 1970. */
  readonly oldestVerificationAt?: number;
}

interface MetricSources {
  /** What was sent since the start. */
  readonly requestTotals: () => readonly RequestTotals[];
  readonly numbers: () => Promise<readonly LedgerNumbers[]>;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Metrics of ingestion, by OpenTelemetry's rules for names and units. Their
 * attributes are providers, organizations that the configuration names, and
 * outcomes: whatever there may be thousands of is no attribute.
 */
class IngestionMetrics implements RefreshObserver, EventObserver {
  readonly #refreshes;
  readonly #duration;
  readonly #probes;
  readonly #events;
  readonly #asked;
  readonly #sources: MetricSources;
  #numbers: Promise<readonly LedgerNumbers[]> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(metrics: MetricsService, sources: MetricSources) {
    this.#sources = sources;
    this.#refreshes = metrics.createCounter(`${PREFIX}.refreshes`, {
      description: 'Refreshes that have ended',
      unit: '{refresh}',
    });
    this.#duration = metrics.createHistogram(`${PREFIX}.refresh.duration`, {
      description: 'How long refreshes took',
      unit: 's',
      advice: { explicitBucketBoundaries: REFRESH_SECONDS },
    });
    this.#probes = metrics.createCounter(`${PREFIX}.probes`, {
      description: 'Repositories that were looked at for their descriptors',
      unit: '{probe}',
    });
    this.#events = metrics.createCounter(`${PREFIX}.events`, {
      description: 'Service hooks of Azure DevOps that came',
      unit: '{event}',
    });
    this.#asked = metrics.createCounter(`${PREFIX}.entity_refreshes`, {
      description: 'Entities that somebody had refreshed in the catalog',
      unit: '{refresh}',
    });
    this.#observeRequests(metrics);
    this.#observeLedger(metrics);
  }

  started(): void {}

  ended(report: RefreshReport): void {
    const { provider, startedAt, endedAt = this.#sources.now() } = report;
    const attributes = { provider, outcome: report.outcome };
    quietly(() => {
      this.#refreshes.add(1, attributes);
      this.#duration.record((endedAt - startedAt) / 1_000, attributes);
    });
    report.organizations.forEach(it => this.looked(provider, it));
  }

  looked(
    provider: string,
    {
      organization,
      probes,
    }: Pick<OrganizationReport, 'organization' | 'probes'>,
  ): void {
    quietly(() => {
      for (const outcome of ['conclusive', 'unknown'] as const) {
        if (probes[outcome] > 0) {
          this.#probes.add(probes[outcome], {
            provider,
            organization,
            outcome,
          });
        }
      }
    });
    // The look changed what the database has.
    this.#readAt = Number.NEGATIVE_INFINITY;
  }

  eventTaken(event: string, outcome: EventOutcome): void {
    quietly(() => this.#events.add(1, { event, outcome }));
  }

  refreshAsked(outcome: EventOutcome): void {
    quietly(() => this.#asked.add(1, { outcome }));
  }

  #observeRequests(metrics: MetricsService): void {
    const requestTotals = () => {
      try {
        return this.#sources.requestTotals();
      } catch {
        // Where the configuration is wrong, the providers' start says so.
        return [];
      }
    };
    metrics
      .createObservableCounter(`${PREFIX}.requests`, {
        description:
          'Requests that were sent to Azure DevOps, by the class of the status that they were answered with',
        unit: '{request}',
      })
      .addCallback(result => {
        for (const { organization, requests } of requestTotals()) {
          for (const [status, count] of Object.entries(requests)) {
            result.observe(count, { organization, status });
          }
        }
      });
    metrics
      .createObservableCounter(`${PREFIX}.throttled`, {
        description:
          'For how long requests were held up because Azure DevOps throttles',
        unit: 's',
      })
      .addCallback(result => {
        for (const { organization, throttledMs } of requestTotals()) {
          result.observe(throttledMs / 1_000, { organization });
        }
      });
  }

  #observeLedger(metrics: MetricsService): void {
    const gauge = (
      name: string,
      options: { description: string; unit: string },
      values: (
        numbers: LedgerNumbers,
      ) => ReadonlyArray<readonly [number, MetricAttributes?]>,
    ) =>
      metrics
        .createObservableGauge(`${PREFIX}.${name}`, options)
        .addCallback(async result => {
          for (const numbers of await this.#readNumbers()) {
            const { provider, organization } = numbers;
            for (const [value, attributes] of values(numbers)) {
              result.observe(value, { provider, organization, ...attributes });
            }
          }
        });
    gauge(
      'entities',
      { description: 'Entities in the catalog', unit: '{entity}' },
      ({ entities }) => [[entities]],
    );
    gauge(
      'repositories',
      {
        description: 'Repositories in the ledger, by how the last look ended',
        unit: '{repository}',
      },
      ({ conclusive, unknown }) => [
        [conclusive, { outcome: 'conclusive' }],
        [unknown, { outcome: 'unknown' }],
      ],
    );
    gauge(
      'files.rejected',
      { description: 'Files with rejected documents', unit: '{file}' },
      ({ rejectedFiles }) => [[rejectedFiles]],
    );
    gauge(
      'removals.held_back',
      {
        description: 'Entities whose removal the guard holds back',
        unit: '{entity}',
      },
      ({ heldBack }) => [[heldBack]],
    );
    gauge(
      'verification.age',
      {
        description:
          'How long ago the repository was looked at that was looked at the longest ago',
        unit: 's',
      },
      ({ oldestVerificationAt: at }) =>
        at === undefined ? [] : [[(this.#sources.now() - at) / 1_000]],
    );
  }

  /** What the database has; nothing, for as long, where it does not answer. */
  async #readNumbers(): Promise<readonly LedgerNumbers[]> {
    const now = this.#sources.now();
    if (!this.#numbers || now - this.#readAt >= NUMBERS_FRESHNESS_MS) {
      this.#readAt = now;
      this.#numbers = this.#sources.numbers().catch(() => []);
    }
    return await this.#numbers;
  }
}

/** What is measured goes on though the service for metrics, which is alpha, fails. */
function quietly(measure: () => void): void {
  try {
    measure();
  } catch {
    // There is a gap in the metrics.
  }
}

/** Metrics, or none where the service for them, which is alpha, is not as it is known. @param warn - called with the reason */
export function measureWith(
  metrics: MetricsService,
  sources: MetricSources,
  warn: (message: string) => void,
): IngestionMetrics | undefined {
  try {
    return new IngestionMetrics(metrics, sources);
  } catch (error) {
    warn(
      `There are no metrics of Azure DevOps: the installed Backstage's service for metrics is not as it is known (${String(error)}). Ingestion goes on without; report this, with the version`,
    );
    return undefined;
  }
}

/**
 * Spans of refreshes, passes over organizations, looks because of an event, and
 * probes of repositories. Probes, of which there are thousands, have none where
 * no SDK of OpenTelemetry is registered: there a span is in no context.
 */
export function traceWith(tracing: TracingService): Trace {
  let isRecorded = true;
  return async <T>(...[name, attributes, run]: Parameters<Trace>) => {
    let running: Promise<T> | undefined;
    if (name === 'probe' && !isRecorded) {
      return (await untraced(name, attributes, run)) as T;
    }
    try {
      // Older release lines have no context.
      const outside = tracing.context?.active();
      return await tracing.startActiveSpan(
        `${PREFIX}.${name}`,
        {
          attributes: Object.fromEntries(
            Object.entries(attributes).map(([key, value]) => [
              `azure_devops.${key}`,
              value,
            ]),
          ),
        },
        async span => {
          isRecorded = !outside || tracing.context.active() !== outside;
          running = run({
            setAttribute: (key, value) =>
              quietly(() => span.setAttribute(`azure_devops.${key}`, value)),
          }) as Promise<T>;
          return await running;
        },
      );
    } catch {
      // What is traced is done once, and ends as it ends, whatever became of the span.
      return await (running ?? (untraced(name, attributes, run) as Promise<T>));
    }
  };
}

/** What the ledger has of every configured organization, and of whatever else there is. */
export async function ledgerNumbers(
  knex: Knex,
  providers: readonly ProviderSettings[],
): Promise<LedgerNumbers[]> {
  const all = await Promise.all(
    providers.map(async ({ providerName: provider, organizations }) => {
      const numbersOf = (organization: string) => ({
        provider,
        organization,
        conclusive: 0,
        unknown: 0,
        entities: 0,
        rejectedFiles: 0,
        heldBack: 0,
        oldestVerificationAt: undefined as number | undefined,
      });
      // Organizations that were configured, what was taken over, and what another replica gave.
      const other = numbersOf(OTHER);
      const configured = new Map(
        organizations.map(({ key, label }) => [key, numbersOf(label)]),
      );
      const { reports, heldBack } = new Ledger(knex, provider);
      for (const counts of await reports.organizations()) {
        const own = configured.get(counts.organization);
        const numbers = own ?? other;
        numbers.conclusive += counts.repositories.conclusive;
        numbers.unknown += counts.repositories.unknown;
        numbers.entities += counts.entities;
        numbers.rejectedFiles += counts.rejectedFiles;
        if (own) own.oldestVerificationAt = counts.oldestVerificationAt;
      }
      for (const { organization, held } of await heldBack.list()) {
        (configured.get(organization) ?? other).heldBack += held.count;
      }
      return [
        ...configured.values(),
        ...(other.entities > 0 || other.heldBack > 0 ? [other] : []),
      ];
    }),
  );
  return all.flat();
}
