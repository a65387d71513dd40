/**
 * What has moved between the release lines of Backstage that the module runs
 * on, looked for in both places. Everything else is imported as usual.
 */
import type {
  BackstageCredentials,
  PermissionsService,
  ServiceRef,
} from '@backstage/backend-plugin-api';
import type { JsonObject } from '@backstage/types';
import * as catalogNode from '@backstage/plugin-catalog-node';

type CatalogNode = typeof catalogNode;

/** Where a module adds entity providers and processors. */
export const catalogProcessingExtensionPoint = fromCatalogNode(
  'catalogProcessingExtensionPoint',
);

/** Where a module adds analyzers for catalog-import. */
export const catalogAnalysisExtensionPoint = fromCatalogNode(
  'catalogAnalysisExtensionPoint',
);

/** A permission that is not about a resource. */
export type Permission = Extract<
  Parameters<PermissionsService['authorize']>[0][number],
  { resourceRef?: never }
>['permission'];

const commonAlpha: {
  readonly catalogIngestionReadPermission?: Permission;
  readonly catalogIngestionManagePermission?: Permission;
} = ifThere(() =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  require('@backstage/plugin-catalog-common/alpha'),
);

/**
 * The catalog's permissions for what is ingested. Where the installed
 * plugin-catalog-common does not have them yet, ones of the same name.
 */
export const INGESTION_PERMISSIONS: Readonly<
  Record<'read' | 'manage', Permission>
> = {
  read: commonAlpha.catalogIngestionReadPermission ?? {
    type: 'basic',
    name: 'catalog.ingestion.read',
    attributes: { action: 'read' },
  },
  manage: commonAlpha.catalogIngestionManagePermission ?? {
    type: 'basic',
    name: 'catalog.ingestion.manage',
    attributes: { action: 'update' },
  },
};

/** What the actions registry hands out of zod, in whichever version it has. */
export interface ZodType {
  describe(text: string): ZodType;
  optional(): ZodType;
}
export interface Zod {
  object(shape: Record<string, ZodType>): ZodType & { passthrough(): ZodType };
  string(): ZodType;
  number(): ZodType & { int(): ZodType };
  boolean(): ZodType;
}

/** Where actions are registered, as far as it is used. */
export interface ActionsRegistry {
  register(action: {
    name: string;
    title: string;
    description: string;
    attributes: {
      readOnly: boolean;
      destructive: boolean;
      idempotent: boolean;
    };
    visibilityPermission: Permission;
    schema: {
      input: (zod: Zod) => ZodType;
      output: (zod: Zod) => ZodType;
    };
    action: (context: {
      input: Record<string, unknown>;
      credentials: BackstageCredentials;
    }) => Promise<{ output: JsonObject }>;
  }): void;
}

/** The dependency on the actions registry; none where the installed Backstage does not have it: it is alpha. */
export function actionsRegistryDependency(): {
  actionsRegistry?: ServiceRef<ActionsRegistry, 'plugin'>;
} {
  const { actionsRegistryServiceRef: actionsRegistry } = ifThere(apiAlpha);
  return actionsRegistry ? { actionsRegistry } : {};
}

/** An event about a file that somebody may have read. */
export type ScmEvent =
  | {
      readonly type: 'location.updated' | 'location.deleted';
      readonly url: string;
    }
  | {
      readonly type: 'location.moved';
      readonly fromUrl: string;
      readonly toUrl: string;
    };

/** Where events about files are published. */
export interface ScmEventsService {
  publish(events: ScmEvent[]): Promise<void>;
}

/** The dependency on the service for such events; none where the installed Backstage does not have it: it is alpha, and came with plugin-catalog-node 2.0. */
export function scmEventsDependency(): {
  scmEvents?: ServiceRef<ScmEventsService, 'plugin'>;
} {
  const { catalogScmEventsServiceRef: scmEvents } = ifThere(
    beforeItWasStable,
  ) as { catalogScmEventsServiceRef?: ServiceRef<ScmEventsService, 'plugin'> };
  return scmEvents ? { scmEvents } : {};
}

