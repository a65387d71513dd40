import { CatalogClient } from '@backstage/catalog-client';
import type { AlphaEntity } from '@backstage/catalog-model/alpha';
import { isErrorLocation } from '../src/descriptors/error-location';
import type {
  CatalogContent,
  RejectedFile,
  UnprocessableEntity,
} from './summary';

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

/** What the catalog holds, asked through its API as anybody would. */
export async function askCatalog(
  baseUrl: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<CatalogContent> {
  const address = `${baseUrl}/api/catalog`;
  const get: typeof fetch = (input, init) =>
    fetch(input, { ...init, signal: options.signal });
  const client = new CatalogClient({
    discoveryApi: { getBaseUrl: () => Promise.resolve(address) },
    fetchApi: { fetch: get },
  });
  const kinds: Record<string, number> = {};
  const rejectedFiles: RejectedFile[] = [];
  let total = 0;
  let emitted = 0;
  for await (const page of client.streamEntities({
    fields: ['kind', 'metadata.name', 'metadata.annotations', 'status'],
  })) {
    for (const entity of page) {
      const { kind, metadata } = entity;
      kinds[kind] = (kinds[kind] ?? 0) + 1;
      total += 1;
      if (isEmitted(metadata)) emitted += 1;
      if (isErrorLocation(entity)) rejectedFiles.push(rejectedFile(entity));
    }
  }

  const url = `${address}/entities/unprocessed/pending`;
  const response = await get(url);
  if (!response.ok) {
    throw new Error(
      `The catalog answered ${response.status} ${response.statusText} to ${url}`,
    );
  }
  const pending = (await response.json()) as PendingEntities;
  return {
    address,
    total,
    kinds,
    emitted,
    rejectedFiles: rejectedFiles.sort((a, b) => (a.target < b.target ? -1 : 1)),
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

/** What a Location shows that stands for a file with rejected documents. */
function rejectedFile({ metadata, status }: AlphaEntity): RejectedFile {
  const location = metadata.annotations?.['backstage.io/managed-by-location'];
  return {
    target: location?.replace(/^url:/, '') ?? '',
    errors: (status?.items ?? []).map(
      ({ error, message }) => error?.message ?? message,
    ),
  };
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
