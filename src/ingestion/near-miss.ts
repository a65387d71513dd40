import type { AzureDevOpsClients } from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import {
  explainNothingFound,
  findCause,
  type NearMiss,
} from '../policy/nothing-found';
import type { OrganizationList } from '../policy/select';
import type { RefreshMemory } from './context';

/** Requests for one look, once in the life of a process. */
const MOST_REQUESTS = 30;

/** Where descriptors usually are. */
const USUAL_PATHS = ['/catalog-info.yaml', '/catalog-info.yml'];

interface Lists {
  readonly settings: ProviderSettings;
  readonly lists: ReadonlyMap<string, OrganizationList>;
  readonly descriptors: number;
}

/** Why a provider found nothing, in words for the operator; nothing where it found something. */
export async function adviseOnNothingFound(
  options: Lists & {
    readonly clients: AzureDevOpsClients;
    readonly memory: RefreshMemory;
    readonly signal?: AbortSignal;
  },
): Promise<string[]> {
  const { settings, lists, descriptors, memory } = options;
  const findings = {
    settings,
    descriptors,
    lists: settings.organizations.flatMap(({ key, label }) => {
      const list = lists.get(key);
      return list ? [{ ...list, organization: label }] : [];
    }),
  };
  const cause = findCause(findings);
  if (cause === 'branch' || cause === 'path') {
    memory.nearMisses ??= await lookElsewhere(cause, options);
  }
  return explainNothingFound({ ...findings, nearMisses: memory.nearMisses });
}

/**
 * Looks for descriptors where the configuration does not ask for them: in the
 * usual places, or at the default branches. What fails is not counted.
 */
async function lookElsewhere(
  cause: 'branch' | 'path',
  {
    settings,
    lists,
    clients,
    signal,
  }: Lists & {
    readonly clients: AzureDevOpsClients;
    readonly signal?: AbortSignal;
  },
): Promise<NearMiss[]> {
  const literals = settings.paths.flatMap(path =>
    path.kind === 'literal' ? [path.path] : [],
  );
  const branch = cause === 'branch' ? undefined : settings.branch;
  const paths =
    cause === 'branch'
      ? [literals[0] ?? '/catalog-info.yaml']
      : USUAL_PATHS.filter(path => !literals.includes(path));
  const sample = settings.organizations
    .flatMap(organization =>
      (lists.get(organization.key)?.selected ?? []).map(({ id }) => ({
        client: clients.forOrganization(organization),
        id,
      })),
    )
    .slice(0, Math.floor(MOST_REQUESTS / paths.length));
  return await Promise.all(
    paths.map(async path => {
      const outcomes = await Promise.allSettled(
        sample.map(({ client, id }) =>
          client.readItem({
            repository: id,
            path,
            version: branch ? { type: 'branch', version: branch } : undefined,
            content: false,
            signal,
          }),
        ),
      );
      signal?.throwIfAborted();
      const answers = outcomes.flatMap(outcome =>
        outcome.status === 'fulfilled' ? [outcome.value.outcome] : [],
      );
      return {
        path,
        branch,
        found: answers.filter(outcome => outcome === 'present').length,
        lookedAt: answers.length,
      };
    }),
  );
}
