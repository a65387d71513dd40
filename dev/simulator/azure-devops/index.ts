import { connectionRoutes } from './connection';
import { itemRoutes } from './items';
import { projectRoutes } from './projects';
import { repositoryRoutes } from './repositories';

export { Authenticator } from './authentication';
export type {
  PersonalAccessToken,
  PersonalAccessTokenOptions,
} from './authentication';
export { AzureDevOpsService } from './service';

/** The endpoints around Git, which every organization has. */
export function gitRoutes() {
  return [
    ...connectionRoutes(),
    ...projectRoutes(),
    ...repositoryRoutes(),
    ...itemRoutes(),
  ];
}
