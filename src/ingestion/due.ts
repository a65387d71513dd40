import { isRejectedByLimiter } from '../azure/errors';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import type { TakenDue } from '../ledger/due';
import { withoutStatement } from '../ledger/statement';
import type { ServiceDeletions } from '../policy/missing';
import type { KnownRepository } from '../policy/model';
import { planPass, weakestEvidence, type Plan } from '../policy/plan';
import { selectRepositories, unselectedAmong } from '../policy/select';
import { Applier } from './apply';
import type { RefreshContext } from './context';
import { askForDeletions } from './deletions';
import { DescriptorParser } from './descriptor-parser';
import { Halt } from './halt';
import type { OnChanges } from './probe-writer';
import { removeLookedAt } from './removal';
import { startOrganizationReport, type OrganizationReport } from './report';
import { walk } from './walk';

/** How long one look at what is due may take, in milliseconds; what it has not come to is looked at again. */
const PATIENCE_MS = 60_000;
/** How often what a refresh of another replica overtook is looked at at once. */
const MAX_LOOKS = 3;

/** What came of looking at what is due. */
export interface LookOutcome {
  /** What could not be looked at. */
  readonly failed: readonly TakenDue[];
  /** Why, where it is not for the service's own pace. */
  readonly reasons: readonly string[];
}

/** What looking up the repositories gave. */
interface Found extends LookOutcome {
  readonly repositories: readonly Repository[];
  /** Known, and not there for the identity: deleted, or out of its sight. */
  readonly vanished: readonly KnownRepository[];
}

/**
 * Looks at the repositories of one organization that events made due, as a
 * refresh would: each is looked up, selected, probed and decided upon, and what is
 * gone passes the guard. That a repository is not there is evidence only where the
 * service lists it as deleted; everything else is left to the next refresh.
 *
 * @param organizationKey - of the organization
 * @returns what could not be looked at, and why
 * @throws on an abort, or when the database fails
 */
export async function lookAtDue(
  context: RefreshContext,
  organizationKey: string,
  due: readonly TakenDue[],
  signal: AbortSignal,
  /** Gets what was looked at, once it is recorded. */
  onReport?: (report: OrganizationReport) => void,
): Promise<LookOutcome> {
  const failed: TakenDue[] = [];
  const reasons: string[] = [];
  let rest = due;
  for (let attempt = 0; rest.length > 0 && attempt < MAX_LOOKS; attempt++) {
    const look = await lookOnce(
      context,
      organizationKey,
      rest,
      signal,
      onReport,
    );
    failed.push(...look.failed);
    reasons.push(...look.reasons);
    rest = look.overtaken;
  }
  return { failed: [...failed, ...rest], reasons };
}

interface Look extends LookOutcome {
  /** What somebody has written about since the service was asked. */
  readonly overtaken: readonly TakenDue[];
}

async function lookOnce(
  context: RefreshContext,
  organizationKey: string,
  due: readonly TakenDue[],
  signal: AbortSignal,
  onReport?: (report: OrganizationReport) => void,
): Promise<Look> {
  const { settings, ledger, logger, clock } = context;
  const organization = settings.organizations.find(
    ({ key }) => key === organizationKey,
  );
  if (!organization) {
    // Its entities are the refresh's, which takes their removal for what it is.
    return { failed: [], reasons: [], overtaken: [] };
  }
  const patience = new AbortController();
  const timer = setTimeout(
    () => patience.abort(new Error('there was no more time')),
    PATIENCE_MS,
  ).unref();
  try {
    const client = context.clients.forOrganization(organization);
    const halt = new Halt({
      organization,
      clock,
      signal,
      deadline: patience.signal,
    });
    const seenAt = await ledger.currentTicket();
    const { repositories, vanished, failed, reasons } = await lookUp(
      { client, ledger, signal: halt.signal },
      organizationKey,
      due,
    );
    signal.throwIfAborted();
    const { selected, skipped } = selectRepositories({
      settings,
      repositories,
    });
    context.follower?.noteUnselected(organizationKey, unselectedAmong(skipped));
    const known = await ledger.repositoriesIn(
      organizationKey,
      repositories.map(({ id }) => id),
    );
    const removals = ledger.removalsIn(organizationKey);
    const lookedAt = [...repositories, ...vanished].map(({ id }) => id);
    const before = await removals.proposals(lookedAt);
    const doubtful = weakestEvidence(before);
    const parser = new DescriptorParser({
      ...context,
      organization,
      signal: halt.signal,
    });
    const signatureOf = (repository: Repository) =>
      parser.repositorySignature(repository, settings.paths);
    const now = clock.now();
    const planned = planPass({
      selected,
      skipped,
      odd: [],
      known,
      branch: settings.branch,
      signatureOf,
      doubtful,
      hinted: new Set(repositories.map(({ id }) => id)),
      now,
      // Nobody's turn to be verified comes with an event.
      lastPassAt: now,
      verifyEveryMs: Number.POSITIVE_INFINITY,
    });
    const deletions = await deletionsAmong(vanished, {
      ...context,
      organization,
      client,
      signal: halt.signal,
    });
    const plan: Plan = {
      ...planned,
      // A look at single repositories is no list that could lack the others.
      missing: vanished.filter(({ id }) => deletions.repositories.has(id)),
    };
    await removals.takeBack(plan.takenBack, seenAt);
    const applier = new Applier(context.outbox, context.connection, logger);
    const onChanges: OnChanges = changes =>
      context.follower?.noteChanges(changes);
    const report = startOrganizationReport(organization.label);
    const conclusive = await walk({
      ...context,
      organization,
      client,
      parser,
      applier,
      halt,
      plan,
      known,
      seenAt,
      report,
      onChanges,
    });
    onReport?.(report);
    const isAnythingGone = plan.gone.length > 0 || plan.missing.length > 0;
    let overtaken: readonly string[] = [];
    if (isAnythingGone || (await removals.proposals(lookedAt)).length > 0) {
      overtaken = await removeLookedAt(
        { organization, settings, ledger, plan, seenAt, onChanges },
        new Set(lookedAt),
      );
    }
    await applier.applyPending({ wait: true, signal });
    const unknown = plan.probes.flatMap(({ repository: { id } }) =>
      conclusive.has(id) ? [] : [id],
    );
    return {
      failed: [...failed, ...dueAmong(due, unknown)],
      reasons: [...reasons, ...report.problems],
      overtaken: dueAmong(due, overtaken),
    };
  } catch (error) {
    throw withoutStatement(error);
  } finally {
    clearTimeout(timer);
  }
}

