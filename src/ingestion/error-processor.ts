import type { Entity } from '@backstage/catalog-model';
import type {
  AlphaEntity,
  EntityStatusItem,
} from '@backstage/catalog-model/alpha';
import type { CatalogProcessor } from '@backstage/plugin-catalog-node';
import { isErrorLocation } from '../descriptors/error-location';

/** The type of the status items with which the catalog shows what went wrong in processing. */
const PROCESSING_ERROR = 'backstage.io/catalog-processing';

/**
 * Supplies the errors of the Locations that stand for files with rejected
 * documents, so that they show where people look for such errors: in the
 * entity's status. Reads no file.
 *
 * The status is set and no error is emitted: an entity whose first processing
 * emits errors is not shown at all, and the second comes minutes later.
 */
export class DescriptorErrorProcessor implements CatalogProcessor {
  /** @param lookup - what is wrong with the file, one line a document; `undefined` for nothing */
  constructor(
    private readonly lookup: (entity: Entity) => Promise<string[] | undefined>,
  ) {}

  getProcessorName(): string {
    return 'AzureDevOpsDescriptorErrorProcessor';
  }

  async postProcessEntity(entity: Entity): Promise<Entity> {
    if (!isErrorLocation(entity)) return entity;
    const errors = await this.lookup(entity);
    if (!errors || errors.length === 0) return entity;
    const withStatus: AlphaEntity = {
      ...entity,
      status: { items: errors.map(statusItem) },
    };
    return withStatus;
  }
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
