import type {
  AbsentItem,
  AzureDevOpsClient,
  Repository,
  VersionRef,
} from '../azure/types';
import { effectiveVersion } from './repository-url';
import type { Waiting } from './shared-reads';
import { percentDecoded } from '../percent-encoding';

/** A repository that a URL names, and the client that reads it. */
export interface ResolvedRepository {
  readonly client: AzureDevOpsClient;
  readonly repository: Repository;
  /** The version that the URL names; absent for the default branch, also where the URL names that outright. */
  readonly version?: VersionRef;
  /** The patience of the read that it was resolved for. */
  readonly waiting: Waiting;
}

/** What was found, and where, which may be another path or version than the URL's. */
export interface Located<T> {
  readonly resolved: ResolvedRepository;
  readonly path: string;
  readonly found: T | AbsentItem;
}

/** So many other paths are tried one after another: a path may have been percent-encoded more than once, and a link may lead to a link. */
const MOST_STEPS = 5;

/**
 * Asks for a path and, where the service says that it is not there, for the
 * alternatives. Where they are not there either, the first answer counts.
 */
export async function locate<T extends { readonly outcome: 'present' }>(
  resolved: ResolvedRepository,
  path: string,
  ask: (resolved: ResolvedRepository, path: string) => Promise<T | AbsentItem>,
  steps = 0,
): Promise<Located<T>> {
  const found = await ask(resolved, path);
  const asAsked = { resolved, path, found };
  if (found.outcome === 'present' || steps > MOST_STEPS) {
    return asAsked;
  }
  for await (const other of alternatives(asAsked, found.reason, steps)) {
    const located = await locate(other.resolved, other.path, ask, steps + 1);
    if (
      located.found.outcome === 'present' ||
      (found.reason === 'branch-not-found' &&
        located.found.reason !== 'branch-not-found')
    ) {
      return located;
    }
  }
  return asAsked;
}

async function* alternatives(
  { resolved, path }: { resolved: ResolvedRepository; path: string },
  reason: AbsentItem['reason'],
  steps: number,
): AsyncGenerator<{ resolved: ResolvedRepository; path: string }> {
  const { client, repository, version, waiting } = resolved;
  if (reason === 'branch-not-found' && version && steps === 0) {
    // Callers that append a file's name to a URL append it to the version, which stands behind the path.
    const names = version.version.split('/');
    for (let end = names.length - 1; end > 0; end--) {
      const shorter = { ...version, version: names.slice(0, end).join('/') };
      yield {
        resolved: {
          ...resolved,
          version: effectiveVersion(repository, shorter),
        },
        path: [path.replace(/\/$/, ''), ...names.slice(end)].join('/'),
      };
    }
  }
  if (reason === 'item-not-found') {
    // Backstage encodes relative references twice.
    const decoded = percentDecoded(path);
    if (decoded !== path) {
      yield { resolved, path: decoded };
    }
    const { signal } = waiting;
    const real = await client.resolveFolders({
      repository: repository.id,
      path,
      version,
      signal,
    });
    if (real !== undefined) {
      yield { resolved, path: real };
    }
  }
}