/** What is due because of any of these repositories, or of a whole project. */
function dueAmong(
  due: readonly TakenDue[],
  repositories: readonly string[],
): TakenDue[] {
  return repositories.length === 0
    ? []
    : due.filter(
        ({ repositoryId }) =>
          repositoryId === '' || repositories.includes(repositoryId),
      );
}

interface LookUpInput extends Pick<RefreshContext, 'ledger'> {
  readonly client: AzureDevOpsClient;
  readonly signal: AbortSignal;
}

/** Known repositories are looked up one by one; what is new, and whole projects, in the list of the project. */
async function lookUp(
  input: LookUpInput,
  organization: string,
  due: readonly TakenDue[],
): Promise<Found> {
  const { client, ledger, signal } = input;
  const known = await ledger.repositoriesIn(
    organization,
    due.map(({ repositoryId }) => repositoryId),
  );
  const repositories = new Map<string, Repository>();
  const vanished: KnownRepository[] = [];
  const failed: TakenDue[] = [];
  const reasons: string[] = [];
  const attempt = async (
    concerned: readonly TakenDue[],
    ask: () => unknown,
  ) => {
    try {
      await ask();
    } catch (error) {
      failed.push(...concerned);
      if (!isRejectedByLimiter(error) && !signal.aborted) {
        reasons.push(error instanceof Error ? error.message : String(error));
      }
    }
  };
  const byProject = new Map<string, TakenDue[]>();
  const one = due.flatMap(it => {
    const repository = known.get(it.repositoryId);
    if (!repository) {
      byProject.set(it.projectId, [...(byProject.get(it.projectId) ?? []), it]);
      return [];
    }
    return [{ it, repository }];
  });
  await Promise.all([
    ...one.map(({ it, repository }) =>
      attempt([it], async () => {
        const found = await client.getRepository({
          repository: repository.id,
          signal,
        });
        if (found) {
          repositories.set(found.id, found);
        } else {
          vanished.push(repository);
        }
      }),
    ),
    ...[...byProject].map(([project, concerned]) =>
      attempt(concerned, async () => {
        const list = await client.listRepositories({ project, signal });
        const ids = new Set(concerned.map(({ repositoryId }) => repositoryId));
        for (const repository of list.repositories) {
          if (ids.has(repository.id) || ids.has('')) {
            repositories.set(repository.id, repository);
          }
        }
      }),
    ),
  ]);
  return {
    repositories: [...repositories.values()],
    vanished,
    failed,
    reasons,
  };
}

/** What the service lists as deleted. */
async function deletionsAmong(
  vanished: readonly KnownRepository[],
  input: Omit<Parameters<typeof askForDeletions>[0], 'missing' | 'listed'>,
): Promise<ServiceDeletions> {
  const { repositories } = await askForDeletions({
    ...input,
    missing: vanished,
    // The project itself is not in question.
    listed: new Map(vanished.map(({ id, projectId }) => [id, projectId])),
  });
  return { repositories, projects: new Set() };
}
