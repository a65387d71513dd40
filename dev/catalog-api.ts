import type { CatalogContent, UnprocessableEntity } from './summary';

/** The catalog's `GET /entities/by-query`. */
interface EntityPage {
  readonly items: ReadonlyArray<{
    readonly kind: string;
    readonly metadata: Metadata;
  }>;
  readonly pageInfo: { readonly nextCursor?: string };
}

/** `GET /entities/unprocessed/pending` of the module for unprocessed entities. */
interface PendingEntities {
  readonly entities: ReadonlyArray<{
    readonly unprocessed_entity: {
      readonly kind: string;
      readonly metadata: Metadata & {
        readonly name: string;
        readonly namespace?: string;
      };
    };
    /** Absent until the catalog has tried. */
    readonly errors?: ReadonlyArray<{ readonly message: string }> | null;
  }>;
}

interface Metadata {
  readonly annotations?: Readonly<Record<string, string>>;
}

const FIELDS = 'kind,metadata.annotations';
const PAGE = 1_000;

/** What the catalog holds, asked through its API as anybody would. */
export async function askCatalog(
  baseUrl: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<CatalogContent> {
  const address = `${baseUrl}/api/catalog`;
  const kinds: Record<string, number> = {};
  let total = 0;
  let emitted = 0;
  let cursor: string | undefined;
  do {
    const page = await ask<EntityPage>(
      `${address}/entities/by-query?fields=${FIELDS}&limit=${PAGE}` +
        (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''),
      options.signal,
    );
    for (const { kind, metadata } of page.items) {
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      total += 1;
      if (isEmitted(metadata)) emitted += 1;
    }
    cursor = page.pageInfo.nextCursor;
  } while (cursor);

  const pending = await ask<PendingEntities>(
    `${address}/entities/unprocessed/pending`,
    options.signal,
  );
  return {
    address,
    total,
    kinds,
    emitted,
    unprocessable: unprocessable(pending),
  };
}

/**
 * Whether an entity comes from a provider: what the catalog finds along a
 * Location's targets is managed by the target and not by its origin, and what
 * stands in a file of this machine is no provider's.
 */
function isEmitted({ annotations = {} }: Metadata): boolean {
  const location = annotations['backstage.io/managed-by-location'];
  return (
    location?.startsWith('url:') === true &&
    location === annotations['backstage.io/managed-by-origin-location']
  );
}

function unprocessable({ entities }: PendingEntities): UnprocessableEntity[] {
  return entities.flatMap(
    ({ unprocessed_entity: { kind, metadata }, errors }) =>
      errors && errors.length > 0 && isEmitted(metadata)
        ? [
            {
              entityRef: `${kind}:${metadata.namespace ?? 'default'}/${metadata.name}`,
              target:
                metadata.annotations?.['backstage.io/managed-by-location'] ??
                '',
              errors: errors.map(({ message }) => message),
            },
          ]
        : [],
  );
}

async function ask<T>(url: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(url, { signal });
  if (!response.ok) {
    throw new Error(
      `The catalog answered ${response.status} ${response.statusText} to ${url}`,
    );
  }
  return (await response.json()) as T;
}
