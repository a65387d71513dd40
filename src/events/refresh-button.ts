/** As much of Express's request as is looked at. */
interface RefreshRequest {
  readonly method: string;
  readonly path: string;
  /** Parsed by the catalog. */
  readonly body?: unknown;
}

interface RefreshResponse {
  readonly statusCode: number;
  once(event: 'finish', listener: () => void): unknown;
}

/**
 * Sees the requests by which the catalog is asked to refresh an entity: the button
 * in the portal, `catalog.refreshEntity` and the action `refresh-catalog-entity` all
 * come as `POST /api/catalog/refresh`. The catalog permits and answers them; what it
 * did not answer with 200 was not asked for.
 *
 * The catalog's processing cannot tell: a processor sees an entity whose turn has
 * come, one that was asked for, and one that a provider changed, all alike.
 *
 * @param onAsked - gets the reference as it was given
 */
export function watchRefreshes(onAsked: (entityRef: string) => void) {
  return (
    request: RefreshRequest,
    response: RefreshResponse,
    next: () => void,
  ): void => {
    if (request.method === 'POST' && /^\/refresh\/?$/i.test(request.path)) {
      response.once('finish', () => {
        const { entityRef } = (request.body ?? {}) as { entityRef?: unknown };
        if (response.statusCode === 200 && typeof entityRef === 'string') {
          onAsked(entityRef);
        }
      });
    }
    next();
  };
}
