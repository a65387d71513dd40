import type { AuthService } from '@backstage/backend-plugin-api';
import type { Config } from '@backstage/config';
import type { CatalogService } from '@backstage/plugin-catalog-node';
import { registeredTargets } from '../backstage';
import {
  effectiveVersion,
  isGlob,
  isUnsupported,
  pathGlob,
  type RepositoryUrl,
  type ResolvedFile,
} from '../content/repository-url';
import type { LocationContext } from '../content/context';
import { parseRepositoryUrl } from '../content/url';

/** What the catalog knows of a file already. */
export type KnownAs =
  /** A location of this target, in whatever spelling, is registered or configured. */
  | { readonly as: 'location'; readonly target: string }
  /** Entities of it come from elsewhere, such as a provider. */
  | { readonly as: 'provided' };

/** Finds what the catalog knows of files already; `undefined` for nothing. */
export type KnownLocations = (
  file: ResolvedFile & { readonly url: string },
) => Promise<KnownAs | undefined>;

/**
 * Looks a file up among the locations that are registered in the catalog or
 * configured under `catalog.locations`, and then among the catalog's entities
 * by the location that they are managed by. The locations are read once; make
 * one for each analysis.
 */
export function catalogKnownLocations(options: {
  catalog: CatalogService;
  auth: AuthService;
  config: Config;
  context: LocationContext;
}): KnownLocations {
  const { catalog, auth, config, context } = options;
  let targets: Promise<string[]> | undefined;
  const readTargets = async () => {
    const credentials = await auth.getOwnServiceCredentials();
    return [
      ...configuredTargets(config),
      ...(await registeredTargets(catalog, { credentials })),
    ];
  };
  return async file => {
    targets ??= readTargets();
    const target = (await targets).find(text => covers(text, file, context));
    if (target !== undefined) {
      return { as: 'location', target };
    }
    const { items } = await catalog.queryEntities(
      {
        filter: {
          'metadata.annotations.backstage.io/managed-by-location': `url:${file.url}`,
        },
        fields: ['metadata.uid'],
        limit: 1,
      },
      { credentials: await auth.getOwnServiceCredentials() },
    );
    return items.length > 0 ? { as: 'provided' } : undefined;
  };
}

/** Whether a location's target is a file, in another spelling perhaps, or a glob that finds it. */
export function covers(
  target: string,
  file: ResolvedFile,
  context: LocationContext,
): boolean {
  const parsed = parseRepositoryUrl(target, context);
  return (
    !isUnsupported(parsed) &&
    parsed.path !== undefined &&
    parsed.organization.key === file.organization.key &&
    namesRepository(parsed, file) &&
    JSON.stringify(effectiveVersion(file.repository, parsed.version)) ===
      JSON.stringify(effectiveVersion(file.repository, file.version)) &&
    (isGlob(parsed.path)
      ? matches(parsed.path, file.path)
      : parsed.path === file.path)
  );
}

/** Whether a glob finds a path. One that the reader rejects finds nothing: a wrong location concerns no other. */
function matches(pattern: string, path: string): boolean {
  try {
    return pathGlob(pattern).matches(path);
  } catch {
    return false;
  }
}

function namesRepository(
  { project, repository }: RepositoryUrl,
  { repository: actual }: ResolvedFile,
): boolean {
  const is = (text: string, ...spellings: string[]) =>
    spellings.some(one => one.toLowerCase() === text.toLowerCase());
  return (
    is(repository, actual.name, actual.id) &&
    (project === undefined ||
      is(project, actual.project.name, actual.project.id))
  );
}

function configuredTargets(config: Config): string[] {
  const locations = config.getOptionalConfigArray('catalog.locations') ?? [];
  return locations
    .filter(location => location.getOptionalString('type') === 'url')
    .map(location => location.getOptionalString('target') ?? '');
}
