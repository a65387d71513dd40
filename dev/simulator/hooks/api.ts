import {
  json,
  jsonList,
  timestamp,
  wholeNumber,
} from '../azure-devops/answers';
import { serviceError } from '../errors';
import type { SimulatedResponse } from '../http';
import type { Call, EndpointRoute } from '../seams';
import type { NewSubscription, Subscription } from './subscription';

/** The subscriptions of all organizations. */
export interface SubscriptionStore {
  of(organization: { readonly id: string }): Map<string, Subscription>;
  subscribe(
    organization: { readonly id: string },
    options: NewSubscription,
  ): Subscription;
}

/** Secrets are shown so. */
const MASKED = '********';
/** The security namespace of subscriptions. Source: behaviour.md, section 6. */
const NAMESPACE_ID = 'cb594ebe-87dd-4fc9-ac2c-6a10a4c92046';

/**
 * The interface for subscriptions, as far as the consumer `webHooks` goes.
 *
 * Source: specification/hooks/7.1
 */
export function subscriptionRoutes(store: SubscriptionStore): EndpointRoute[] {
  const route = (
    right: 'view' | 'edit',
    method: EndpointRoute['method'],
    template: string,
    answer: (call: Call, store: SubscriptionStore) => SimulatedResponse,
  ): EndpointRoute => ({
    endpoint: 'hooks',
    project: 'none',
    method,
    template: `hooks/${template}`,
    handle: call =>
      call.organization.mayWithSubscriptions(call.identity, right)
        ? answer(call, store)
        : denied(call, right),
  });
  const one = 'subscriptions/{subscriptionId}';
  return [
    route('view', 'POST', 'subscriptionsquery', query),
    route('edit', 'POST', 'subscriptions', create),
    route(
      'edit',
      'DELETE',
      one,
      withOne((call, { id }) => {
        store.of(call.organization).delete(id);
        return { status: 200 };
      }),
    ),
    route('view', 'GET', `${one}/notifications`, withOne(notifications)),
  ];
}

interface InputCondition {
  readonly inputId: string;
  readonly operator?: 'equals' | 'notEquals';
  readonly inputValue?: string;
}

function query(call: Call, store: SubscriptionStore): SimulatedResponse {
  const asked = bodyOf(call);
  const filters =
    (asked['publisherInputFilters'] as
      Array<{ conditions?: InputCondition[] }> | undefined) ?? [];
  const fits = (
    { publisherInputs }: Subscription,
    { inputId, inputValue = '', operator = 'equals' }: InputCondition,
  ) =>
    ((publisherInputs[inputId] ?? '').toLowerCase() ===
      inputValue.toLowerCase()) ===
    (operator === 'equals');
  const found = [...store.of(call.organization).values()].filter(
    it =>
      (!asked['eventType'] || asked['eventType'] === it.eventType) &&
      // Any of the filters, all of its conditions.
      (filters.length === 0 ||
        filters.some(({ conditions = [] }) =>
          conditions.every(condition => fits(it, condition)),
        )),
  );
  return json(call, { ...asked, results: found.map(it => shapeOf(call, it)) });
}

function create(call: Call, store: SubscriptionStore): SimulatedResponse {
  const asked = bodyOf(call);
  const publisherInputs = textsOf(asked['publisherInputs']);
  const consumerInputs = textsOf(asked['consumerInputs']);
  const mistake = mistakeIn(call, asked, publisherInputs, consumerInputs);
  if (mistake) {
    return serviceError(400, 'SubscriptionInputException', mistake);
  }
  const { id, displayName } = call.identity;
  const created = store.subscribe(call.organization, {
    eventType: String(asked['eventType']),
    resourceVersion: asked['resourceVersion'] as string | undefined,
    publisherInputs,
    consumerInputs,
    createdBy: { id, displayName },
  });
  return json(call, shapeOf(call, created));
}

