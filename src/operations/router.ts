import type {
  HttpAuthService,
  PermissionsService,
} from '@backstage/backend-plugin-api';
import express, { type Request, type RequestHandler } from 'express';
import { describeOperations } from './openapi';
import { authorize, readInput, type Operation } from './operation';

/** Where the routes lie below those of the catalog. */
const BASE = '/azure-devops';

/** The HTTP API: a route for each operation, and the document that describes them. */
export function createRouter({
  operations,
  httpAuth,
  permissions,
}: {
  readonly operations: readonly Operation[];
  readonly httpAuth: HttpAuthService;
  readonly permissions: PermissionsService;
}): RequestHandler {
  const router = express.Router();
  router.get(`${BASE}/openapi.json`, (_request, response) => {
    response.json(describeOperations(operations));
  });
  for (const operation of operations) {
    const path = `${BASE}${operation.path.replace(/\{(\w+)\}/g, ':$1')}`;
    router[operation.method](
      path,
      // Before anything of the request is looked at, so that the answer tells nothing.
      handled(async request => {
        const credentials = await httpAuth.credentials(request);
        await authorize(permissions, credentials, operation);
      }),
      express.json(),
      handled(async (request, response) => {
        const input = readInput(operation.input, {
          ...request.query,
          ...(request.body as Record<string, unknown> | undefined),
          ...request.params,
        });
        const credentials = await httpAuth.credentials(request);
        response.json(await operation.run(input, { credentials, request }));
      }),
    );
  }
  return router;
}

/** Express does not wait for promises. */
function handled(
  handle: (
    request: Request,
    response: Parameters<RequestHandler>[1],
  ) => Promise<void>,
): RequestHandler {
  return (request, response, next) => {
    handle(request, response).then(() => {
      if (!response.headersSent) next();
    }, next);
  };
}
