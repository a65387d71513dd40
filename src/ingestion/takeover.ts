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
import type { Applier } from './apply';
import { EVIDENCE, type Evidence, type FileEvidence } from './file-evidence';
import {
  guard,
  NOTHING_UNAPPROVED,
  type GuardLimits,
  type HeldBack,
  type ProposedRemoval,
} from '../policy/guard';

/** How long the catalog is given to process Locations that have no targets any more, in milliseconds. */
const SETTLE_MS = 120_000;
/** After what time it is looked at, in milliseconds; each time doubles, as every look may cost a full mutation. */
const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 10_000;

export interface TakeoverInput {
  readonly ledger: Ledger;
  readonly catalog: CatalogView;
  readonly applier: Applier;
  readonly evidence: FileEvidence;
  readonly limits: GuardLimits;
  /** Locations that a former refresh waited for in vain; the provider's, from one refresh to the next. */
  readonly waitedFor: Set<string>;
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
  const { catalog, logger } = input;
  const official = await catalog.officialLocations();
  if (official.length === 0) {
    return [];
  }
  const { resolved, heldBack, used } = await resolve(input, official);
  if (resolved.size === 0) {
    return heldBack;
  }
  logger.info(
    `Taking over ${resolved.size} of ${official.length} Locations that another Azure DevOps provider of this name stated`,
  );
  await applyEverything(input, 'empty', resolved);
  const unsettled = await settle(input, resolved);
  input.waitedFor.clear();
  unsettled.forEach(entityRef => input.waitedFor.add(entityRef));
  if (unsettled.size > 0) {
    logger.warn(
      `The catalog has not processed ${unsettled.size} former Locations in time; the next refresh looks again, without waiting for them`,
    );
  }
  const settled = [...resolved].filter(it => !unsettled.has(it));
  if (settled.length > 0) {
    await applyEverything(input, 'drop', new Set(settled), unsettled);
    await input.ledger.heldBack.noteUsed(used);
  }
  return heldBack;
}

/**
 * Waits until the catalog has processed the Locations without their targets, but not
 * a second time for those that it was waited for in vain.
 *
 * @returns those that are not processed
 */
async function settle(
  input: TakeoverInput,
  resolved: ReadonlySet<string>,
): Promise<Set<string>> {
  const { catalog, signal, waitedFor } = input;
  const refs = [...resolved];
  const patience = refs.every(it => waitedFor.has(it)) ? 0 : SETTLE_MS;
  let waited = 0;
  for (let poll = FIRST_POLL_MS; ; poll = Math.min(poll * 2, LAST_POLL_MS)) {
    const busy = await catalog.unprocessedWithoutTargets(refs);
    const takenBack = await catalog.children(refs);
    if (takenBack.length > 0) {
      // A Location that was being processed when it lost its targets has taken
      // its entities back; state again whose they are.
      await applyEverything(input, 'empty', resolved);
    } else if (busy.length === 0) {
      return new Set();
    }
    if (waited >= patience) {
      return new Set([...busy, ...takenBack.map(({ parent }) => parent)]);
    }
    await delay(poll, undefined, { signal });
    waited += poll;
  }
}

/** Which Locations can go: those of files that ended present or absent. */
async function resolve(
  input: TakeoverInput,
  official: readonly ProvidedEntity[],
): Promise<{
  resolved: Set<string>;
  heldBack: HeldBack[];
  /** Approvals that take effect when the Locations are dropped. */
  used: string[];
}> {
  const candidates = await candidatesAmong(input, official);
  // An entity that a Location gives and the ledger does not is lost with it.
  const children = await input.catalog.children([...candidates.keys()]);
  const owned = await input.ledger.ownedReferences(
    children.map(({ entityRef }) => entityRef),
  );
  const lost = children.filter(({ entityRef }) => !owned.has(entityRef));
  const lostOn = (isOutOfSight: boolean) =>
    lost.flatMap(({ entityRef, parent }): ProposedRemoval[] => {
      const evidence = candidates.get(parent);
      return evidence && (evidence === 'project-not-listed') === isOutOfSight
        ? [{ entityRef, ...EVIDENCE[evidence] }]
        : [];
    });
  const outOfSight = lostOn(true);
  const entities = await input.ledger.reports.countEntities();
  const limits = {
    ...input.limits,
    ...(await input.ledger.heldBack.approvals()),
  };
  const verdicts = [
    guard(lostOn(false), entities + lost.length, limits),
    // The permission to read may be missing: only the operator knows better.
    guard(outOfSight, outOfSight.length, {
      ...limits,
      ...NOTHING_UNAPPROVED,
    }),
  ];
  const letGo = new Set(
    verdicts.flatMap(({ released }) => released.map(it => it.entityRef)),
  );
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
    heldBack: verdicts.flatMap(({ heldBack }) => heldBack),
    used: verdicts.flatMap(({ used }) => used),
  };
}

/** By reference, on what evidence what each Location gives can go; without those of which a file may still be there. */
async function candidatesAmong(
  { evidence }: TakeoverInput,
  official: readonly ProvidedEntity[],
): Promise<Map<string, Evidence>> {
  const candidates = new Map<string, Evidence>();
  for (const { entityRef, json } of official) {
    // One that an earlier refresh left without targets gives nothing.
    const found = await evidence.ofAll(targetsOf(json));
    if (found) {
      candidates.set(entityRef, found);
    }
  }
  return candidates;
}

/** One full mutation: the ledger's entities, and what else stands under our name. */
async function applyEverything(
  input: TakeoverInput,
  how: 'empty' | 'drop',
  resolved: ReadonlySet<string>,
  emptied: ReadonlySet<string> = how === 'empty' ? resolved : new Set(),
): Promise<void> {
  await input.applier.applyFull(async () => {
    const others = await input.catalog.unaccounted();
    return others
      .filter(({ entityRef }) => how === 'empty' || !resolved.has(entityRef))
      .map(({ entityRef, json, locationKey }): DeferredEntity => ({
        entity: emptied.has(entityRef)
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
