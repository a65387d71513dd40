import type { Subscription } from '../azure/subscriptions';

/** What every subscription is to be. */
interface WantedSubscriptions {
  /** Where events are to be sent, with the mark by which ours are known. */
  readonly url: string;
  readonly username: string;
  readonly events: readonly string[];
}

type SubscriptionState =
  | 'right'
  | 'missing'
  | 'wrong'
  | 'duplicate'
  | 'on probation'
  | 'disabled by Azure DevOps'
  | 'disabled by a user'
  | 'made by hand';

/** What is to become of one kind of event of one project. */
export interface PlannedSubscription {
  readonly projectId: string;
  readonly event: string;
  readonly state: SubscriptionState;
  /** What is different from what it should be, or who disabled it, for people. */
  readonly detail?: string;
  /** Whether a new one is to be made, before any is deleted. */
  readonly create: boolean;
  /** The ids of those of ours that are to be deleted. */
  readonly remove: readonly string[];
}

/**
 * What is missing, wrong or in the way, project by project. Pure.
 *
 * Only subscriptions that bear our mark are ever changed. One that a user
 * disabled is left so; one that Azure DevOps disabled cannot be enabled again, so
 * a new one takes its place.
 */
export function planSubscriptions({
  projects,
  wanted,
  existing,
}: {
  /** Ids. */
  readonly projects: readonly string[];
  readonly wanted: WantedSubscriptions;
  readonly existing: readonly Subscription[];
}): PlannedSubscription[] {
  const address = addressOf(wanted.url);
  const toUs = existing.filter(({ url }) => addressOf(url) === address);
  return projects.flatMap(projectId =>
    wanted.events.map(event => {
      const candidates = toUs
        .filter(
          it =>
            it.eventType === event &&
            it.projectId.toLowerCase() === projectId.toLowerCase(),
        )
        .sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
      return { projectId, event, ...planOne(candidates, wanted) };
    }),
  );
}

type Verdict = Omit<PlannedSubscription, 'projectId' | 'event'>;

function planOne(
  candidates: readonly Subscription[],
  wanted: WantedSubscriptions,
): Verdict {
  const mark = markOf(wanted.url);
  const ours = candidates.filter(({ url }) => markOf(url)?.name === mark?.name);
  const byHand = candidates.find(
    it =>
      !ours.includes(it) &&
      it.status === 'enabled' &&
      it.narrowedBy.length === 0,
  );
  const stopped = ours.find(({ status }) => status === 'disabledByUser');
  if (stopped) {
    return {
      state: 'disabled by a user',
      detail: `${stopped.changedBy ? `by ${stopped.changedBy}; ` : ''}if it is wanted, enable it under Project settings > Service hooks`,
      create: false,
      remove: [],
    };
  }
  const sound = ours.filter(
    it => isAlive(it) && differences(it, wanted).length === 0,
  );
  const [kept] = [
    ...sound.filter(({ status }) => status === 'enabled'),
    ...sound,
  ];
  const remove = ours.filter(it => it !== kept).map(({ id }) => id);
  if (kept) {
    return {
      state:
        kept.status === 'onProbation'
          ? 'on probation'
          : remove.length > 0
            ? 'duplicate'
            : 'right',
      create: false,
      remove,
    };
  }
  if (byHand && ours.length === 0) {
    return {
      state: 'made by hand',
      detail: byHand.changedBy ? `by ${byHand.changedBy}` : undefined,
      create: false,
      remove: [],
    };
  }
  const [first] = ours;
  if (!first) {
    return { state: 'missing', create: true, remove: [] };
  }
  return isAlive(first)
    ? {
        state: 'wrong',
        detail: differences(first, wanted).join('; '),
        create: true,
        remove,
      }
    : {
        state: 'disabled by Azure DevOps',
        detail:
          first.status === 'disabledByInactiveIdentity'
            ? 'whoever made it has lost access'
            : 'deliveries failed',
        create: true,
        remove,
      };
}

function isAlive({ status }: Subscription): boolean {
  return status === 'enabled' || status === 'onProbation';
}

/** What is otherwise than it should be, for people. */
function differences(it: Subscription, wanted: WantedSubscriptions): string[] {
  return [
    ...(markOf(it.url)?.key === markOf(wanted.url)?.key
      ? []
      : ['it has another password']),
    ...(it.username === wanted.username ? [] : ['it has another user name']),
    ...(it.resourceDetails === 'all'
      ? []
      : [`it sends ${it.resourceDetails} details instead of all`]),
    ...(it.narrowedBy.length === 0
      ? []
      : [`it is limited to one ${it.narrowedBy.join(' and one ')}`]),
  ];
}

const MARK = 'by';

/** The address with the mark by which our subscriptions are known. @param key - changes with the password, and does not give it away */
export function markedUrl(url: string, name: string, key: string): string {
  const marked = new URL(url);
  marked.searchParams.set(MARK, `${name}.${key}`);
  return marked.href;
}

function markOf(url: string): { name: string; key: string } | undefined {
  const mark = URL.canParse(url)
    ? new URL(url).searchParams.get(MARK)
    : undefined;
  const [name, key] = mark?.split('.', 2) ?? [];
  return name && key ? { name, key } : undefined;
}

/** An address without its query, to compare. */
function addressOf(url: string): string {
  if (!URL.canParse(url)) {
    return url;
  }
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
