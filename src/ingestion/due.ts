import { isRejectedByLimiter } from '../azure/errors';
import type { AzureDevOpsClient, Repository } from '../azure/types';
import type { TakenDue } from '../ledger/due';
import { withoutStatement } from '../ledger/statement';
import type { Organization } from '../organization';
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
import { messageOf } from '../thrown';

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

interface DueInput extends RefreshContext {
  readonly organization: Organization;
  readonly client: AzureDevOpsClient;
  readonly signal: AbortSignal;
  /** Gets what was looked at, once it is recorded. */
  readonly onReport?: (report: OrganizationReport) => void;
}

/**
 * Looks at the repositories of one organization that events made due, as a
 * refresh would: each is looked up, selected, probed and decided upon, and what is
 * gone passes the guard. That a repository is not there is evidence only where the
 * service lists it as deleted; everything else is left to the next refresh.
 *
 * @returns what could not be looked at, and why
 * @throws on an abort, or when the database fails
 */
export async function lookAtDue(
  context: RefreshContext,
  organizationKey: string,
  due: readonly TakenDue[],
  signal: AbortSignal,
  onReport?: DueInput['onReport'],
): Promise<LookOutcome> {
  const organization = context.settings.organizations.find(
    ({ key }) => key === organizationKey,
  );
  if (!organization) {
    // Its entities are the refresh's, which takes their removal for what it is.
    return { failed: [], reasons: [] };
  }
  const client = context.clients.forOrganization(organization);
  const input = { ...context, organization, client, signal, onReport };
  const failed: TakenDue[] = [];
  const reasons: string[] = [];
  let rest = due;
  for (let attempt = 0; rest.length > 0 && attempt < MAX_LOOKS; attempt++) {
    const look = await lookWithPatience(input, rest);
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

async function lookWithPatience(
  input: DueInput,
  due: readonly TakenDue[],
): Promise<Look> {
  const patience = new AbortController();
  const timer = setTimeout(
    () => patience.abort(new Error('there was no more time')),
    PATIENCE_MS,
  ).unref();
  try {
    return await lookOnce(
      input,
      new Halt({ ...input, deadline: patience.signal }),
      due,
    );
  } catch (error) {
    throw withoutStatement(error);
  } finally {
    clearTimeout(timer);
  }
}

async function lookOnce(
  input: DueInput,
  halt: Halt,
  due: readonly TakenDue[],
): Promise<Look> {
  const { organization, ledger, signal } = input;
  const seenAt = await ledger.currentTicket();
  const found = await lookUp({ ...input, signal: halt.signal }, due);
  signal.throwIfAborted();
  const parser = new DescriptorParser({ ...input, signal: halt.signal });
  const { plan, known } = await planLook(input, halt, parser, found);
  const removals = ledger.removalsIn(organization.key);
  await removals.takeBack(plan.takenBack, seenAt);

  const applier = new Applier(input.outbox, input.connection, input.logger);
  const report = startOrganizationReport(organization.label);
  const onChanges: OnChanges = changes => input.follower?.noteChanges(changes);
  const conclusive = await walk({
    ...input,
    parser,
    applier,
    halt,
    plan,
    known,
    seenAt,
    report,
    onChanges,
  });
  input.onReport?.(report);

  const lookedAt = idsOf(found);
  const isAnythingGone = plan.gone.length > 0 || plan.missing.length > 0;
  let overtaken: readonly string[] = [];
  if (isAnythingGone || (await removals.proposals(lookedAt)).length > 0) {
    overtaken = await removeLookedAt(
      { ...input, plan, seenAt, onChanges },
      new Set(lookedAt),
    );
  }
  await applier.applyPending({ wait: true, signal });
  const unknown = plan.probes
    .map(({ repository }) => repository.id)
    .filter(id => !conclusive.has(id));
  return {
    failed: [...found.failed, ...dueAmong(due, unknown)],
    reasons: [...found.reasons, ...report.problems],
    overtaken: dueAmong(due, overtaken),
  };
}

/** What is to be probed of the repositories that were found, and what is gone. */
async function planLook(
  input: DueInput,
  halt: Halt,
  parser: DescriptorParser,
  found: Found,
): Promise<{ plan: Plan; known: ReadonlyMap<string, KnownRepository> }> {
  const { organization, settings, ledger, clock, follower } = input;
  const { repositories, vanished } = found;
  const selection = selectRepositories({ settings, repositories });
  follower?.noteUnselected(
    organization.key,
    unselectedAmong(selection.skipped),
  );
  const ids = repositories.map(({ id }) => id);
  const known = await ledger.repositoriesIn(organization.key, ids);
  const proposals = await ledger
    .removalsIn(organization.key)
    .proposals(idsOf(found));
  const now = clock.now();
  const plan = planPass({
    ...selection,
    odd: [],
    known,
    branch: settings.branch,
    signatureOf: it => parser.repositorySignature(it, settings.paths),
    doubtful: weakestEvidence(proposals),
    hinted: new Set(ids),
    now,
    // Nobody's turn to be verified comes with an event.
    lastPassAt: now,
    verifyEveryMs: Number.POSITIVE_INFINITY,
  });
  const { repositories: deleted } = await askForDeletions({
    ...input,
    signal: halt.signal,
    missing: vanished,
    // Whether the project itself is deleted is not in question.
    listed: new Map(vanished.map(({ id, projectId }) => [id, projectId])),
  });
  // A look at single repositories is no list that could lack the others.
  const missing = vanished.filter(({ id }) => deleted.has(id));
  return { plan: { ...plan, missing }, known };
}

function idsOf({ repositories, vanished }: Found): string[] {
  return [...repositories, ...vanished].map(({ id }) => id);
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

/** Known repositories are looked up one by one; what is new, and whole projects, in the list of the project. */
async function lookUp(
  { organization, client, ledger, signal }: DueInput,
  due: readonly TakenDue[],
): Promise<Found> {
  const known = await ledger.repositoriesIn(
    organization.key,
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
        reasons.push(messageOf(error));
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