/** Bounded in number: whatever there may be thousands of is no attribute of a metric. */
export type MetricAttributes = Readonly<Record<string, string>>;

interface MetricOptions {
  readonly description: string;
  readonly unit?: string;
}

/** As much of Backstage's metrics service as is used here. */
export interface MetricsService {
  createCounter(
    name: string,
    options: MetricOptions,
  ): { add(value: number, attributes: MetricAttributes): void };
  createHistogram(
    name: string,
    options: MetricOptions & {
      readonly advice?: { explicitBucketBoundaries?: number[] };
    },
  ): { record(value: number, attributes: MetricAttributes): void };
  createObservableCounter(name: string, options: MetricOptions): Observable;
  createObservableGauge(name: string, options: MetricOptions): Observable;
}

interface Observable {
  addCallback(
    callback: (result: {
      observe(value: number, attributes: MetricAttributes): void;
    }) => void | Promise<void>,
  ): void;
}

/** As much of Backstage's tracing service as is used here. */
export interface TracingService {
  startActiveSpan<T>(
    name: string,
    options: { readonly attributes: MetricAttributes },
    run: (span: {
      setAttribute(key: string, value: string | number): void;
    }) => Promise<T>,
  ): Promise<T>;
}

/**
 * The dependencies on Backstage's services for metrics and traces; none where the
 * installed Backstage does not have them: they are alpha, and came with
 * backend-plugin-api 1.8 and 1.9.1.
 */
export function observabilityDependencies(): {
  metrics?: ServiceRef<MetricsService, 'plugin'>;
  tracing?: ServiceRef<TracingService, 'plugin'>;
} {
  const { metricsServiceRef: metrics, tracingServiceRef: tracing } =
    ifThere(apiAlpha);
  return { ...(metrics && { metrics }), ...(tracing && { tracing }) };
}

/**
 * The targets of the `url` locations that are registered in the catalog.
 * `streamLocations` exists since plugin-catalog-node 2.0.
 */
export async function registeredTargets(
  catalog: catalogNode.CatalogService,
  options: { credentials: BackstageCredentials },
): Promise<string[]> {
  const targets: string[] = [];
  for await (const page of pagesOfLocations(catalog, options)) {
    const urls = page.filter(({ type }) => type === 'url');
    targets.push(...urls.map(({ target }) => target));
  }
  return targets;
}

async function* pagesOfLocations(
  catalog: catalogNode.CatalogService,
  options: { credentials: BackstageCredentials },
): AsyncIterable<ReadonlyArray<{ type: string; target: string }>> {
  if ('streamLocations' in catalog) {
    yield* catalog.streamLocations({}, options);
  } else {
    const { getLocations } = catalog as catalogNode.CatalogService;
    yield (await getLocations.call(catalog, {}, options)).items;
  }
}

/** An extension point of plugin-catalog-node: in its main entry since 2.0, in `/alpha` before. */
function fromCatalogNode<Name extends keyof CatalogNode>(
  name: Name,
): CatalogNode[Name] {
  const found =
    (catalogNode as Partial<CatalogNode>)[name] ?? beforeItWasStable()[name];
  if (!found) {
    throw new Error(
      `Expected ${name} in @backstage/plugin-catalog-node or its /alpha, found it in neither; ` +
        `the README of backstage-plugin-catalog-backend-module-azure-devops has the versions of Backstage that it runs on`,
    );
  }
  return found;
}

/** What a module has; nothing where it is not there: what is alpha may be gone in a later version. */
function ifThere<T extends object>(load: () => T): Partial<T> {
  try {
    return load();
  } catch {
    return {};
  }
}

/** The services of which the module knows that are alpha. */
function apiAlpha(): {
  actionsRegistryServiceRef: ServiceRef<ActionsRegistry, 'plugin'>;
  metricsServiceRef: ServiceRef<MetricsService, 'plugin'>;
  tracingServiceRef: ServiceRef<TracingService, 'plugin'>;
} {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('@backstage/backend-plugin-api/alpha') as never;
}

/** Loaded only where it is needed. */
function beforeItWasStable(): Partial<CatalogNode> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('@backstage/plugin-catalog-node/alpha') as Partial<CatalogNode>;
}
