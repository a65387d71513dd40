import { randomUUID } from 'node:crypto';
import { json, jsonList, timestamp } from '../azure-devops/answers';
import { serviceError } from '../errors';
import type { SimulatedResponse } from '../http';
import type { Identity } from '../model';
import type { Call, EndpointRoute } from '../seams';
import { resourceVersionOf } from './events';
import type {
  IdentityRef,
  Subscription,
  SubscriptionStatus,
} from './subscription';

/** The subscriptions of all organizations. */
export interface SubscriptionStore {
  of(organization: { readonly id: string }): Map<string, Subscription>;
  now(): number;
}

/** Secrets are shown so. */
const MASKED = '********';
const SECRETS = ['basicAuthPassword'];

/**
 * The interface for subscriptions, as far as the consumer `webHooks` goes.
 *
 * Source: specification/hooks/7.1
 */
export function subscriptionRoutes(store: SubscriptionStore): EndpointRoute[] {
  const common = { project: 'none', scope: 'vso.code' } as const;
  const one = 'hooks/subscriptions/{subscriptionId}';
  return [
    {
      ...common,
      endpoint: 'hooks',
      method: 'GET',
      template: 'hooks/subscriptions',
      handle: call => list(call, store),
    },
    {
      ...common,
      endpoint: 'hooks',
      method: 'POST',
      template: 'hooks/subscriptions',
      handle: call => create(call, store),
    },
    {
      ...common,
      endpoint: 'hooks',
      method: 'GET',
      template: one,
      handle: call => withOne(call, store, it => json(call, shapeOf(call, it))),
    },
    {
      ...common,
      endpoint: 'hooks',
      method: 'PUT',
      template: one,
      handle: call => withOne(call, store, it => replace(call, it)),
    },
    {
      ...common,
      endpoint: 'hooks',
      method: 'DELETE',
      template: one,
      handle: call =>
        withOne(call, store, it => {
          if (!mayEdit(call)) {
            return denied(call);
          }
          store.of(call.organization).delete(it.id);
          return { status: 204 };
        }),
    },
    {
      ...common,
      endpoint: 'hooks',
      method: 'GET',
      template: `${one}/notifications`,
      handle: call =>
        withOne(call, store, it =>
          jsonList(
            call,
            [...it.notifications].reverse().map(sent => ({
              id: sent.id,
              subscriptionId: it.id,
              eventId: sent.eventId,
              status: sent.result === 'pending' ? 'processing' : 'completed',
              result: sent.result,
              createdDate: timestamp(sent.at),
              details: {
                requestAttempts: sent.attempts,
                response: sent.status ? `Status Code: ${sent.status}` : '',
                errorMessage: sent.result === 'failed' ? sent.answer : null,
              },
            })),
          ),
        ),
    },
    {
      ...common,
      endpoint: 'hooks',
      method: 'POST',
      template: 'hooks/subscriptionsquery',
      handle: call => query(call, store),
    },
  ];
}

function list(call: Call, store: SubscriptionStore): SimulatedResponse {
  if (!mayView(call)) {
    return denied(call);
  }
  const eventType = call.query('eventType');
  const found = [...store.of(call.organization).values()].filter(
    it => eventType === undefined || it.eventType === eventType,
  );
  return jsonList(
    call,
    found.map(it => shapeOf(call, it)),
  );
}

interface InputCondition {
  readonly inputId: string;
  readonly operator?: 'equals' | 'notEquals';
  readonly inputValue?: string;
}

function query(call: Call, store: SubscriptionStore): SimulatedResponse {
  if (!mayView(call)) {
    return denied(call);
  }
  const asked = bodyOf(call);
  const filters = asked['publisherInputFilters'] as
    Array<{ conditions?: InputCondition[] }> | undefined;
  const found = [...store.of(call.organization).values()].filter(
    it =>
      (asked['eventType'] ? asked['eventType'] === it.eventType : true) &&
      // Any of the filters, all of its conditions.
      (!filters ||
        filters.length === 0 ||
        filters.some(({ conditions = [] }) =>
          conditions.every(
            ({ inputId, inputValue = '', operator = 'equals' }) =>
              ((it.publisherInputs[inputId] ?? '').toLowerCase() ===
                inputValue.toLowerCase()) ===
              (operator === 'equals'),
          ),
        )),
  );
  return json(call, {
    ...asked,
    results: found.map(it => shapeOf(call, it)),
  });
}

