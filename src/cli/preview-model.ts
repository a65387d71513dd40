import type { Entity } from '@backstage/catalog-model';
import type { PreviewedFile, PreviewedRepository } from '../ingestion/preview';
import { repositoryUrl } from '../descriptors/url';
import type { Organization } from '../organization';
import type { Rejection } from '../policy/model';
import { chooseOwner } from '../policy/owner';
import type { SkipReason } from '../policy/select';
import { organizationJson } from './io';
import type { Failure } from './session';
import { count } from './text';

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

export interface Duplicate {
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

export type State = 'entities' | 'broken' | 'none' | 'skipped' | 'unknown';

export function stateOf(repository: PreviewedRepository): State {
  if (repository.skipped) return 'skipped';
  if (repository.unknown !== undefined) return 'unknown';
  if (repository.files.some(({ rejections }) => rejections.length > 0)) {
    return 'broken';
  }
  return repository.files.length > 0 ? 'entities' : 'none';
}

/** Why repositories are not looked at, for people. */
export const SKIP_REASONS: Readonly<Record<SkipReason, string>> = {
  'project-filter': 'left out by the key project or exclude.project',
  'repository-filter': 'left out by the key repository or exclude.repository',
  fork: 'left out as a fork, by the key skipForkedRepos',
  disabled: 'disabled',
  'project-not-well-formed': 'in a project that is being created or deleted',
  empty: 'empty',
};

export function emptyCounts(): Record<State, number> {
  return { entities: 0, broken: 0, none: 0, skipped: 0, unknown: 0 };
}

/** How many repositories are in each state. */
export function summaryOf(
  organizations: readonly PreviewedOrganization[],
): Record<State, number> {
  const counts = emptyCounts();
  for (const { repositories } of organizations) {
    for (const repository of repositories) counts[stateOf(repository)] += 1;
  }
  return counts;
}

/**
 * Which descriptor gives each entity, as a refresh decides it.
 *
 * @param held - what a running catalog has, by reference: whoever gives an entity there keeps it
 */
export function chooseOwners(
  organizations: readonly PreviewedOrganization[],
  held?: ReadonlyMap<string, { readonly target: string }>,
): { entities: OwnedEntity[]; duplicates: Duplicate[] } {
  const claims = new Map<string, Claim[]>();
  for (const { organization, repositories } of organizations) {
    for (const { repository, files } of repositories) {
      for (const { path, target, claims: drafts } of files) {
        for (const { entityRef, kind, entity } of drafts) {
          if (kind !== 'entity') continue;
          const all = claims.get(entityRef) ?? [];
          const { key } = organization;
          const repositoryId = repository.id;
          // Two providers may read the same file.
          if (all.some(other => other.target === target)) continue;
          all.push({ organization: key, repositoryId, path, target, entity });
          claims.set(entityRef, all);
        }
      }
    }
  }
  const entities: OwnedEntity[] = [];
  const duplicates: Duplicate[] = [];
  for (const [entityRef, all] of claims) {
    const incumbent = all.find(
      ({ target }) => target === held?.get(entityRef)?.target,
    );
    const owner = chooseOwner(all, incumbent);
    if (!owner) continue;
    const { target } = owner;
    const entity = JSON.parse(owner.entity) as Entity;
    entities.push({ entityRef, target, entity });
    if (all.length > 1) {
      const others = all.map(claim => claim.target).filter(it => it !== target);
      duplicates.push({ entityRef, owner: target, others: others.sort() });
    }
  }
  const byReference = (a: { entityRef: string }, b: { entityRef: string }) =>
    a.entityRef < b.entityRef ? -1 : 1;
  return {
    entities: entities.sort(byReference),
    duplicates: duplicates.sort(byReference),
  };
}

interface Claim {
  readonly organization: string;
  readonly repositoryId: string;
  readonly path: string;
  readonly target: string;
  /** As JSON. */
  readonly entity: string;
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
    repositories: summaryOf(preview.organizations),
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
  const all = count(entities.length, 'entity', 'entities');
  return parts.length > 0 ? `${all} (${parts.join(', ')})` : all;
}

export function countBy<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
