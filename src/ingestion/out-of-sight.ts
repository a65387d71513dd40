import { counted } from '../counted';
import type { ProviderSettings } from '../config/settings';
import { diagnose } from '../credentials/problems/diagnosis';
import type { Ledger } from '../ledger/ledger';
import type { LedgerRemovals } from '../ledger/removals';
import type { Organization } from '../organization';
import {
  guard,
  howToApprove,
  NOTHING_UNAPPROVED,
  type HeldBack,
} from '../policy/guard';
import type { OutOfSight } from '../policy/missing';
import type { RemovalGrade } from '../policy/model';

/** How many projects that are out of sight a report spells out. */
const MAX_OUT_OF_SIGHT = 20;

interface OutOfSightInput {
  readonly organization: Organization;
  readonly settings: Pick<ProviderSettings, 'id' | 'removals'>;
  readonly ledger: Ledger;
  /** Repositories of which something was marked for removal before the pass, with the grade. */
  readonly doubtful: ReadonlyMap<string, RemovalGrade>;
  /** The ledger's ticket as of before the list was asked for. */
  readonly seenAt: number;
}

/** Nothing of what is out of sight goes, except on the operator's approval of that very set. */
export async function keepOutOfSight(
  { ledger, settings, organization, doubtful, seenAt }: OutOfSightInput,
  removals: LedgerRemovals,
  outOfSight: readonly OutOfSight[],
): Promise<{ released: number; heldBack: HeldBack[]; problems: string[] }> {
  let released = 0;
  const heldBack: HeldBack[] = [];
  const problems: string[] = [];
  for (const { project, repositories } of outOfSight) {
    const ids = repositories.map(({ id }) => id);
    // No row of lists that lack them goes on: what was inferred from one is void.
    await removals.takeBack(
      repositories
        .filter(
          ({ id, missed }) => missed > 0 || doubtful.get(id) === 'inferred',
        )
        .map(({ id }) => id),
      seenAt,
    );
    const entities = await removals.givenBy(ids);
    const reason = 'nothing of its project is in the list';
    const verdict = guard(
      entities.map(entityRef => ({ entityRef, grade: 'inferred', reason })),
      entities.length,
      {
        ...settings.removals,
        ...NOTHING_UNAPPROVED,
        ...(await ledger.heldBack.approvals()),
      },
    );
    if (verdict.released.length > 0) {
      await ledger.heldBack.noteUsed(verdict.used);
      await removals.markForRemoval(ids, { grade: 'inferred', reason }, seenAt);
      await removals.deleteApproved(await removals.proposals(ids));
    }
    released += verdict.released.length;
    heldBack.push(...verdict.heldBack);
    for (const { code } of verdict.heldBack) {
      problems.push(
        describeOutOfSight({
          organization,
          providerId: settings.id,
          project: project?.name,
          repositories: ids.length,
          entities: entities.length,
          code,
        }),
      );
    }
  }
  const further = problems.splice(MAX_OUT_OF_SIGHT).length;
  if (further > 0) {
    problems.push(
      `${organization.label}: nothing of ${counted(further, 'further project')} is in the list; what they gave stays in the catalog`,
    );
  }
  return { released, heldBack, problems };
}

/** The operator's warning of a project, or an organization, of which nothing is in the list. */
function describeOutOfSight(facts: {
  readonly organization: Organization;
  readonly providerId: string;
  /** Absent: the whole organization. */
  readonly project: string | undefined;
  readonly repositories: number;
  readonly entities: number;
  readonly code: string;
}): string {
  const { organization, providerId, project, repositories, entities } = facts;
  const { cause, cure, docs } = diagnose('permission-missing', {
    organization,
  });
  const of =
    project === undefined ? 'the organization' : `project '${project}'`;
  return (
    `${organization.label}: the list shows nothing of ${of}, of which the ledger has ${counted(repositories, 'repository')} with ${counted(entities, 'entity')}. ` +
    `They stay in the catalog: it may have been deleted, or ${cause}. What to do: ${cure} (${docs}). ` +
    `If it was deleted, ${howToApprove(providerId, facts.code)}, which allows the removal of these entities and no others, once`
  );
}
