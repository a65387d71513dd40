import { hostname } from 'node:os';
import type { JsonObject } from '@backstage/types';
import type { OrganizationPacing } from '../azure/clients';
import type { ProviderReading } from '../config/settings';
import { refreshTaskId } from '../ingestion/provider';
import {
  type OrganizationReport,
  type StoredRefresh,
  toStored,
} from '../ingestion/report';
import type { OrganizationCounts } from '../ledger/reports';
import type { ProjectEvents } from '../ledger/project-events';
import { hasFallenSilent, namesNoRepository } from '../policy/event-health';
import { iso } from '../policy/explain/question';
import type { Operation } from './operation';
import type { OperationsContext, Provider, Providers } from './providers';
import {
  array,
  boolean,
  count,
  integer,
  object,
  oneOf,
  text,
  time,
} from './schema';
import { describeSet, HELD_BACK } from './held-back';

const ORGANIZATION_REPORT = object({
  outcome: oneOf('complete', 'incomplete', 'failed'),
  problems: array(text('Why it failed or is incomplete, and what to do')),
  listed: count('Repositories in the list'),
  selected: count('Of them, those that the configuration selects'),
  skipped: {
    type: 'object',
    description: 'The others, by reason',
    additionalProperties: { type: 'integer', minimum: 0 },
  },
  missing: count('Known repositories that the list lacks'),
  read: count('Repositories that were looked at with a result'),
  unread: count('Repositories that could not be read, and stay as they are'),
  reasons: {
    type: 'object',
    description: 'Why repositories were looked at, counted',
    additionalProperties: { type: 'integer', minimum: 0 },
  },
  removed: count('Entities whose removal was decided'),
  'codeSearch?': object({
    state: oneOf('asked', 'off'),
    'reason?': text('Why it is off'),
    'named?': count('Repositories that it named as changed'),
    'missed?': count('Changes that it did not name'),
  }),
});

const ORGANIZATION = object({
  organization: text('As host/name'),
  'lastListAt?': time('When its list was last had whole'),
  'lastPassAt?': time('When a pass over it began that left nothing unseen'),
  'oldestVerificationAt?': time(
    'When the repository that was looked at the longest ago was',
  ),
  repositories: object({
    known: count('In the ledger'),
    conclusive: count('Of them, those whose last look had a result'),
    unknown: count('Of them, those that could not be read at the last look'),
  }),
  descriptors: count('Descriptors in the ledger'),
  entities: count('Entities of them that are in the catalog'),
  rejectedFiles: count('Descriptors with rejected documents'),
  'lastRefresh?': ORGANIZATION_REPORT,
  'pacing?': {
    ...object({
      throttled: boolean('Whether the service slows the identity down'),
      'pausedUntil?': time('Until when the service asked for a pause'),
      inFlight: count('Requests under way'),
      waiting: count('Requests that wait'),
      'remaining?': integer('What is left of the rate limit'),
      'limit?': integer('The rate limit'),
    }),
    description:
      'How requests are paced on the replica that answers; absent where it has sent none',
  },
  events: array(
    object({
      project: text('Its name'),
      lastEventAt: time('When the last event came'),
      hasFallenSilent: boolean(
        'Whether events came and come no more, while refreshes go on finding changes',
      ),
      namesNoRepository: boolean(
        'Whether one of the last 24 hours named no repository, so that all of the project was looked at: the subscription has to send all resource details, and `azure-devops-catalog hooks` shows it',
      ),
    }),
    'Projects of which an event ever came',
  ),
});

const PROVIDER = object({
  id: text('As the configuration has it'),
  name: text('The name of the entity provider'),
  'mistakes?': text('What is wrong with its configuration'),
  isConnected: boolean('Whether it runs on the replica that answers'),
  'nextRefreshAt?': time(
    'When the scheduler begins the next refresh, where it keeps that',
  ),
  'lastRefresh?': object({
    outcome: oneOf('running', 'complete', 'failed'),
    startedAt: time('When it began'),
    'endedAt?': time('When it ended'),
    'error?': text('Why it failed'),
    advice: array(text('Why nothing was found, and what to do')),
    added: count('Entities that it added to the catalog or changed in it'),
    removed: count('Entities that it removed from the catalog'),
    replica: text('The machine that it ran on'),
  }),
  duplicates: count('Entities that more than one descriptor gives'),
  heldBack: array(HELD_BACK, 'Removals that wait for approval'),
  organizations: array(ORGANIZATION),
});

