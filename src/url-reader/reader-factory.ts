import { tmpdir } from 'node:os';
import {
  type ReaderFactory,
  urlReaderFactoriesServiceRef,
} from '@backstage/backend-defaults/urlReader';
import {
  coreServices,
  createServiceFactory,
} from '@backstage/backend-plugin-api';
import { azureDevOpsServiceRef } from '../shared-service';
import { AzureDevOpsUrlReader } from './reader';
import { isAzureDevOpsUrl } from '../content/url';

/** The plugin that reads on a timer what its entities refer to. */
const CATALOG = 'catalog';

/**
 * Puts the reader for Azure DevOps in front of Backstage's own, in every plugin
 * of the backend. `catalog.azureDevOps.urlReader.enabled: false` leaves
 * Backstage's own in place.
 *
 * @public
 */
export const azureDevOpsUrlReaderFactory = createServiceFactory({
  service: urlReaderFactoriesServiceRef,
  deps: {
    azureDevOps: azureDevOpsServiceRef,
    plugin: coreServices.pluginMetadata,
  },
  async factory({ azureDevOps: { content }, plugin }): Promise<ReaderFactory> {
    const { enabled } = content.settings;
    return ({ config, treeResponseFactory }) => {
      if (!enabled) {
        return [];
      }
      const reader = new AzureDevOpsUrlReader({
        content,
        treeResponseFactory,
        // As Backstage's own readers take it.
        workingDirectory:
          config.getOptionalString('backend.workingDirectory') ?? tmpdir(),
        interactive: plugin.getId() !== CATALOG,
      });
      return [
        {
          reader,
          predicate: url => isAzureDevOpsUrl(url.href, content.context),
        },
      ];
    };
  },
});
