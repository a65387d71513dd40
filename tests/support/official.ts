import type { BackendFeature } from '@backstage/backend-plugin-api';
import {
  locationSpecToLocationEntity,
  type EntityProvider,
  type EntityProviderConnection,
} from '@backstage/plugin-catalog-node';
import { catalogFeature } from './catalog-feature';

/**
 * What Backstage's own Azure DevOps module leaves in a catalog: under its
 * provider name one Location for each file, whose content the catalog reads.
 */
export class OfficialProvider implements EntityProvider {
  private connection: EntityProviderConnection | undefined;

  getProviderName(): string {
    return 'AzureDevOpsEntityProvider:main';
  }

  async connect(connection: EntityProviderConnection): Promise<void> {
    this.connection = connection;
  }

  /** Says that these are all the files that there are. */
  async state(targets: readonly string[]): Promise<void> {
    await this.connection?.applyMutation({
      type: 'full',
      entities: targets.map(target => ({
        locationKey: this.getProviderName(),
        entity: locationSpecToLocationEntity({
          location: { type: 'url', target, presence: 'required' },
        }),
      })),
    });
  }

  /** For `backend.add`. */
  feature(): BackendFeature {
    return catalogFeature('official-azure-devops', catalog =>
      catalog.addEntityProvider(this),
    );
  }
}