function withOne(
  answer: (call: Call, it: Subscription) => SimulatedResponse,
): (call: Call, store: SubscriptionStore) => SimulatedResponse {
  return (call, store) => {
    const id = (call.parameters['subscriptionId'] ?? '').toLowerCase();
    const found = store.of(call.organization).get(id);
    return found
      ? answer(call, found)
      : serviceError(
          404,
          'SubscriptionNotFoundException',
          `Subscription ${id} could not be found.`,
        );
  };
}

/** The latest first. */
function notifications(call: Call, it: Subscription): SimulatedResponse {
  const result = call.query('result')?.toLowerCase();
  return jsonList(
    call,
    it.notifications
      .filter(sent => result === undefined || sent.result === result)
      .reverse()
      .slice(0, wholeNumber(call, 'maxResults'))
      .map(sent => ({
        id: sent.id,
        subscriptionId: it.id,
        eventId: sent.eventId,
        status: sent.result === 'pending' ? 'processing' : 'completed',
        result: sent.result,
        createdDate: timestamp(sent.at),
        details: {
          requestAttempts: sent.attempts,
          ...(sent.status ? { response: `Status Code: ${sent.status}` } : {}),
          ...(sent.result === 'failed' ? { errorMessage: sent.answer } : {}),
        },
      })),
  );
}

function shapeOf({ baseUrl }: Call, it: Subscription) {
  const { basicAuthPassword: password } = it.consumerInputs;
  return {
    id: it.id,
    url: `${baseUrl}/_apis/hooks/subscriptions/${it.id}`,
    status: it.status,
    publisherId: 'tfs',
    eventType: it.eventType,
    resourceVersion: it.resourceVersion,
    eventDescription: 'Any',
    consumerId: 'webHooks',
    consumerActionId: 'httpRequest',
    actionDescription: `To host ${new URL(it.consumerInputs['url'] ?? '').host}`,
    createdBy: it.createdBy,
    createdDate: timestamp(it.createdAt),
    modifiedBy: it.createdBy,
    modifiedDate: timestamp(it.createdAt),
    publisherInputs: it.publisherInputs,
    consumerInputs: {
      ...it.consumerInputs,
      ...(password ? { basicAuthPassword: MASKED } : {}),
    },
  };
}

function mistakeIn(
  { organization }: Call,
  asked: Record<string, unknown>,
  { projectId }: Record<string, string>,
  { url = '', basicAuthPassword }: Record<string, string>,
): string | undefined {
  if (asked['publisherId'] !== 'tfs' || asked['consumerId'] !== 'webHooks') {
    return 'The simulator knows the publisher tfs and the consumer webHooks.';
  }
  if (!URL.canParse(url)) {
    return `The value of the input url is not a valid URI: ${url}`;
  }
  const { hostname, protocol } = new URL(url);
  if (/^(localhost|127\.|\[::1\]|10\.|192\.168\.)/.test(hostname)) {
    return `The URL ${url} is not allowed: it is local or in a special range.`;
  }
  if (basicAuthPassword && protocol !== 'https:') {
    return 'Basic authentication requires HTTPS.';
  }
  return projectId && !organization.findProject(projectId)
    ? `The project ${projectId} does not exist.`
    : undefined;
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries((value ?? {}) as Record<string, unknown>).map(
      ([name, each]) => [name, String(each)],
    ),
  );
}

function bodyOf({ request }: Call): Record<string, unknown> {
  return JSON.parse(request.body.toString() || '{}') as Record<string, unknown>;
}

function denied({ identity }: Call, right: 'view' | 'edit'): SimulatedResponse {
  const permission = right === 'edit' ? 'Edit' : 'View';
  return serviceError(
    403,
    'AccessCheckException',
    `Access denied. ${identity.displayName} needs the following permission(s) to perform this action: ${permission} subscriptions`,
    {
      customProperties: {
        Descriptor: null,
        IdentityDisplayName: identity.displayName,
        Token: 'PublisherSecurity',
        RequestedPermissions: right === 'edit' ? 2 : 1,
        NamespaceId: NAMESPACE_ID,
      },
    },
  );
}
