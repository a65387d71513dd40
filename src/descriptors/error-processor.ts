// Provisional, until the owner of this folder replaces it.
import type { Entity } from '@backstage/catalog-model';
import type { CatalogProcessor } from '@backstage/plugin-catalog-node';

export class DescriptorErrorProcessor implements CatalogProcessor {
  constructor(
    readonly lookup: (entity: Entity) => Promise<string[] | undefined>,
  ) {}
  getProcessorName(): string {
    return 'AzureDevOpsDescriptorErrorProcessor';
  }
}
