import {
  InputError,
  NotFoundError,
  ServiceUnavailableError,
} from '@backstage/errors';
import type { Repository } from '../azure/types';
import type { ProviderReading } from '../config/settings';
import { parseOrganization } from '../content/organizations';
import { parseRepositoryUrl } from '../content/url';
import { LedgerLookup } from '../ledger/lookup';
import type { Organization } from '../organization';
import {
  describeExplanation,
  explainProvider,
  type AskedRepository,
  type LookFacts,
} from '../policy/explain';
import { selectRepositories } from '../policy/select';
import {
  explainUncovered,
  isAt,
  placesOf,
  type Place,
} from './explain-question';
import type { Operation } from './operation';
import type { OperationsContext, Providers, Triggered } from './providers';
import { array, object, oneOf, text } from './schema';

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
          'An organization that a provider reads, by its name, its address, or as host/name',
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
          outcome: oneOf('triggered', 'already-running', 'not-triggered'),
          'error?': text('Why it was not triggered'),
        }),
      ),
      repositories: array(
        object({
          provider: text('The id of the provider'),
          organization: text('As host/name'),
          project: text('Its name'),
          repository: text('Its name'),
          'leftOut?': text('Why the configuration leaves it out, if it does'),
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
      return await refreshAll(
        context,
        providers,
        provider !== undefined
          ? providers.readings(String(provider))
          : readersOf(context, String(organization)),
      );
    },
  };
}

/** @throws NotFoundError where no provider reads the organization */
function readersOf(context: OperationsContext, name: string): Refreshable[] {
  const organizations = context.readings.flatMap(
    ({ settings }) => settings?.organizations ?? [],
  );
  return placesThatRead(context, parseOrganization(name, organizations)).map(
    ({ settings }) => settings,
  );
}

/** @throws NotFoundError where there is none */
function placesThatRead(
  { readings }: OperationsContext,
  organization: Organization,
): Place[] {
  const places = placesOf({ readings }, organization);
  if (places.length === 0) {
    const reasons = explainUncovered({ readings }, organization);
    throw new NotFoundError(reasons.map(describeExplanation).join(' '));
  }
  return places;
}

/** A provider, as far as its refresh is concerned. */
type Refreshable = Pick<ProviderReading, 'id' | 'providerName'>;

/** Whatever keeps one of them from being refreshed keeps no other. @throws ServiceUnavailableError where it keeps all */
async function refreshAll(
  { hub }: OperationsContext,
  providers: Providers,
  refreshable: readonly Refreshable[],
): Promise<object> {
  const refreshes: Array<Triggered & { provider: string }> = [];
  for (const { id, providerName } of refreshable) {
    const triggered: Triggered = hub.isConnected(providerName)
      ? await providers.trigger({ providerName })
      : { outcome: 'not-triggered', error: describeNotRunning(id) };
    refreshes.push({ provider: id, ...triggered });
  }
  if (refreshes.every(({ outcome }) => outcome === 'not-triggered')) {
    throw new ServiceUnavailableError(
      refreshes.map(({ error }) => error).join('. '),
    );
  }
  return { refreshes, repositories: [] };
}

function describeNotRunning(id: string): string {
  return (
    `The provider '${id}' does not run on this backend: either it has just been started, or its configuration is wrong. ` +
    'What to do: look for the mistake in the log of its start, or in the status'
  );
}

/** Has every provider that reads the organization look at the repository. @throws NotFoundError, InputError, ServiceUnavailableError */
async function makeDue(
  context: OperationsContext,
  providers: Providers,
  address: string,
): Promise<object> {
  const { service, hub } = context;
  const url = parseRepositoryUrl(address, service.content.context);
  if (url.outcome === 'unsupported') {
    throw new InputError(url.message);
  }
  const { project, repository } = url;
  const asked: AskedRepository = { project, repository };
  const places = placesThatRead(context, url.organization);
  if (!places.some(it => hub.isConnected(it.settings.providerName))) {
    throw new ServiceUnavailableError(
      places.map(({ settings }) => describeNotRunning(settings.id)).join('. '),
    );
  }
  const due = await findDue(context, providers, asked, places);
  await hub.lookAt(
    due.map(({ place, facts }) => ({
      provider: place.settings.providerName,
      organization: place.organization.key,
      projectId: facts.projectId,
      repositoryId: facts.id,
    })),
  );
  return {
    refreshes: [],
    repositories: due.map(({ place, look, facts }) => ({
      provider: place.settings.id,
      organization: place.organization.label,
      project: facts.project,
      repository: facts.name,
      leftOut: isLeftOut(place, look)
        ? explain({ place, look }, asked).cause
        : undefined,
    })),
  };
}

/** The repository as each provider sees it, or else as the ledger has it. @throws NotFoundError, ServiceUnavailableError */
async function findDue(
  context: OperationsContext,
  providers: Providers,
  asked: AskedRepository,
  places: readonly Place[],
): Promise<Array<LookFromPlace & { facts: ReturnType<typeof namesOf> }>> {
  const looks = await lookFrom(context, asked, places);
  const failed = looks.find(it => it.look.outcome === 'failed');
  if (failed && !looks.some(it => it.look.outcome === 'found')) {
    throw new ServiceUnavailableError(
      describeExplanation(explain(failed, asked)),
    );
  }
  // What is not there any more is due where the ledger has it.
  const known = await new LedgerLookup(await providers.database()).repositories(
    asked,
    places.map(({ organization }) => organization.key),
  );
  const due = looks.flatMap(({ place, look }) => {
    const facts =
      look.outcome === 'found'
        ? namesOf(look.repository)
        : known.find(it => isAt(it, place))?.facts;
    return facts ? [{ place, look, facts }] : [];
  });
  if (due.length === 0) {
    throw new NotFoundError(describeExplanation(explain(looks[0]!, asked)));
  }
  return due;
}

interface LookFromPlace {
  readonly place: Place;
  readonly look: LookFacts;
}

/** Asks each organization for the repository, once. */
async function lookFrom(
  { look }: OperationsContext,
  asked: AskedRepository,
  places: readonly Place[],
): Promise<LookFromPlace[]> {
  const looks = new Map<string, Promise<LookFacts>>();
  for (const place of places) {
    const { key } = place.organization;
    if (!looks.has(key)) {
      looks.set(key, look({ ...place, asked, readsFiles: false }));
    }
  }
  return await Promise.all(
    places.map(async place => ({
      place,
      look: (await looks.get(place.organization.key))!,
    })),
  );
}

function namesOf({ id, name, project }: Repository) {
  return { id, name, project: project.name, projectId: project.id };
}

function isLeftOut({ settings }: Place, look: LookFacts): boolean {
  return (
    look.outcome === 'found' &&
    selectRepositories({ settings, repositories: [look.repository] }).skipped
      .length > 0
  );
}

/** In the words of the operation that explains. */
function explain({ place, look }: LookFromPlace, asked: AskedRepository) {
  return explainProvider({
    settings: place.settings,
    organization: place.organization.label,
    asked,
    look,
  });
}
