import { setTimeout as delay } from 'node:timers/promises';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { Entity } from '@backstage/catalog-model';
import type { DeferredEntity } from '@backstage/plugin-catalog-node';
import {
  targetsOf,
  type CatalogState,
  type ProvidedEntity,
} from '../ledger/catalog-state';
import type { Ledger } from '../ledger/ledger';
import { type Organization } from '../organization';
import type { Applier } from './apply';
import { guard, type GuardLimits, type HeldBack } from '../policy/guard';
import type { KnownRepository } from '../policy/model';

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
  readonly state: CatalogState;
  readonly applier: Applier;
  readonly locate: LocateTarget;
  readonly limits: GuardLimits;
  /** Whether the configuration asks for a path at all. */
  readonly asksFor: (path: string) => boolean;
  /** Keys of the organizations whose pass was complete. */
  readonly completeOrganizations: ReadonlySet<string>;
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
  const { state, logger, signal } = input;
  const official = await state.officialLocations();
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
  await stateEverything(input, 'silence', resolved);
  for (let waited = 0; ; waited += SETTLE_POLL_MS) {
    const busy = await state.unprocessedWithoutTargets([...resolved]);
    const stolen = await state.children([...resolved]);
    if (stolen.length > 0) {
      // A Location that was being processed when it lost its targets has taken
      // its entities back; say again whose they are.
      await stateEverything(input, 'silence', resolved);
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
  await stateEverything(input, 'drop', resolved);
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
  const candidates = official.filter(({ json }) =>
    targetsOf(json).every(target => isResolved(input, repositories, target)),
  );

  // An entity that a Location gives and the ledger does not is lost with it.
  const children = await input.state.children(
    candidates.map(({ entityRef }) => entityRef),
  );
  const owned = await input.ledger.ownedReferences(
    children.map(({ entityRef }) => entityRef),
  );
  const lost = children.filter(({ entityRef }) => !owned.has(entityRef));
  const { released, heldBack } = guard(
    lost.map(({ entityRef }) => ({
      entityRef,
      grade: 'confirmed' as const,
      reason: 'its file gives no such entity',
    })),
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
      candidates
        .map(({ entityRef }) => entityRef)
        .filter(entityRef => !held.has(entityRef)),
    ),
    heldBack: [...heldBack],
  };
}

function isResolved(
  { locate, asksFor, completeOrganizations }: TakeoverInput,
  repositories: ReadonlyMap<string, KnownRepository>,
  target: string,
): boolean {
  const location = locate(target);
  // Of a file that we do not look for, nothing is known: `*` in a path may have
  // reached further in the official module than it does here.
  if (!location || !asksFor(location.path ?? '')) {
    return false;
  }
  const organization = location.organization.key;
  const repository = repositories.get(
    nameKey(
      organization,
      location.project ?? location.repository,
      location.repository,
    ),
  );
  return repository
    ? repository.outcome === 'conclusive'
    : completeOrganizations.has(organization);
}

function nameKey(organization: string, project: string, name: string): string {
  return `${organization}\n${project}\n${name}`.toLowerCase();
}

/** One full mutation: the ledger's entities, and what else stands under our name. */
async function stateEverything(
  input: TakeoverInput,
  how: 'silence' | 'drop',
  resolved: ReadonlySet<string>,
): Promise<void> {
  await input.applier.stateFully(async () => {
    const others = await input.state.unaccounted();
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
