import { counted } from '../counted';
import { diagnose } from '../credentials/problems/diagnosis';
import type { Organization } from '../organization';
import { describeShare, howToApprove, type HeldBack } from '../policy/guard';
import type { Removal } from '../policy/model';

/** The operator's warning of a project, or an organization, of which nothing is in the list. */
export function describeOutOfSight(facts: {
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

/** What the evidence of each grade is called in messages. */
const EVIDENCE: Readonly<Record<Removal['grade'], string>> = {
  confirmed: 'confirmed',
  inferred: 'inferred',
  deselected: 'by the configuration',
};

/** The operator's warning of removals that were held back, with the way to allow them. */
export function describeHeldBack(
  organization: string,
  providerId: string,
  held: HeldBack,
): string {
  const { grade, count, total, limit, code, reasons } = held;
  const option =
    grade === 'confirmed' ? 'maxConfirmedPercentage' : 'maxPercentage';
  const why = reasons
    .slice(0, 3)
    .map(({ reason, count: n }) => `${n} because ${reason}`)
    .join('; ');
  return (
    `${organization}: held back the removal of ${count} of ${counted(total, 'entity')} ` +
    `(${describeShare(held)}, ${EVIDENCE[grade]}${limit > 0 ? `; removals.${option} is ${limit} %` : ''}): ${why}. ` +
    `They stay in the catalog. If they are to go, ${howToApprove(providerId, code)}, which allows this very set, once; ` +
    (grade === 'deselected'
      ? 'if they are not, correct the configuration: the next refresh takes this back'
      : 'if they are not, nothing needs to be done: the next refresh that sees them again takes this back')
  );
}
