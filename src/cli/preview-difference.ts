import {
  ANNOTATION_LOCATION,
  ANNOTATION_ORIGIN_LOCATION,
  type Entity,
  stringifyEntityRef,
} from '@backstage/catalog-model';
import { isErrorLocation } from '../descriptors/error-location';
import { checkModel } from '../descriptors/model';
import { differences } from '../policy/difference';
import type { BackendClient } from './backend-client';
import {
  type Difference,
  type OwnedEntity,
  type PreviewedOrganization,
  urlOf,
} from './preview-model';

/** Entities of one page: what a backend answers in well under its time. */
const PAGE_SIZE = '500';

/** An entity that a running catalog has. */
interface CatalogEntity {
  /** The URL of the file that gave it; empty where it came from none. */
  readonly target: string;
  readonly origin: string;
  /** Only where the preview has it as well. */
  readonly entity?: Entity;
}

interface Page {
  readonly items: readonly Entity[];
  readonly pageInfo?: { readonly nextCursor?: string };
}

/** Everything that a catalog has, by reference: of what the preview lacks, only where it came from. */
export async function readCatalog(
  backend: BackendClient,
  organizations: readonly PreviewedOrganization[],
  onProgress: (count: number) => void,
): Promise<Map<string, CatalogEntity>> {
  const wanted = new Set(
    organizations.flatMap(({ repositories }) =>
      repositories.flatMap(({ files }) =>
        files.flatMap(({ claims }) => claims.map(({ entityRef }) => entityRef)),
      ),
    ),
  );
  const inCatalog = new Map<string, CatalogEntity>();
  let cursor: string | undefined;
  do {
    const page = await backend.get<Page>('/api/catalog/entities/by-query', {
      limit: PAGE_SIZE,
      fields: 'apiVersion,kind,metadata,spec',
      cursor,
    });
    for (const entity of page.items) {
      const entityRef = stringifyEntityRef(entity);
      const keep = wanted.has(entityRef) || isRegistered(entity);
      inCatalog.set(entityRef, {
        target: locationOf(entity, ANNOTATION_LOCATION),
        origin: isErrorLocation(entity)
          ? ''
          : locationOf(entity, ANNOTATION_ORIGIN_LOCATION),
        entity: keep ? entity : undefined,
      });
    }
    onProgress(inCatalog.size);
    cursor = page.pageInfo?.nextCursor;
  } while (cursor !== undefined);
  return inCatalog;
}

function locationOf({ metadata }: Entity, annotation: string): string {
  return (metadata.annotations?.[annotation] ?? '').replace(/^url:/, '');
}

/** The catalog's own Location for a target under `catalog.locations`, or that somebody registered. */
function isRegistered({ kind, metadata }: Entity): boolean {
  return kind === 'Location' && metadata.name.startsWith('generated-');
}

/** What a refresh would change in a catalog. */
export async function compareWithCatalog(
  organizations: readonly PreviewedOrganization[],
  entities: readonly OwnedEntity[],
  inCatalog: ReadonlyMap<string, CatalogEntity>,
): Promise<Difference> {
  const places = new Places(organizations, inCatalog);
  const added: OwnedEntity[] = [];
  const changed: Array<OwnedEntity & { fields: readonly string[] }> = [];
  const blocked: Array<OwnedEntity & { by: string }> = [];
  const invalid: Array<OwnedEntity & { message: string }> = [];
  for (const owned of entities) {
    const theirs = inCatalog.get(owned.entityRef);
    if (!theirs?.entity) {
      const whole = withoutPlaceholders(owned.entity);
      const model = whole && (await checkModel(whole));
      if (model?.outcome === 'invalid') {
        invalid.push({ ...owned, message: model.message });
      } else {
        added.push(owned);
      }
    } else if (theirs.target !== owned.target && !places.isOurs(theirs)) {
      blocked.push({ ...owned, by: theirs.origin || 'another provider' });
    } else {
      const fields = differences(owned.entity, theirs.entity);
      if (fields.length > 0) changed.push({ ...owned, fields });
    }
  }
  const here = new Set(entities.map(({ entityRef }) => entityRef));
  const removed: Array<{ entityRef: string; target: string }> = [];
  const unlisted: typeof removed = [];
  for (const [entityRef, { target, origin }] of inCatalog) {
    if (here.has(entityRef) || !places.isOurs({ target, origin })) continue;
    const fate = places.fateOf(target);
    if (fate === 'removed') removed.push({ entityRef, target });
    if (fate === 'unlisted') unlisted.push({ entityRef, target });
  }
  return { added, changed, removed, unlisted, blocked, invalid };
}

/** For the model, which sees the text that the catalog puts in their place; `undefined` where that is anything else. */
function withoutPlaceholders(entity: Entity): Entity | undefined {
  let isKnown = true;
  const replaced = JSON.stringify(entity, (_key, value: unknown) => {
    const key = typeof value === 'object' && value && Object.keys(value).join();
    if (key === '$json' || key === '$yaml') isKnown = false;
    return ['$text', '$openapi', '$asyncapi'].includes(key || '')
      ? 'content'
      : value;
  });
  return isKnown ? (JSON.parse(replaced) as Entity) : undefined;
}

/** What is known of the places that entities come from. */
class Places {
  /** Addresses of organizations that could be listed. */
  readonly #organizations: string[];
  /** By the address of a repository. */
  readonly #repositories = new Map<string, 'stays' | 'goes'>();
  /** Files of which a document could not be read: what they gave stays. */
  readonly #unreadable = new Set<string>();
  /** What is read along a Location of the catalog's own. */
  readonly #registered = new Set<string>();

  constructor(
    organizations: readonly PreviewedOrganization[],
    inCatalog: ReadonlyMap<string, CatalogEntity>,
  ) {
    this.#organizations = organizations
      .filter(({ failure }) => !failure)
      .map(({ organization }) => `${organization.url}/`.toLowerCase());
    for (const { organization, repositories } of organizations) {
      for (const repository of repositories) {
        const { skipped, unknown, files } = repository;
        const stays =
          unknown !== undefined ||
          skipped === 'empty' ||
          skipped === 'project-not-well-formed';
        const url = urlOf(organization, repository).toLowerCase();
        this.#repositories.set(url, stays ? 'stays' : 'goes');
        for (const { target, unreadable } of files) {
          if (unreadable) this.#unreadable.add(target);
        }
      }
    }
    for (const { entity } of inCatalog.values()) {
      if (entity && isRegistered(entity)) {
        const { target, targets } = entity.spec ?? {};
        for (const each of [target, targets].flat()) {
          if (typeof each === 'string') this.#registered.add(each);
        }
      }
    }
  }

  /** Whether a provider for one of the organizations gave an entity, as far as its annotations tell. */
  isOurs({ target, origin }: { target: string; origin: string }): boolean {
    return (
      target !== '' &&
      target === origin &&
      !this.#registered.has(origin) &&
      this.#organizations.some(url => target.toLowerCase().startsWith(url))
    );
  }

  /** What becomes of an entity that no descriptor gives any more. */
  fateOf(target: string): 'removed' | 'unlisted' | 'stays' {
    if (this.#unreadable.has(target)) return 'stays';
    const repository = target.replace(/\?.*$/s, '').toLowerCase();
    const known = this.#repositories.get(repository);
    if (known === undefined) return 'unlisted';
    return known === 'goes' ? 'removed' : 'stays';
  }
}
