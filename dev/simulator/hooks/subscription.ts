/** Somebody, as the service shows them. */
export interface IdentityRef {
  readonly id: string;
  readonly displayName: string;
}

export type SubscriptionStatus =
  | 'enabled'
  | 'onProbation'
  | 'disabledByUser'
  | 'disabledBySystem'
  | 'disabledByInactiveIdentity';

/** What a consumer was sent, and what it answered. */
export interface SentNotification {
  readonly id: number;
  readonly eventId: string;
  readonly at: number;
  result: 'pending' | 'succeeded' | 'failed';
  attempts: number;
  status?: number;
  answer: string;
}

/** A subscription as the service keeps it: with the secrets that it never shows. */
export interface Subscription {
  readonly id: string;
  readonly eventType: string;
  readonly resourceVersion: string;
  publisherInputs: Record<string, string>;
  consumerInputs: Record<string, string>;
  status: SubscriptionStatus;
  readonly createdBy: IdentityRef;
  readonly createdAt: number;
  modifiedBy: IdentityRef;
  modifiedAt: number;
  probationRetries: number;
  readonly notifications: SentNotification[];
}
