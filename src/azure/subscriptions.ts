import { quote } from '../quotation';
import { fieldsOf, guidAt, MalformedError, parseList, textAt } from './parse';
import { apiBaseUrl, targetOf } from './target';
import type { Call, OutgoingRequest, Transport } from './transport';
import type { RequestOptions } from './types';

const MEBIBYTE = 1_048_576;
const LIMIT = 16 * MEBIBYTE;
/** Server 2019 knows no later version. */
const API_VERSION = '5.0';
/** Of how many projects the subscriptions are asked for at a time. */
const PROJECTS_A_QUERY = 50;
const STATUSES = [
  'enabled',
  'onProbation',
  'disabledByUser',
  'disabledBySystem',
  'disabledByInactiveIdentity',
] as const;
/** What narrows a subscription down, beside its project. */
const NARROWING = ['repository', 'branch', 'pushedBy'];

/** A subscription to service hooks as Azure DevOps lists it. Source: `Subscription` in specification/hooks/7.1. */
export interface Subscription {
  readonly id: string;
  readonly status: SubscriptionStatus;
  readonly eventType: string;
  /** Empty for a subscription to all projects. */
  readonly projectId: string;
  /** Narrows it down to a repository, a branch, or somebody's pushes; those that are set. */
  readonly narrowedBy: readonly string[];
  readonly url: string;
  readonly username: string;
  /** How much of the event is sent: `all`, `minimal` or `none`. */
  readonly resourceDetails: string;
  /** When it was made, in milliseconds since 1970. */
  readonly createdAt: number;
  /** Who changed it last, as the service shows them; empty where it does not. */
  readonly changedBy: string;
}

export type SubscriptionStatus = (typeof STATUSES)[number];

/** A subscription to be made. */
export interface NewSubscription {
  readonly eventType: string;
  readonly projectId: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The subscriptions to service hooks of one organization, for which
 * azure-devops-node-api has no client. The one part that changes something at
 * Azure DevOps; only the command line uses it.
 *
 * Source: specification/hooks/7.1
 */
export class SubscriptionsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Those of some projects, for one kind of event. Never all of an
   * organization's: that request times out where there are many.
   */
  async list(
    eventType: string,
    projectIds: readonly string[],
    { signal }: RequestOptions = {},
  ): Promise<Subscription[]> {
    const found: Subscription[] = [];
    for (let i = 0; i < projectIds.length; i += PROJECTS_A_QUERY) {
      const page = await this.#send(
        'subscriptionsquery',
        {
          method: 'POST',
          body: {
            publisherId: 'tfs',
            eventType,
            consumerId: 'webHooks',
            consumerActionId: 'httpRequest',
            publisherInputFilters: projectIds
              .slice(i, i + PROJECTS_A_QUERY)
              .map(projectId => ({
                conditions: [
                  {
                    inputId: 'projectId',
                    inputValue: projectId,
                    operator: 'equals',
                    caseSensitive: false,
                  },
                ],
              })),
          },
        },
        {
          operation: `list the subscriptions to ${eventType}`,
          signal,
          parse: parseQuery,
        },
      );
      found.push(...page);
    }
    return found;
  }

  /** Not repeated when it fails: it may have been made all the same. */
  async create(
    { eventType, projectId, url, username, password }: NewSubscription,
    { signal }: RequestOptions = {},
  ): Promise<string> {
    return await this.#send(
      'subscriptions',
      {
        method: 'POST',
        body: {
          publisherId: 'tfs',
          eventType,
          resourceVersion: eventType === 'git.push' ? '1.0' : '1.0-preview.1',
          consumerId: 'webHooks',
          consumerActionId: 'httpRequest',
          publisherInputs: { projectId },
          consumerInputs: {
            url,
            basicAuthUsername: username,
            basicAuthPassword: password,
            resourceDetailsToSend: 'all',
            messagesToSend: 'none',
            detailedMessagesToSend: 'none',
          },
        },
      },
      {
        operation: `make a subscription to ${eventType}`,
        signal,
        changesSomething: true,
        parse: json => guidAt(json, 'id'),
      },
    );
  }

  async delete(id: string, { signal }: RequestOptions = {}): Promise<void> {
    await this.#send(
      `subscriptions/${id}`,
      { method: 'DELETE' },
      {
        operation: `delete subscription ${id}`,
        signal,
        changesSomething: true,
        expects: 'nothing',
        parse: () => undefined,
      },
    );
  }

  /** What came of the last notification; `undefined` when there was none. */
  async lastFailure(
    id: string,
    { signal }: RequestOptions = {},
  ): Promise<string | undefined> {
    return await this.#send(
      `subscriptions/${id}/notifications`,
      { method: 'GET', query: '&result=failed&maxResults=1' },
      {
        operation: `read the deliveries of subscription ${id}`,
        signal,
        parse: json => parseList(json, parseFailure).find(Boolean),
      },
    );
  }

  async #send<T>(
    path: string,
    {
      method,
      query = '',
      body,
    }: {
      readonly method: OutgoingRequest['method'];
      readonly query?: string;
      readonly body?: unknown;
    },
    call: Pick<Call<T>, 'operation' | 'signal' | 'parse'> & Partial<Call<T>>,
  ): Promise<T> {
    const { organization } = this.#transport;
    const base = `${apiBaseUrl(organization)}/_apis/hooks`;
    return await this.#transport.send(
      {
        method,
        target: targetOf(`${base}/${path}?api-version=${API_VERSION}${query}`),
        accept: 'application/json',
        body: body === undefined ? undefined : JSON.stringify(body),
      },
      {
        expects: 'json',
        maxBytes: LIMIT,
        compress: true,
        priority: 'interactive',
        ...call,
      },
    );
  }
}

function parseQuery(json: unknown): Subscription[] {
  const { results } = fieldsOf(json);
  if (!Array.isArray(results)) {
    throw new MalformedError('something without results');
  }
  return (results as unknown[]).map(parseSubscription);
}

function parseSubscription(json: unknown): Subscription {
  const { publisherInputs, consumerInputs, status, createdDate } =
    fieldsOf(json);
  const publisher = fieldsOf(publisherInputs);
  const consumer = fieldsOf(consumerInputs);
  const { displayName, id: changedBy } = fieldsOf(fieldsOf(json).modifiedBy);
  const known = STATUSES.find(each => each === status);
  if (!known) {
    throw new MalformedError('a subscription of an unknown status');
  }
  return {
    id: guidAt(json, 'id'),
    status: known,
    eventType: textAt(json, 'eventType'),
    projectId: text(publisher.projectId),
    narrowedBy: NARROWING.filter(name => text(publisher[name]) !== ''),
    url: text(consumer.url),
    username: text(consumer.basicAuthUsername),
    resourceDetails: text(consumer.resourceDetailsToSend) || 'all',
    createdAt: Date.parse(text(createdDate)) || 0,
    changedBy: text(displayName) || text(changedBy),
  };
}

function parseFailure(json: unknown): string | undefined {
  const details = fieldsOf(fieldsOf(json).details);
  return quote(text(details.errorMessage) || text(details.response));
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
