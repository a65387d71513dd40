import type {
  HttpAuthService,
  HttpRouterService,
  LoggerService,
  PermissionsService,
} from '@backstage/backend-plugin-api';
import type { ActionsRegistryService } from '@backstage/backend-plugin-api/alpha';
import type { Turns } from '../concurrency';
import { lookAtRepository } from '../ingestion/look';
import { registerActions } from './actions';
import { explainOperation } from './explain';
import { approveOperation, heldBackOperation } from './held-back';
import type { Operation } from './operation';
import { Providers, type OperationsContext } from './providers';
import { refreshOperation } from './refresh';
import { duplicatesOperation, rejectedFilesOperation } from './rejected';
import { createRouter } from './router';
import { statusOperation } from './status';

/** Gives operators all that they can ask and do: by HTTP, and as actions where Backstage has a registry of them. */
export function addOperations({
  turns,
  logger,
  httpAuth,
  httpRouter,
  permissions,
  actionsRegistry,
  ...services
}: Omit<OperationsContext, 'look'> & {
  readonly turns: Turns;
  readonly logger: LoggerService;
  readonly httpAuth: HttpAuthService;
  readonly httpRouter: HttpRouterService;
  readonly permissions: PermissionsService;
  readonly actionsRegistry: ActionsRegistryService | undefined;
}): void {
  const { service } = services;
  const operations = createOperations({
    ...services,
    look: async question =>
      await lookAtRepository({
        ...question,
        clients: service.clients.interactive,
        credentials: service.credentials,
        rules: service.rules,
        yaml: service.yaml,
        turns,
      }),
  });
  httpRouter.use(createRouter({ operations, httpAuth, permissions }));
  if (actionsRegistry) {
    registerActions(actionsRegistry, operations, permissions, logger);
  }
}

function createOperations(context: OperationsContext): readonly Operation[] {
  const providers = new Providers(context);
  return [
    explainOperation(context, providers),
    statusOperation(context, providers),
    rejectedFilesOperation(providers),
    duplicatesOperation(providers),
    heldBackOperation(providers),
    refreshOperation(context, providers),
    approveOperation(providers, context.auditor),
  ];
}
