import { blobRoutes } from './blobs';
import { discoveryRoutes } from './discovery';
import { historyRoutes } from './history';
import { itemRoutes } from './items';
import { projectRoutes } from './projects';
import { refRoutes } from './refs';
import { repositoryRoutes } from './repositories';

export { Authenticator, PersonalAccessToken } from './authentication';
export type {
  PersonalAccessTokenOptions,
  PersonalAccessTokenState,
} from './authentication';
export { AzureDevOpsService } from './service';

/** The endpoints around Git, which every organization has. */
export function gitRoutes() {
  return [
    ...discoveryRoutes(),
    ...projectRoutes(),
    ...repositoryRoutes(),
    ...itemRoutes(),
    ...blobRoutes(),
    ...refRoutes(),
    ...historyRoutes(),
  ];
}
