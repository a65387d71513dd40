import { parseEntityRef, stringifyEntityRef } from '@backstage/catalog-model';
import { InputError } from '@backstage/errors';
import { guidOf } from '../azure/parse';
import type { ProviderReading, ProviderSettings } from '../config/settings';
import type { LocationContext } from '../content/context';
import { parseRepositoryUrl } from '../content/url';
import type { OrganizationReport } from '../ingestion/report';
import type { HeldBackSet } from '../ledger/held-back';
import type { FoundRepository, LedgerLookup } from '../ledger/lookup';
import type { Organization } from '../organization';
import {
  askedFile,
  describeExplanation,
  explainMisconfigured,
  explainNoProvider,
  explainNoSuchEntity,
  explainProvider,
  explainUnsupportedUrl,
  type AskedRepository,
  type Explanation,
  type LedgerFacts,
  type LookFacts,
} from '../policy/explain';

/** Where what is known comes from. */
export interface ExplainSources {
  readonly readings: readonly ProviderReading[];
  readonly locations: LocationContext;
  /** Absent where no backend is asked. */
  readonly ledger?: {
    readonly lookup: LedgerLookup;
    /** The last refresh of a provider, and when the next begins. */
    lastRefresh(provider: ProviderSettings): Promise<LastRefresh>;
  };
  look(options: {
    readonly settings: ProviderSettings;
    readonly organization: Organization;
    readonly asked: AskedRepository;
    readonly readsFiles: boolean;
  }): Promise<LookFacts>;
}

interface LastRefresh {
  readonly organizations: readonly OrganizationReport[];
  readonly heldBack: readonly HeldBackSet[];
  /** Milliseconds since 1970. */
  readonly nextRefreshAt?: number;
}

/** What is asked about: one of the two. */
export interface ExplainQuestion {
  /** Of a repository or a file, in any form. */
  readonly url?: string;
  readonly entityRef?: string;
  /** Whether the repository is looked at now. */
  readonly fresh?: boolean;
}

/**
 * Why a repository, a file or an entity is in the catalog, or is not: an answer
 * for each provider that covers it, or the one that says why none does.
 *
 * @throws InputError where it is not one of the two that is asked about
 */
export async function explainQuestion(
  sources: ExplainSources,
  { url, entityRef, fresh = false }: ExplainQuestion,
): Promise<Explanation[]> {
  if (url !== undefined && entityRef === undefined) {
    return await explainUrl(sources, url, fresh);
  }
  if (entityRef !== undefined && url === undefined) {
    return await explainEntity(sources, entityRef, fresh);
  }
  throw new InputError(
    `Expected either the URL of a repository or file ('url'), or an entity reference ('entityRef'), got ${url === undefined ? 'neither' : 'both'}`,
  );
}

async function explainUrl(
  sources: ExplainSources,
  url: string,
  fresh: boolean,
): Promise<Explanation[]> {
  const parsed = parseRepositoryUrl(url, sources.locations);
  if (parsed.outcome === 'unsupported') {
    return [explainUnsupportedUrl(parsed.message)];
  }
  const { project, repository, path, version } = parsed;
  const asked: AskedRepository = {
    project,
    repository,
    path,
    branch: version?.type === 'branch' ? version.version : undefined,
  };
  const places = placesOf(sources, parsed.organization);
  if (places.length === 0) {
    return explainUncovered(sources, parsed.organization);
  }
  const found = await sources.ledger?.lookup.repositories(
    asked,
    places.map(({ organization }) => organization.key),
  );
  return await Promise.all(
    places.map(place =>
      explainPlace(sources, {
        ...place,
        asked,
        fresh,
        found: found?.find(it => isAt(it, place)),
      }),
    ),
  );
}

async function explainEntity(
  sources: ExplainSources,
  text: string,
  fresh: boolean,
): Promise<Explanation[]> {
  if (!sources.ledger) {
    throw new InputError(
      'Expected the URL of a repository or file: which descriptor gives an entity only a running backend knows',
    );
  }
  const { lookup } = sources.ledger;
  const entityRef = readReference(text);
  const claims = await lookup.claims(entityRef);
  const answers = await Promise.all(
    sources.readings.map(async ({ settings, providerName }) => {
      const ours = claims.filter(({ provider }) => provider === providerName);
      const claim = ours.find(({ isOwner }) => isOwner) ?? ours[0];
      const organization = settings?.organizations.find(
        ({ key }) => key === claim?.organization,
      );
      if (!claim || !settings || !organization) return [];
      const place = { settings, organization };
      const { repositoryId: repository, path } = claim;
      const found = await lookup.repositories({ repository });
      return [
        await explainPlace(sources, {
          ...place,
          asked: { repository, path },
          entityRef,
          fresh,
          found: found.find(it => isAt(it, place)),
        }),
      ];
    }),
  );
  const all = answers.flat();
  return all.length > 0 ? all : [explainNoSuchEntity(entityRef)];
}

