import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Entity } from '@backstage/catalog-model';
import type { DeferredEntity } from '@backstage/plugin-catalog-node';
import {
  targetsOf,
  type CatalogView,
  type ProvidedEntity,
} from '../ledger/catalog-view';
import type { Ledger } from '../ledger/ledger';
import { type Organization } from '../organization';
import type { Applier } from './apply';
import type { OrganizationList } from './pass';
import { guard, type GuardLimits, type HeldBack } from '../policy/guard';
import type { KnownRepository, RemovalGrade } from '../policy/model';

/** How long the catalog is given to process the silenced Locations, and how often it is looked at, in milliseconds. */
const SETTLE_MS = 120_000;
const SETTLE_POLL_MS = 200;

/** What a URL names, as far as taking over needs it; `undefined` when it cannot be told. */
export type LocateTarget = (target: string) =>
  | {
      readonly organization: Organization;
      readonly project?: string;
      readonly repository: string;
      readonly path?: string;
    }
  | undefined;

export interface TakeoverInput {
  readonly ledger: Ledger;
  readonly catalog: CatalogView;
  readonly applier: Applier;
  readonly locate: LocateTarget;
  readonly limits: GuardLimits;
  /** Whether the configuration asks for a path at all. */
  readonly asksFor: (path: string) => boolean;
  /** The lists of the organizations that could be had, by key. */
  readonly lists: ReadonlyMap<string, OrganizationList>;
  readonly logger: LoggerService;
  readonly signal?: AbortSignal;
}

/**
 * Takes over from the official module, which states one Location for each file
 * under the provider name that is now ours.
 *
 * An entity keeps its uid only if it is referenced without a gap. So a Location
 * whose file ended present or absent is first stated without targets, beside
 * the entities themselves; when the catalog has processed it in that state, and
 * can no longer emit the entities on its behalf, it is dropped. Locations whose
 * file is unknown stay as they are, and are taken over by a later refresh.
 *
 * @returns what the guard held back with their Locations.
 */
export async function takeOver(input: TakeoverInput): Promise<HeldBack[]> {
  const { catalog, logger, signal } = input;
  const official = await catalog.officialLocations();
  if (official.length === 0) {
    return [];
  }
  const { resolved, heldBack } = await resolve(input, official);
  if (resolved.size === 0) {
    return heldBack;
  }
  logger.info(
    `Taking over ${resolved.size} of ${official.length} Locations that another Azure DevOps provider of this name stated`,
  );
  await applyEverything(input, 'silence', resolved);
  for (let waited = 0; ; waited += SETTLE_POLL_MS) {
    const busy = await catalog.unprocessedWithoutTargets([...resolved]);
    const stolen = await catalog.children([...resolved]);
    if (stolen.length > 0) {
      // A Location that was being processed when it lost its targets has taken
      // its entities back; state again whose they are.
      await applyEverything(input, 'silence', resolved);
    } else if (busy.length === 0) {
      break;
    }
    if (waited >= SETTLE_MS) {
      logger.warn(
        'The catalog has not processed the former Locations in time; the next refresh goes on with them',
      );
      return heldBack;
    }
    await delay(SETTLE_POLL_MS, undefined, { signal });
  }
  await applyEverything(input, 'drop', resolved);
  return heldBack;
}

/** Which Locations can go: those of files that ended present or absent. */
async function resolve(
  input: TakeoverInput,
  official: readonly ProvidedEntity[],
): Promise<{ resolved: Set<string>; heldBack: HeldBack[] }> {
  const repositories = new Map(
    (await input.ledger.repositories()).map(repository => [
      nameKey(repository.organization, repository.project, repository.name),
      repository,
    ]),
  );
  // In the list, and the ledger does not know yet what they have.
  const undecided = new Set(
    [...input.lists].flatMap(([organization, { selected, skipped }]) =>
      [
        ...selected,
        ...skipped
          .filter(({ reason }) => reason === 'project-not-well-formed')
          .map(({ repository }) => repository),
      ].map(({ project, name }) => nameKey(organization, project.name, name)),
    ),
  );
  const candidates = new Map<string, RemovalGrade>();
  for (const { entityRef, json } of official) {
    const grades = targetsOf(json).map(target =>
      evidenceOn(input, repositories, undecided, target),
    );
    if (!grades.includes(undefined)) {
      candidates.set(
        entityRef,
        grades.includes('inferred') ? 'inferred' : 'confirmed',
      );
    }
  }

  // An entity that a Location gives and the ledger does not is lost with it.
  const children = await input.catalog.children([...candidates.keys()]);
  const owned = await input.ledger.ownedReferences(
    children.map(({ entityRef }) => entityRef),
  );
  const lost = children.filter(({ entityRef }) => !owned.has(entityRef));
  const { released, heldBack } = guard(
    lost.map(({ entityRef, parent }) =>
      candidates.get(parent) === 'inferred'
        ? {
            entityRef,
            grade: 'inferred',
            reason: 'the list lacks its repository',
          }
        : {
            entityRef,
            grade: 'confirmed',
            reason: 'its file gives no such entity',
          },
    ),
    children.length,
    input.limits,
  );
  const letGo = new Set(released.map(({ entityRef }) => entityRef));
  const held = new Set(
    lost
      .filter(child => !letGo.has(child.entityRef))
      .map(child => child.parent),
  );
  // The catalog knows these entities under the key that the Location gave them.
  // Under another they would be other entities.
  await input.ledger.adoptLocationKeys(
    children.flatMap(({ entityRef, locationKey }) =>
      locationKey ? [{ entityRef, locationKey }] : [],
    ),
  );
  return {
    resolved: new Set(
      [...candidates.keys()].filter(entityRef => !held.has(entityRef)),
    ),
    heldBack: [...heldBack],
  };
}

/** On what evidence the Location of a target can go: its file was read or is absent, or the list lacks its repository; `undefined` when neither is known. */
function evidenceOn(
  { locate, asksFor, lists }: TakeoverInput,
  repositories: ReadonlyMap<string, KnownRepository>,
  undecided: ReadonlySet<string>,
  target: string,
): RemovalGrade | undefined {
  const location = locate(target);
  // Of a file that we do not look for, nothing is known: `*` in a path may have
  // reached further in the official module than it does here.
  if (!location || !asksFor(location.path ?? '')) {
    return undefined;
  }
  const organization = location.organization.key;
  const name = nameKey(
    organization,
    location.project ?? location.repository,
    location.repository,
  );
  const repository = repositories.get(name);
  if (repository) {
    return repository.outcome === 'conclusive' ? 'confirmed' : undefined;
  }
  return lists.has(organization) && !undecided.has(name)
    ? 'inferred'
    : undefined;
}

function nameKey(organization: string, project: string, name: string): string {
  return `${organization}\n${project}\n${name}`.toLowerCase();
}

/** One full mutation: the ledger's entities, and what else stands under our name. */
async function applyEverything(
  input: TakeoverInput,
  how: 'silence' | 'drop',
  resolved: ReadonlySet<string>,
): Promise<void> {
  await input.applier.applyFull(async () => {
    const others = await input.catalog.unaccounted();
    return others
      .filter(({ entityRef }) => how === 'silence' || !resolved.has(entityRef))
      .map(({ entityRef, json, locationKey }): DeferredEntity => ({
        entity: resolved.has(entityRef)
          ? withoutTargets(json)
          : (JSON.parse(json) as Entity),
        locationKey,
      }));
  }, input.signal);
}

function withoutTargets(json: string): Entity {
  const entity = JSON.parse(json) as Entity;
  return { ...entity, spec: { type: 'url', targets: [] } };
}
