/** Somebody, as the service shows them. */
interface IdentityRef {
  readonly id: string;
  readonly displayName: string;
}

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
  readonly publisherInputs: Readonly<Record<string, string>>;
  readonly consumerInputs: Record<string, string>;
  status:
    | 'enabled'
    | 'onProbation'
    | 'disabledByUser'
    | 'disabledBySystem'
    | 'disabledByInactiveIdentity';
  readonly createdBy: IdentityRef;
  readonly createdAt: number;
  readonly notifications: SentNotification[];
}

/** A subscription that somebody asks for. */
export interface NewSubscription {
  readonly eventType: string;
  /** Default: the one that the service documents for the kind of event. */
  readonly resourceVersion?: string;
  readonly publisherInputs: Readonly<Record<string, string>>;
  readonly consumerInputs: Record<string, string>;
  /** Default: somebody. */
  readonly createdBy?: IdentityRef;
}
