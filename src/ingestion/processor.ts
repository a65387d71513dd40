import { stringifyEntityRef, type Entity } from '@backstage/catalog-model';
import type {
  AlphaEntity,
  EntityStatusItem,
} from '@backstage/catalog-model/alpha';
import {
  processingResult,
  type CatalogProcessor,
  type CatalogProcessorEmit,
} from '@backstage/plugin-catalog-node';
import { LRUCache } from 'lru-cache';
import { isErrorLocation } from '../descriptors/error-location';

/** The type of the status items with which the catalog shows what went wrong in processing. */
const PROCESSING_ERROR = 'backstage.io/catalog-processing';

/** Of so many repositories it is remembered what was announced; of another, what is kept is read once more. */
const MOST_REPOSITORIES = 100_000;

interface ProcessorOptions {
  /** What is wrong with the file that a Location stands for, one line a document; `undefined` for nothing. */
  readonly errorsOf: (entity: Entity) => Promise<string[] | undefined>;
  /** How often each repository that gives an entity was announced to have changed. */
  readonly announced: (
    entityRef: string,
  ) => Promise<Array<{ repositoryId: string; times: number }>>;
  /** Ends what this process keeps of a repository. */
  readonly invalidate: (repositoryId: string) => void;
}

/**
 * What the catalog's processing needs of this module:
 *
 * - The errors of the Locations that stand for files with rejected documents, so
 *   that they show where people look for such errors: in the entity's status. The
 *   status is set and no error is emitted: an entity whose first processing emits
 *   errors is not shown at all, and the second comes minutes later.
 * - That placeholders and targets of an entity are read anew after its repository
 *   was announced to have changed, whichever process was told.
 */
export class AzureDevOpsProcessor implements CatalogProcessor {
  readonly #seen = new LRUCache<string, number>({ max: MOST_REPOSITORIES });

  constructor(private readonly options: ProcessorOptions) {}

  getProcessorName(): string {
    return 'AzureDevOpsProcessor';
  }

  /** Before the processor that resolves placeholders, which has 20. */
  getPriority(): number {
    return 10;
  }

  async preProcessEntity(
    entity: Entity,
    location: { readonly target: string },
    emit: CatalogProcessorEmit,
  ): Promise<Entity> {
    // Every URL of a file in Azure Repos has it.
    if (location.target.includes('/_git/') && readsFiles(entity)) {
      const entityRef = stringifyEntityRef(entity);
      emit(processingResult.refresh(refreshKeyOf(entityRef)));
      await this.#readAnew(entityRef);
    }
    return entity;
  }

  async postProcessEntity(entity: Entity): Promise<Entity> {
    if (!isErrorLocation(entity)) return entity;
    const errors = await this.options.errorsOf(entity);
    if (!errors || errors.length === 0) return entity;
    const withStatus: AlphaEntity = {
      ...entity,
      status: { items: errors.map(statusItem) },
    };
    return withStatus;
  }

  /** Costs an entity freshness at worst, and not its processing. */
  async #readAnew(entityRef: string): Promise<void> {
    const announced = await this.options.announced(entityRef).catch(() => []);
    for (const { repositoryId, times } of announced) {
      if (this.#seen.get(repositoryId) !== times) {
        this.#seen.set(repositoryId, times);
        this.options.invalidate(repositoryId);
      }
    }
  }
}

/** By this key the catalog can be told to process an entity that reads files once more. */
export function refreshKeyOf(entityRef: string): string {
  return `azure-devops-entity:${entityRef}`;
}

/** Whether the catalog reads files when it processes an entity: those of placeholders (an object with `$…` as its only key), or a Location's targets. */
function readsFiles({ kind, spec, metadata }: Entity): boolean {
  return (
    (kind === 'Location' && Boolean(spec?.['target'] ?? spec?.['targets'])) ||
    hasPlaceholder(spec) ||
    hasPlaceholder(metadata)
  );
}

function hasPlaceholder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const keys = Object.keys(value);
  return (
    (keys.length === 1 && keys[0]?.startsWith('$')) ||
    Object.values(value).some(hasPlaceholder)
  );
}

/** Worded as the catalog words its own. */
function statusItem(message: string): EntityStatusItem {
  const error = { name: 'InputError', message };
  return {
    type: PROCESSING_ERROR,
    level: 'error',
    message: `${error.name}: ${message}`,
    error,
  };
}
