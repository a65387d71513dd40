import type { Entity } from '@backstage/catalog-model';
import type { PreviewedFile, PreviewedRepository } from '../ingestion/preview';
import { repositoryUrl } from '../descriptors/url';
import type { Organization } from '../organization';
import type { Rejection } from '../policy/model';
import { chooseOwner, type Claimant } from '../policy/owner';
import { counted } from '../counted';
import { organizationJson } from './io';
import type { Failure } from './session';

/** One organization as one provider reads it. */
export interface PreviewedOrganization {
  readonly provider?: string;
  readonly organization: Organization;
  readonly repositories: readonly PreviewedRepository[];
  /** Why the repositories could not be listed. */
  readonly failure?: Failure;
}

/** An entity, and the descriptor that gives it. */
export interface OwnedEntity {
  readonly entityRef: string;
  /** The descriptor's canonical URL. */
  readonly target: string;
  readonly entity: Entity;
}

interface Duplicate {
  readonly entityRef: string;
  readonly owner: string;
  readonly others: readonly string[];
}

/** What a refresh would change in a running catalog. */
export interface Difference {
  readonly added: readonly OwnedEntity[];
  readonly changed: ReadonlyArray<OwnedEntity & { fields: readonly string[] }>;
  /** With the descriptor that gave it. */
  readonly removed: ReadonlyArray<{ entityRef: string; target: string }>;
  /** Of repositories that are not listed any more: they stay until that is confirmed. */
  readonly unlisted: ReadonlyArray<{ entityRef: string; target: string }>;
  /** Somebody else gives them to the catalog. */
  readonly blocked: ReadonlyArray<OwnedEntity & { by: string }>;
  /** What the catalog's processing does not take. */
  readonly invalid: ReadonlyArray<OwnedEntity & { message: string }>;
}

export interface Preview {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly organizations: readonly PreviewedOrganization[];
  readonly entities: readonly OwnedEntity[];
  readonly duplicates: readonly Duplicate[];
  readonly difference?: Difference;
}

type State = 'entities' | 'broken' | 'none' | 'skipped' | 'unknown';

export function stateOf(repository: PreviewedRepository): State {
  if (repository.skipped) return 'skipped';
  if (repository.unknown !== undefined) return 'unknown';
  if (repository.files.some(({ rejections }) => rejections.length > 0)) {
    return 'broken';
  }
  return repository.files.length > 0 ? 'entities' : 'none';
}

/** How many repositories are in each state. */
export function summaryOf(
  repositories: readonly PreviewedRepository[],
): Record<State, number> {
  const counts = { entities: 0, broken: 0, none: 0, skipped: 0, unknown: 0 };
  for (const repository of repositories) counts[stateOf(repository)] += 1;
  return counts;
}

/** How many there are in each state in all. */
export function summaryOfAll({
  organizations,
}: Pick<Preview, 'organizations'>) {
  return summaryOf(organizations.flatMap(({ repositories }) => repositories));
}

/**
 * Which descriptor gives each entity, as a refresh decides it.
 *
 * @param inCatalog - what a running catalog has, by reference: whoever gives an entity there keeps it
 */
export function chooseOwners(
  organizations: readonly PreviewedOrganization[],
  inCatalog?: ReadonlyMap<string, { readonly target: string }>,
): { entities: OwnedEntity[]; duplicates: Duplicate[] } {
  const claims = new Map<string, Map<string, Claim>>();
  for (const claim of organizations.flatMap(claimsIn)) {
    const all = claims.get(claim.entityRef) ?? new Map<string, Claim>();
    claims.set(claim.entityRef, all);
    // Two providers may read the same file.
    if (!all.has(claim.target)) all.set(claim.target, claim);
  }
  const entities: OwnedEntity[] = [];
  const duplicates: Duplicate[] = [];
  for (const [entityRef, all] of claims) {
    const incumbent = all.get(inCatalog?.get(entityRef)?.target ?? '');
    const owner = chooseOwner([...all.values()], incumbent);
    if (!owner) continue;
    const { target } = owner;
    const entity = JSON.parse(owner.entity) as Entity;
    entities.push({ entityRef, target, entity });
    const others = [...all.keys()].filter(it => it !== target).sort();
    if (others.length > 0) {
      duplicates.push({ entityRef, owner: target, others });
    }
  }
  const byReference = (a: { entityRef: string }, b: { entityRef: string }) =>
    a.entityRef < b.entityRef ? -1 : 1;
  return {
    entities: entities.sort(byReference),
    duplicates: duplicates.sort(byReference),
  };
}

/** That a file gives an entity. */
interface Claim extends Claimant {
  readonly entityRef: string;
  /** As JSON. */
  readonly entity: string;
}

function claimsIn({ organization, repositories }: PreviewedOrganization) {
  return repositories.flatMap(({ repository, files }) =>
    files.flatMap(({ path, target, claims }) =>
      claims
        .filter(({ kind }) => kind === 'entity')
        .map(({ entityRef, entity }): Claim => ({
          organization: organization.key,
          repositoryId: repository.id,
          path,
          target,
          entityRef,
          entity,
        })),
    ),
  );
}

/** The address of a repository for people. */
export function urlOf(
  organization: Organization,
  { repository }: PreviewedRepository,
): string {
  const { name, project } = repository;
  return repositoryUrl({
    organization,
    project: project.name,
    repository: name,
  });
}

/** Where a file is rejected, for people: Azure DevOps marks the line. */
export function lineUrl(target: string, { line, column }: Rejection): string {
  if (line === undefined) return target;
  const from = column ?? 1;
  return `${target}&line=${line}&lineEnd=${line + 1}&lineStartColumn=${from}&lineEndColumn=1`;
}

export function entitiesOf({ claims }: PreviewedFile): string[] {
  return claims.flatMap(({ kind, entityRef }) =>
    kind === 'entity' ? [entityRef] : [],
  );
}

export function toJson(preview: Preview) {
  const { difference } = preview;
  const withoutEntity = ({ entity: _entity, ...rest }: OwnedEntity) => rest;
  return {
    at: new Date(preview.at).toISOString(),
    repositories: summaryOfAll(preview),
    organizations: preview.organizations.map(organizationToJson),
    entities: preview.entities,
    duplicates: preview.duplicates,
    ...(difference && {
      difference: {
        ...difference,
        added: difference.added.map(withoutEntity),
        changed: difference.changed.map(withoutEntity),
        blocked: difference.blocked.map(withoutEntity),
        invalid: difference.invalid.map(withoutEntity),
      },
    }),
  };
}

function organizationToJson(previewed: PreviewedOrganization) {
  const { provider, organization, repositories, failure } = previewed;
  return {
    provider,
    ...organizationJson(organization),
    ...(failure && { error: failure.diagnosis }),
    repositories: repositories.map(each => ({
      id: each.repository.id,
      project: each.repository.project.name,
      name: each.repository.name,
      url: urlOf(organization, each),
      state: stateOf(each),
      reason: each.skipped ?? each.unknown,
      files: each.files.map(file => ({
        path: file.path,
        url: file.target,
        entities: entitiesOf(file),
        rejections: file.rejections,
      })),
    })),
  };
}

/** How many entities there are, of which kinds. */
export function describeCounts(entities: readonly OwnedEntity[]): string {
  const parts = [...countBy(entities.map(({ entity }) => entity.kind))]
    .sort(([, a], [, b]) => b - a)
    .map(([kind, n]) => `${kind}: ${n.toLocaleString('en-US')}`);
  const all = counted(entities.length, 'entity');
  return parts.length > 0 ? `${all} (${parts.join(', ')})` : all;
}

export function countBy<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
