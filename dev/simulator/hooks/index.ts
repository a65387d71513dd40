import { randomUUID } from 'node:crypto';
import { Agent } from 'undici';
import type { HookEvent } from '../model';
import type { EndpointRoute } from '../seams';
import { subscriptionRoutes, type SubscriptionStore } from './api';
import {
  post,
  PROBATION_RETRIES,
  TRANSIENT_RETRIES,
  resultOf,
} from './delivery';
import { bodyOf, resourceVersionOf } from './events';
import type {
  NewSubscription,
  SentNotification,
  Subscription,
} from './subscription';

export type { Subscription } from './subscription';

/** How deliveries fare on their way. */
interface DeliveryOptions {
  /** How often a notification is sent: 0 loses it, 2 sends it twice. Default: 1. */
  readonly copies?: () => number;
  /** Milliseconds of real time that stand for a second of the pauses between retries. Default: 1,000. */
  readonly msPerSecond?: number;
}

/** Service hooks: subscriptions, and what is delivered to them. Source: behaviour.md, section 6. */
export class ServiceHooks implements SubscriptionStore {
  readonly #subscriptions = new Map<string, Map<string, Subscription>>();
  /** Where addresses lead, by origin: the names of a test's own consumers. */
  readonly #routes = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  #options: DeliveryOptions = {};

  readonly #now: () => number;
  readonly #agent = new Agent();

  /** @param now - milliseconds since 1970 on the simulator's clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  of({ id }: { readonly id: string }): Map<string, Subscription> {
    const known =
      this.#subscriptions.get(id) ?? new Map<string, Subscription>();
    this.#subscriptions.set(id, known);
    return known;
  }

  routes(): EndpointRoute[] {
    return subscriptionRoutes(this);
  }

  /** Makes a subscription, as somebody may who is allowed to. */
  subscribe(
    organization: { readonly id: string },
    options: NewSubscription,
  ): Subscription {
    const made: Subscription = {
      ...options,
      id: randomUUID(),
      resourceVersion:
        options.resourceVersion ?? resourceVersionOf(options.eventType),
      publisherInputs: {
        ...options.publisherInputs,
        // The service's own.
        tfsSubscriptionId: randomUUID(),
      },
      status: 'enabled',
      createdBy: options.createdBy ?? {
        id: randomUUID(),
        displayName: 'Somebody',
      },
      createdAt: this.#now(),
      notifications: [],
    };
    this.of(organization).set(made.id, made);
    return made;
  }

  configure(options: DeliveryOptions): void {
    this.#options = options;
  }

  /** Lets an origin such as `https://backstage.contoso.example` lead to a consumer on loopback. */
  resolve(origin: string, to: string): void {
    this.#routes.set(origin, to);
  }

  /** Something happened to a repository. */
  emit(event: HookEvent): void {
    for (const subscription of this.of(event.organization).values()) {
      if (concerns(subscription, event)) {
        this.#send(subscription, event);
      }
    }
  }

  /** Waits until nothing is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay);
    }
  }

  async close(): Promise<void> {
    this.#timers.forEach(timer => clearTimeout(timer));
    await this.#agent.destroy();
  }

  #send(subscription: Subscription, event: HookEvent): void {
    // What comes while a subscription is on probation is lost.
    if (subscription.status !== 'enabled') {
      return;
    }
    const sent: SentNotification = {
      id: subscription.notifications.length + 1,
      // Retries of its delivery bear the same.
      eventId: randomUUID(),
      at: this.#now(),
      result: 'pending',
      attempts: 0,
      answer: '',
    };
    subscription.notifications.push(sent);
    const { copies = () => 1 } = this.#options;
    for (let copy = copies(); copy > 0; copy--) {
      this.#track(this.#deliver(subscription, event, sent));
    }
  }

  async #deliver(
    subscription: Subscription,
    event: HookEvent,
    sent: SentNotification,
  ): Promise<void> {
    const { msPerSecond = 1_000 } = this.#options;
    for (const seconds of [...TRANSIENT_RETRIES, undefined]) {
      const result = await this.#attempt(subscription, event, sent);
      if (result === 'succeeded') {
        sent.result = 'succeeded';
        return;
      }
      sent.result = 'failed';
      if (result === 'terminal') {
        subscription.status = 'disabledBySystem';
        return;
      }
      if (result === 'enduring' || seconds === undefined) {
        await this.#probation(subscription, event, sent);
        return;
      }
      await this.#pause(seconds * msPerSecond);
    }
  }

  async #probation(
    subscription: Subscription,
    event: HookEvent,
    sent: SentNotification,
  ): Promise<void> {
    if (subscription.status !== 'enabled') {
      return;
    }
    subscription.status = 'onProbation';
    for (const minutes of PROBATION_RETRIES) {
      await this.#pause(minutes * 60 * (this.#options.msPerSecond ?? 1_000));
      if ((await this.#attempt(subscription, event, sent)) === 'succeeded') {
        sent.result = 'succeeded';
        subscription.status = 'enabled';
        return;
      }
    }
    subscription.status = 'disabledBySystem';
  }

  async #attempt(
    subscription: Subscription,
    event: HookEvent,
    sent: SentNotification,
  ): Promise<ReturnType<typeof resultOf>> {
    const inputs = subscription.consumerInputs;
    sent.attempts += 1;
    const body = JSON.stringify(
      bodyOf(event, {
        subscriptionId: subscription.id,
        notificationId: sent.id,
        eventId: sent.eventId,
        inputs,
      }),
    );
    const { status, body: answer } = await post(
      this.#resolved(inputs['url'] ?? ''),
      headersOf(inputs),
      body,
      this.#agent,
    );
    sent.status = status;
    sent.answer = answer;
    return resultOf(status);
  }

  #resolved(text: string): URL {
    const url = new URL(text);
    const to = this.#routes.get(url.origin);
    return to ? new URL(`${url.pathname}${url.search}`, to) : url;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) {
      return;
    }
    await new Promise<void>(resolve => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      timer.unref();
      this.#timers.add(timer);
    });
  }
}

function concerns(
  { eventType, publisherInputs }: Subscription,
  event: HookEvent,
): boolean {
  const { projectId, repository, branch } = publisherInputs;
  return (
    eventType === event.eventType &&
    (!projectId || projectId.toLowerCase() === event.project.id) &&
    (!repository || repository.toLowerCase() === event.repository.id) &&
    (!branch ||
      (event.eventType === 'git.push' && event.ref === `refs/heads/${branch}`))
  );
}

function headersOf(
  inputs: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of (inputs['httpHeaders'] ?? '').split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) {
      headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
    }
  }
  const { basicAuthUsername, basicAuthPassword } = inputs;
  if (basicAuthUsername || basicAuthPassword) {
    headers['Authorization'] =
      `Basic ${Buffer.from(`${basicAuthUsername ?? ''}:${basicAuthPassword ?? ''}`).toString('base64')}`;
  }
  return headers;
}