/** @throws InputError where it is none */
function readReference(text: string): string {
  try {
    return stringifyEntityRef(parseEntityRef(text.trim())).toLowerCase();
  } catch {
    throw new InputError(
      `Expected an entity reference such as component:default/payments, got '${text.slice(0, 200)}'`,
    );
  }
}

/** A provider, and the organization as it has it. */
export interface Place {
  readonly settings: ProviderSettings;
  readonly organization: Organization;
}

/** What is asked of one provider. */
interface PlaceQuestion extends Place {
  readonly asked: AskedRepository;
  readonly entityRef?: string;
  readonly fresh: boolean;
  /** As the ledger has it. */
  readonly found?: FoundRepository;
}

/** The providers that read an organization. */
export function placesOf(
  { readings }: Pick<ExplainSources, 'readings'>,
  organization: Organization,
): Place[] {
  return readings.flatMap(({ settings }) => {
    const own = settings?.organizations.find(it => it.isSameAs(organization));
    return settings && own ? [{ settings, organization: own }] : [];
  });
}

/** Whether the ledger has the repository of this provider and organization. */
export function isAt(
  { provider, organization }: FoundRepository,
  place: Place,
): boolean {
  return (
    provider === place.settings.providerName &&
    organization === place.organization.key
  );
}

/** Where no provider reads an organization. */
export function explainUncovered(
  { readings }: Pick<ExplainSources, 'readings'>,
  { label }: Organization,
): Explanation[] {
  const configured = new Set(
    readings.flatMap(
      ({ settings }) => settings?.organizations.map(it => it.label) ?? [],
    ),
  );
  return [
    explainNoProvider({
      organization: label,
      configured: [...configured],
    }),
    ...readings.flatMap(({ id, error }) =>
      error ? [explainMisconfigured(id, error.message)] : [],
    ),
  ];
}

async function explainPlace(
  sources: ExplainSources,
  question: PlaceQuestion,
): Promise<Explanation> {
  const { settings, organization, asked, entityRef } = question;
  const look = await lookIfNeeded(sources, question);
  // A renamed repository goes by its former name as well.
  const found =
    question.found ??
    (look?.outcome === 'found'
      ? (
          await sources.ledger?.lookup.repositories({
            repository: look.repository.id,
          })
        )?.find(it => isAt(it, question))
      : undefined);
  const last = await sources.ledger?.lastRefresh(settings);
  const ledger =
    sources.ledger &&
    (await factsOf(sources.ledger.lookup, { ...question, found }, look, last));
  return explainProvider({
    settings,
    organization: organization.label,
    asked,
    entityRef,
    ledger,
    look,
    nextRefreshAt: last?.nextRefreshAt,
  });
}

/**
 * What is not in the ledger the service is asked for: one request says whether the
 * repository is there at all, and in what state.
 */
async function lookIfNeeded(
  sources: ExplainSources,
  { settings, organization, asked, fresh, found }: PlaceQuestion,
): Promise<LookFacts | undefined> {
  const readsFiles = fresh || !sources.ledger;
  const isSelected = (
    name: string | undefined,
    what: 'project' | 'repository',
  ) =>
    name === undefined ||
    guidOf(name) !== undefined ||
    settings[what].matches(name);
  const isNeeded =
    !found &&
    isSelected(asked.project, 'project') &&
    isSelected(asked.repository, 'repository');
  return readsFiles || isNeeded
    ? await sources.look({ settings, organization, asked, readsFiles })
    : undefined;
}

async function factsOf(
  lookup: LedgerLookup,
  { settings, organization, asked, found }: PlaceQuestion,
  look: LookFacts | undefined,
  last: LastRefresh | undefined,
): Promise<LedgerFacts> {
  const report = last?.organizations.find(
    it => it.organization === organization.label,
  );
  const path = askedFile({ asked, settings });
  const files = found ? await lookup.files(found, path) : [];
  const looked = look?.outcome === 'found' ? look : undefined;
  const news = looked?.files ?? [];
  const refs = new Set(
    [...files, ...news].flatMap(({ entityRefs }) => entityRefs),
  );
  const place = found ?? {
    provider: settings.providerName,
    organization: organization.key,
    repositoryId: looked?.repository.id ?? '',
  };
  const projectId = found?.facts.projectId ?? looked?.repository.project.id;
  return {
    repository: found?.facts,
    files,
    references: await lookup.references(place, [...refs]),
    isDue: projectId !== undefined && (await lookup.isDue(place, projectId)),
    // What failed is noted last.
    organizationProblem:
      report?.outcome === 'failed' ? report.problems.at(-1) : undefined,
    heldBack: last?.heldBack
      .filter(it => it.organization === organization.key)
      .map(({ held, approval }) => ({
        ...held,
        isApproved: approval !== undefined,
      })),
  };
}

/** An answer with its one line, for machines. */
export function withMessage(explanation: Explanation) {
  return { ...explanation, message: describeExplanation(explanation) };
}