function create(call: Call, store: SubscriptionStore): SimulatedResponse {
  if (!mayEdit(call)) {
    return denied(call);
  }
  const asked = bodyOf(call);
  const inputs = inputsOf(asked);
  const mistake = mistakeIn(call, asked, inputs);
  if (mistake) {
    return serviceError(400, 'SubscriptionInputException', mistake);
  }
  const eventType = String(asked['eventType']);
  const by = refOf(call.identity);
  const created: Subscription = {
    id: randomUUID(),
    eventType,
    resourceVersion: String(
      asked['resourceVersion'] ?? resourceVersionOf(eventType),
    ),
    publisherInputs: {
      ...inputs.publisher,
      // The service's own.
      tfsSubscriptionId: randomUUID(),
    },
    consumerInputs: inputs.consumer,
    status: 'enabled',
    createdBy: by,
    createdAt: store.now(),
    modifiedBy: by,
    modifiedAt: store.now(),
    probationRetries: 0,
    notifications: [],
  };
  store.of(call.organization).set(created.id, created);
  return json(call, shapeOf(call, created));
}

function replace(call: Call, it: Subscription): SimulatedResponse {
  if (!mayEdit(call)) {
    return denied(call);
  }
  const asked = bodyOf(call);
  const status = asked['status'] as SubscriptionStatus | undefined;
  // What the system disabled stays disabled, whatever it is told.
  if (status && !['disabledBySystem'].includes(it.status)) {
    it.status = status;
  }
  const inputs = inputsOf(asked);
  it.publisherInputs = { ...it.publisherInputs, ...inputs.publisher };
  it.consumerInputs = { ...it.consumerInputs, ...inputs.consumer };
  it.modifiedBy = refOf(call.identity);
  return json(call, shapeOf(call, it));
}

function withOne(
  call: Call,
  store: SubscriptionStore,
  answer: (it: Subscription) => SimulatedResponse,
): SimulatedResponse {
  const id = (call.parameters['subscriptionId'] ?? '').toLowerCase();
  const found = store.of(call.organization).get(id);
  if (!mayView(call)) {
    return denied(call);
  }
  return found
    ? answer(found)
    : serviceError(
        404,
        'SubscriptionNotFoundException',
        `Subscription ${id} could not be found.`,
      );
}

function shapeOf({ baseUrl }: Call, it: Subscription) {
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
    probationRetries: it.probationRetries,
    createdBy: it.createdBy,
    createdDate: timestamp(it.createdAt),
    modifiedBy: it.modifiedBy,
    modifiedDate: timestamp(it.modifiedAt),
    publisherInputs: it.publisherInputs,
    consumerInputs: Object.fromEntries(
      Object.entries(it.consumerInputs).map(([name, value]) => [
        name,
        SECRETS.includes(name) && value !== '' ? MASKED : value,
      ]),
    ),
  };
}

function mistakeIn(
  { organization }: Call,
  asked: Record<string, unknown>,
  inputs: ReturnType<typeof inputsOf>,
): string | undefined {
  if (asked['publisherId'] !== 'tfs' || asked['consumerId'] !== 'webHooks') {
    return 'The simulator knows the publisher tfs and the consumer webHooks.';
  }
  const url = inputs.consumer['url'] ?? '';
  if (!URL.canParse(url)) {
    return `The value of the input url is not a valid URI: ${url}`;
  }
  const { hostname, protocol } = new URL(url);
  if (/^(localhost|127\.|\[::1\]|10\.|192\.168\.)/.test(hostname)) {
    return `The URL ${url} is not allowed: it is local or in a special range.`;
  }
  if (inputs.consumer['basicAuthPassword'] && protocol !== 'https:') {
    return 'Basic authentication requires HTTPS.';
  }
  const projectId = inputs.publisher['projectId'];
  return projectId && !organization.findProject(projectId)
    ? `The project ${projectId} does not exist.`
    : undefined;
}

function inputsOf(asked: Record<string, unknown>) {
  const texts = (value: unknown) =>
    Object.fromEntries(
      Object.entries((value ?? {}) as Record<string, unknown>).map(
        ([name, each]) => [name, String(each)],
      ),
    );
  return {
    publisher: texts(asked['publisherInputs']),
    consumer: texts(asked['consumerInputs']),
  };
}

function bodyOf({ request }: Call): Record<string, unknown> {
  return JSON.parse(request.body.toString() || '{}') as Record<string, unknown>;
}

function refOf({ id, displayName }: Identity): IdentityRef {
  return { id, displayName };
}

function mayView({ organization, identity }: Call): boolean {
  return organization.mayWithSubscriptions(identity, 'view');
}

function mayEdit({ organization, identity }: Call): boolean {
  return organization.mayWithSubscriptions(identity, 'edit');
}

function denied({ identity }: Call): SimulatedResponse {
  return serviceError(
    403,
    'AccessCheckException',
    `Access denied. ${identity.displayName} needs the following permission(s) to perform this action: Edit subscriptions`,
  );
}
