import type { Entity } from '@backstage/catalog-model';
import {
  locationSpecToLocationEntity,
  type EntityProvider,
  type EntityProviderConnection,
} from '@backstage/plugin-catalog-node';
import type { Dispatcher } from 'undici';
import { ORGANIZATION, TOKEN } from './landscape';

const PAGE = 1_000;
/** What the service allows `$skip` to be. */
const FURTHEST = 1_000;

interface SearchAnswer {
  readonly results: ReadonlyArray<{
    readonly path: string;
    readonly project: { readonly name: string };
    readonly repository: { readonly name: string };
  }>;
}

/** The addresses of all descriptors that Code Search finds. */
export async function searchDescriptors(
  dispatcher: Dispatcher,
): Promise<string[]> {
  const targets: string[] = [];
  for (let skip = 0; skip <= FURTHEST; skip += PAGE) {
    const { body } = await dispatcher.request({
      origin: 'https://almsearch.dev.azure.com',
      path: `/${ORGANIZATION}/_apis/search/codesearchresults?api-version=6.0-preview.1`,
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`:${TOKEN}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        searchText: 'path:/catalog-info.yaml repo:* proj:*',
        $orderBy: [{ field: 'path', sortOrder: 'ASC' }],
        $skip: skip,
        $top: PAGE,
      }),
    });
    const { results } = (await body.json()) as SearchAnswer;
    targets.push(
      ...results.map(
        ({ path, project, repository }) =>
          `https://dev.azure.com/${ORGANIZATION}/${encodeURIComponent(project.name)}/_git/${repository.name}?path=${path}`,
      ),
    );
    if (results.length < PAGE) break;
  }
  return targets;
}

/** States Locations, and leaves the reading of them to the catalog. */
export class LocationsProvider implements EntityProvider {
  #connection: EntityProviderConnection | undefined;

  getProviderName(): string {
    return 'locations-of-the-benchmark';
  }

  async connect(connection: EntityProviderConnection): Promise<void> {
    this.#connection = connection;
  }

  async state(targets: readonly string[]): Promise<void> {
    await this.#connection?.applyMutation({
      type: 'full',
      entities: targets.map(target => ({
        entity: locationSpecToLocationEntity({
          location: { type: 'url', target },
        }) as Entity,
        locationKey: this.getProviderName(),
      })),
    });
  }
}
