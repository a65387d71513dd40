import type {
  AuditorService,
  BackstageCredentials,
  LoggerService,
} from '@backstage/backend-plugin-api';
import { ConflictError, NotFoundError } from '@backstage/errors';
import type { JsonObject } from '@backstage/types';
import type { ProviderSettings } from '../config/settings';
import type { HeldBackSet } from '../ledger/held-back';
import { iso } from '../policy/explain/question';
import type { HeldBack } from '../policy/guard';
import type { Field, Operation } from './operation';
import { DEFAULT_LIMIT, PAGE, pageOf } from './page';
import type { Provider, Providers } from './providers';
import { array, count, object, oneOf, text, time } from './schema';
import { errorOf } from '../thrown';

const PROPERTIES = {
  id: text('Names this very set; one with another entity has another id'),
  provider: text('The id of the provider'),
  'organization?': text(
    'As host/name; absent for what was taken over, or given by another replica',
  ),
  grade: oneOf('confirmed', 'inferred', 'deselected'),
  count: count('Entities that would leave the catalog'),
  total: count('Entities that the organization has'),
  percentage: { type: 'number', description: 'Of those that count' },
  limit: {
    type: 'number',
    description: 'Up to what percentage nothing is held back',
  },
  reasons: array(
    object({ reason: text('The evidence'), count: count('Of so many') }),
  ),
  since: time('When it was first held back'),
  'approvedAt?': time('When it was approved'),
  'approvedBy?': text('By whom'),
};

/** A set that is held back, without its entities. */
export const HELD_BACK = object(PROPERTIES);

const ID: Field = {
  in: 'path',
  type: 'string',
  description: 'The id of a set of removals, as the status has it',
  example: 'main:3f2a9c01d4e5',
  isRequired: true,
};

/** What operators see of a set that is held back. */
export function describeSet(
  { settings }: Pick<Provider, 'settings'>,
  { organization, held, since, approval }: HeldBackSet,
): JsonObject {
  const own = settings.organizations.find(({ key }) => key === organization);
  const { code, entityRefs: _entityRefs, ...facts } = held;
  return {
    ...facts,
    reasons: facts.reasons.map(it => ({ ...it })),
    id: `${settings.id}:${code}`,
    provider: settings.id,
    organization: own?.label ?? (organization || undefined),
    since: iso(since),
    approvedAt: iso(approval?.at),
    approvedBy: approval?.by,
  };
}

/** One set that is held back, with its entities. */
export function heldBackOperation(providers: Providers): Operation {
  return {
    id: 'heldBack',
    action: 'get-azure-devops-held-back-removal',
    method: 'get',
    path: '/held-back/{id}',
    title: 'A set of removals that is held back, with its entities',
    description:
      'The entities stay in the catalog until the set is approved, or the evidence changes.',
    permission: 'read',
    input: { id: ID, ...PAGE },
    answer: object({
      ...PROPERTIES,
      entityRefs: array(
        text('An entity'),
        `In alphabetical order; ${DEFAULT_LIMIT} unless \`limit\` says otherwise`,
      ),
    }),
    async run(input) {
      const { provider, set } = await find(providers, String(input.id));
      const { limit, offset } = pageOf(input);
      return {
        ...describeSet(provider, set),
        entityRefs: set.held.entityRefs.slice(offset, offset + limit),
      };
    },
  };
}

/** Lets a set of removals go. */
export function approveOperation(
  providers: Providers,
  auditor: AuditorService,
): Operation {
  return {
    id: 'approve',
    action: 'approve-azure-devops-held-back-removal',
    method: 'post',
    path: '/held-back/{id}/approve',
    title: 'Let a set of removals go that is held back',
    description:
      'Removes the entities of this very set from the catalog, with the next refresh, which begins at once. ' +
      'It is looked at once more then: what is seen again stays, and what would go beside it is another set, which is held back.',
    permission: 'manage',
    removes: true,
    input: { id: ID },
    answer: object({
      ...PROPERTIES,
      refresh: oneOf('triggered', 'already-running', 'not-triggered'),
      'refreshError?': text(
        'Why no refresh could be triggered; the next one removes them',
      ),
    }),
    async run({ id }, caller) {
      const by = nameOf(caller.credentials);
      const event = await auditor.createEvent({
        eventId: 'azure-devops-removal-approve',
        severityLevel: 'high',
        request: caller.request,
        meta: { id: String(id), approvedBy: by },
      });
      try {
        const answer = await approve(providers, String(id), by);
        await event.success({ meta: { ...answer } });
        return answer;
      } catch (error) {
        await event.fail({
          error: errorOf(error),
        });
        throw error;
      }
    },
  };
}

async function approve(
  providers: Providers,
  id: string,
  by: string,
): Promise<JsonObject> {
  const { provider, set } = await find(providers, id);
  const { settings, ledger } = provider;
  const { code } = set.held;
  const at = Date.now();
  if (!(await ledger.heldBack.approve(code, { at, by }))) {
    // Approved in between, or no longer held back, which throws here.
    const { set: now } = await find(providers, id);
    throw new ConflictError(
      `${now.approval?.by ?? 'Somebody'} approved this set at ${iso(now.approval?.at)}. It goes with the next refresh that holds back this very set; nothing needs to be done`,
    );
  }
  const { outcome, error } = await providers.refreshSoon(settings);
  return {
    ...describeSet(provider, { ...set, approval: { at, by } }),
    refresh: outcome,
    refreshError: error,
  };
}

/** @throws NotFoundError */
async function find(
  providers: Providers,
  id: string,
): Promise<{ provider: Provider; set: HeldBackSet }> {
  const end = id.lastIndexOf(':');
  for (const provider of await providers.all()) {
    if (provider.settings.id === id.slice(0, end)) {
      const [set] = await provider.ledger.heldBack.list(id.slice(end + 1));
      if (set) return { provider, set };
    }
  }
  throw new NotFoundError(
    `No set of removals '${id}' is held back. It has gone, its entities were seen again, or others came to it, which makes another set. ` +
      'What to do: look in the status for what is held back now',
  );
}

/** Who it is, for people. */
function nameOf({ principal }: BackstageCredentials): string {
  const { userEntityRef, subject } = principal as {
    userEntityRef?: string;
    subject?: string;
  };
  return userEntityRef ?? subject ?? 'somebody without a name';
}

/** Tells the audit log of a set that is held back. Never throws. */
export async function auditHeldBack(
  auditor: AuditorService,
  logger: LoggerService,
  settings: ProviderSettings,
  organization: string,
  held: HeldBack,
): Promise<void> {
  const { since: _, ...meta } = describeSet(
    { settings },
    { organization, held, since: 0 },
  );
  try {
    const event = await auditor.createEvent({
      eventId: 'azure-devops-removal-hold-back',
      severityLevel: 'medium',
      meta,
    });
    await event.success();
  } catch (error) {
    logger.warn(
      'What is held back could not be told to the audit log; the status has it',
      errorOf(error),
    );
  }
}