/** How ingestion stands. */
export function statusOperation(
  context: OperationsContext,
  providers: Providers,
): Operation {
  return {
    id: 'status',
    action: 'get-azure-devops-ingestion-status',
    method: 'get',
    path: '/status',
    title: 'How ingestion stands',
    description:
      'Every provider and organization: what was read when, what failed and why, and what comes next. It is read from the database, so that each replica answers alike, but for `pacing`, `isConnected`, and how far a refresh has come, which the replica knows that it runs on.',
    permission: 'read',
    input: {
      provider: {
        in: 'query',
        type: 'string',
        description: 'The id of one provider; all if left out',
        example: 'main',
      },
    },
    answer: object({
      replica: text('The machine that answers'),
      providers: array(PROVIDER),
    }),
    async run({ provider: id }) {
      const readings = providers.readings(id as string | undefined);
      const ready = await providers.all(id as string | undefined);
      return {
        replica: hostname(),
        providers: await Promise.all(
          readings.map(reading =>
            statusOf(
              context,
              reading,
              ready.find(({ settings }) => settings.id === reading.id),
            ),
          ),
        ),
      };
    },
  };
}

async function statusOf(
  { hub, service, status }: OperationsContext,
  { id, providerName, error }: ProviderReading,
  provider: Provider | undefined,
): Promise<JsonObject> {
  const known = {
    id,
    name: providerName,
    isConnected: hub.isConnected(providerName),
  };
  if (!provider) {
    return {
      ...known,
      mistakes: error?.message,
      duplicates: 0,
      heldBack: [],
      organizations: [],
    };
  }
  const { ledger } = provider;
  const running = status
    .list()
    .find(it => it.provider === providerName && it.outcome === 'running');
  const last = running
    ? toStored(running, hostname())
    : ((await ledger.reports.lastRefresh()) as StoredRefresh | undefined);
  return {
    ...known,
    nextRefreshAt: iso(
      await ledger.reports.nextRunAt(refreshTaskId(providerName)),
    ),
    lastRefresh: last && describeRefresh(last),
    duplicates: (await ledger.reports.contested()).length,
    heldBack: (await ledger.heldBack.list()).map(set =>
      describeSet(provider, set),
    ),
    organizations: await statusOfOrganizations(
      provider,
      last?.organizations ?? [],
      known.isConnected ? service.clients.limiterSnapshot() : [],
    ),
  };
}

/** Those that are configured, and those that the ledger has besides. */
async function statusOfOrganizations(
  { settings, ledger }: Provider,
  reports: readonly OrganizationReport[],
  pacing: readonly OrganizationPacing[],
): Promise<JsonObject[]> {
  const counts = await ledger.reports.organizations();
  const events = await ledger.projectEvents.list();
  const labels = new Map(
    settings.organizations.map(({ key, label }) => [key, label]),
  );
  const keys = new Set([
    ...labels.keys(),
    ...counts.map(({ organization }) => organization),
  ]);
  return [...keys].map(key => {
    const label = labels.get(key) ?? key;
    return {
      ...describeCounts(counts.find(it => it.organization === key)),
      organization: label,
      lastRefresh: describeReport(
        reports.find(it => it.organization === label),
      ),
      pacing: pacing
        .filter(({ organization }) => organization.key === key)
        .map(describePacing)[0],
      events: events
        .filter(({ organization }) => organization === key)
        .map(describeEvents),
    };
  });
}

function describeRefresh({
  provider: _provider,
  organizations: _organizations,
  ...last
}: StoredRefresh): JsonObject {
  return {
    ...last,
    startedAt: iso(last.startedAt),
    endedAt: iso(last.endedAt),
  };
}

/** Of an organization that the ledger knows nothing of. */
const NOTHING = {
  repositories: { known: 0, conclusive: 0, unknown: 0 },
  descriptors: 0,
  entities: 0,
  rejectedFiles: 0,
};

function describeCounts(
  counts: Omit<OrganizationCounts, 'organization'> = NOTHING,
): JsonObject {
  return {
    ...counts,
    repositories: { ...counts.repositories },
    lastListAt: iso(counts.lastListAt),
    lastPassAt: iso(counts.lastPassAt),
    oldestVerificationAt: iso(counts.oldestVerificationAt),
  };
}

function describeReport(
  report: OrganizationReport | undefined,
): JsonObject | undefined {
  if (!report) {
    return undefined;
  }
  const { outcome, problems, repositories, probes, removals, hints } = report;
  return {
    outcome,
    problems,
    listed: repositories.seen,
    selected: repositories.selected,
    skipped: repositories.skipped,
    missing: repositories.missing,
    read: probes.conclusive,
    unread: probes.unknown,
    reasons: probes.reasons,
    removed: removals.released,
    codeSearch:
      hints?.state === 'asked'
        ? { state: 'asked', named: hints.named, missed: hints.missed }
        : hints && { state: 'off', reason: hints.reason },
  };
}

function describePacing({
  organization: _organization,
  throttledMs: _throttledMs,
  ...pacing
}: OrganizationPacing): JsonObject {
  return { ...pacing, pausedUntil: iso(pacing.pausedUntil) };
}

function describeEvents(events: ProjectEvents): JsonObject {
  return {
    project: events.project,
    lastEventAt: iso(events.lastEventAt),
    hasFallenSilent: hasFallenSilent(events, Date.now()),
    namesNoRepository: namesNoRepository(events, Date.now()),
  };
}
