/**
 * What has moved between the release lines of Backstage that the module runs
 * on, looked for in both places. Everything else is imported as usual; what may
 * not be there is required, since an import of it would throw.
 */
import type {
  BackstageCredentials,
  PermissionsService,
  ServiceRef,
} from '@backstage/backend-plugin-api';
import type * as ApiAlpha from '@backstage/backend-plugin-api/alpha';
import type * as CommonAlpha from '@backstage/plugin-catalog-common/alpha';
import * as catalogNode from '@backstage/plugin-catalog-node';
import type * as CatalogNodeAlpha from '@backstage/plugin-catalog-node/alpha';

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
type Permission = Extract<
  Parameters<PermissionsService['authorize']>[0][number],
  { resourceRef?: never }
>['permission'];

const commonAlpha = ifThere((): typeof CommonAlpha =>
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

/**
 * The dependencies on services of Backstage that are alpha: those that the installed
 * version has. Events about files came with plugin-catalog-node 2.0, metrics and
 * traces with backend-plugin-api 1.8 and 1.9.1.
 */
export function alphaDependencies(): {
  actionsRegistry?: ServiceRef<ApiAlpha.ActionsRegistryService, 'plugin'>;
  metrics?: ServiceRef<ApiAlpha.MetricsService, 'plugin'>;
  tracing?: ServiceRef<ApiAlpha.TracingService, 'plugin'>;
  scmEvents?: ServiceRef<CatalogNodeAlpha.CatalogScmEventsService, 'plugin'>;
} {
  const {
    actionsRegistryServiceRef: actionsRegistry,
    metricsServiceRef: metrics,
    tracingServiceRef: tracing,
  } = ifThere(apiAlpha);
  const { catalogScmEventsServiceRef: scmEvents } = ifThere(catalogNodeAlpha);
  return {
    ...(actionsRegistry && { actionsRegistry }),
    ...(metrics && { metrics }),
    ...(tracing && { tracing }),
    ...(scmEvents && { scmEvents }),
  };
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
    (catalogNode as Partial<CatalogNode>)[name] ?? catalogNodeAlpha()[name];
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

function apiAlpha(): typeof ApiAlpha {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('@backstage/backend-plugin-api/alpha');
}

/** Of today, and of before 2.0. */
function catalogNodeAlpha(): Partial<CatalogNode & typeof CatalogNodeAlpha> {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('@backstage/plugin-catalog-node/alpha');
}
