import {
  InputError,
  NotFoundError,
  ServiceUnavailableError,
} from '@backstage/errors';
import type { JsonObject } from '@backstage/types';
import { AzureDevOpsRequestError } from '../azure/errors';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import { explainMissingRepository } from '../content/missing';
import { parseRepositoryUrl } from '../content/url';
import { CredentialError } from '../credentials/errors';
import { LedgerLookup } from '../ledger/lookup';
import type { Organization } from '../organization';
import { explainProvider } from '../policy/explain';
import { selectRepositories } from '../policy/select';
import type { Operation } from './operation';
import type { OperationsContext, Provider, Providers } from './providers';
import { array, object, oneOf, optional, text } from './schema';

/** The lever that has something looked at now. */
export function refreshOperation(
  context: OperationsContext,
  providers: Providers,
): Operation {
  return {
    id: 'refresh',
    action: 'refresh-azure-devops-ingestion',
    method: 'post',
    path: '/refresh',
    title: 'Look at a repository, or refresh a provider, now',
    description:
      'A repository is looked at within seconds, by whichever replica. Of a provider, and of an organization, a refresh begins: ' +
      'it goes over all organizations of the provider, and reads what has changed or is due. Give one of the three.',
    permission: 'manage',
    effect: { isDestructive: false, isIdempotent: true },
    input: {
      provider: {
        in: 'body',
        type: 'string',
        description: 'The id of a provider, as the configuration has it',
        example: 'main',
      },
      organization: {
        in: 'body',
        type: 'string',
        description:
          'An organization that a provider reads, by its name or as host/name',
        example: 'dev.azure.com/contoso',
      },
      repository: {
        in: 'body',
        type: 'string',
        description:
          'The URL of a repository, or of a file in it, in any form that Azure DevOps shows',
        example: 'https://dev.azure.com/contoso/payments/_git/api',
      },
    },
    answer: object({
      refreshes: array(
        object({
          provider: text('The id of the provider'),
          outcome: oneOf('triggered', 'already-running'),
        }),
      ),
      repositories: array(
        object({
          provider: text('The id of the provider'),
          organization: text('As host/name'),
          project: text('Its name'),
          repository: text('Its name'),
          leftOut: optional(
            text('Why the configuration leaves it out, if it does'),
          ),
        }),
      ),
    }),
    async run({ provider, organization, repository }) {
      const given = [provider, organization, repository].filter(
        it => it !== undefined,
      );
      if (given.length !== 1) {
        throw new InputError(
          `Expected one of 'provider', 'organization' and 'repository', got ${given.length === 0 ? 'none' : 'several'}`,
        );
      }
      if (repository !== undefined) {
        return await makeDue(context, providers, String(repository));
      }
      const ids =
        provider !== undefined
          ? [String(provider)]
          : (await readersOf(providers, String(organization))).map(
              ({ settings }) => settings.id,
            );
      const refreshes: JsonObject[] = [];
      for (const reading of ids.flatMap(id => providers.readings(id))) {
        providers.requireAnyConnected([reading]);
        refreshes.push({
          provider: reading.id,
          outcome: await providers.trigger(reading),
        });
      }
      return { refreshes, repositories: [] };
    },
  };
}

/** @throws NotFoundError where no provider reads the organization */
async function readersOf(
  providers: Providers,
  name: string,
): Promise<Provider[]> {
  const wanted = name.trim().replace(/\/$/, '').toLowerCase();
  const all = await providers.all();
  const found = all.filter(({ settings }) =>
    settings.organizations.some(it =>
      [it.key, it.name.toLowerCase(), it.url.toLowerCase()].includes(wanted),
    ),
  );
  if (found.length === 0) {
    throw new NotFoundError(describeUnknown(all, name));
  }
  return found;
}

function describeUnknown(all: readonly Provider[], name: string): string {
  const labels = new Set(
    all.flatMap(({ settings }) =>
      settings.organizations.map(({ label }) => label),
    ),
  );
  return (
    `No provider reads the organization '${name}'. Expected one of ${[...labels].join(', ') || 'none, since no provider is configured'}. ` +
    'What to do: write it so, or add it to a provider under catalog.providers.azureDevOps'
  );
}

/** Has every provider that reads the organization look at the repository. @throws NotFoundError, InputError, ServiceUnavailableError */
async function makeDue(
  { service, hub }: OperationsContext,
  providers: Providers,
  address: string,
): Promise<JsonObject> {
  const url = parseRepositoryUrl(address, service.content.context);
  if (url.outcome === 'unsupported') {
    throw new InputError(url.message);
  }
  const readers = await readersOf(providers, url.organization.label);
  providers.requireAnyConnected(readers.map(({ settings: it }) => it));
  const { settings, knex } = readers[0]!;
  const organization =
    settings.organizations.find(({ key }) => key === url.organization.key) ??
    url.organization;
  const places: Array<Place & { provider: Provider; leftOut?: string }> = [];
  const found = await ask(organization, service, client =>
    client.getRepository({
      project: url.project,
      repository: url.repository,
    }),
  );
  // What is not there any more is due where the ledger has it.
  const known = found
    ? []
    : await new LedgerLookup(knex).repositories(url, [organization.key]);
  for (const provider of readers) {
    const of = known.find(it => it.provider === provider.settings.providerName);
    if (found) {
      places.push({
        ...placeOf(found),
        provider,
        leftOut: leftOut(provider, organization, found),
      });
    } else if (of) {
      const { id, name, project, projectId } = of.facts;
      places.push({
        projectId,
        project,
        repositoryId: id,
        repository: name,
        provider,
      });
    }
  }
  if (places.length === 0) {
    const { message } = await ask(organization, service, client =>
      explainMissingRepository(client, url),
    );
    // 403 would be about the caller.
    throw new NotFoundError(message);
  }
  await hub.lookAt(
    places.map(({ provider, projectId, repositoryId }) => ({
      provider: provider.settings.providerName,
      organization: organization.key,
      projectId,
      repositoryId,
    })),
  );
  return {
    refreshes: [],
    repositories: places.map(
      ({ provider, project, repository, leftOut: reason }) => ({
        provider: provider.settings.id,
        organization: organization.label,
        project,
        repository,
        ...(reason === undefined ? {} : { leftOut: reason }),
      }),
    ),
  };
}

/** A repository by its ids and names. */
interface Place {
  readonly projectId: string;
  readonly project: string;
  readonly repositoryId: string;
  readonly repository: string;
}

function placeOf({ id, name, project }: Repository): Place {
  return {
    projectId: project.id,
    project: project.name,
    repositoryId: id,
    repository: name,
  };
}

/** Why the configuration, or the state that it is in, leaves a repository out; in the words of `explain`. */
function leftOut(
  { settings }: Provider,
  { label }: Organization,
  repository: Repository,
): string | undefined {
  const { skipped } = selectRepositories({
    settings,
    repositories: [repository],
  });
  return skipped.length === 0
    ? undefined
    : explainProvider({
        settings,
        organization: label,
        asked: { repository: repository.id },
        look: { outcome: 'found', repository },
      }).cause;
}

/** @throws ServiceUnavailableError where the organization cannot be asked, with what to do */
async function ask<T>(
  organization: Organization,
  { clients }: OperationsContext['service'],
  question: (client: AzureDevOpsClient) => Promise<T>,
): Promise<T> {
  try {
    return await question(clients.interactive.forOrganization(organization));
  } catch (error) {
    if (
      error instanceof AzureDevOpsRequestError ||
      error instanceof CredentialError
    ) {
      throw new ServiceUnavailableError(error.message);
    }
    throw error;
  }
}
