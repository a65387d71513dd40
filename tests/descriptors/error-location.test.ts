import type { Entity } from '@backstage/catalog-model';
import type { AlphaEntity } from '@backstage/catalog-model/alpha';
import unprocessedEntitiesModule from '@backstage/plugin-catalog-backend-module-unprocessed';
import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import { errorLocation } from '../../src/descriptors/error-location';
import { AzureDevOpsProcessor } from '../../src/ingestion/processor';
import { startCatalog, type TestCatalog } from '../support/backend';
import { catalogFeature } from '../support/catalog-feature';
import { until } from '../support/until';

const TARGET =
  'https://dev.azure.com/contoso/P/_git/broken?path=/catalog-info.yaml';

describe('the Location that shows the errors of a file', () => {
  let catalog: TestCatalog;
  let connection: EntityProviderConnection | undefined;
  const errors = new Map<string, string[]>();
  const reads: string[] = [];

  beforeAll(async () => {
    const feature = catalogFeature('errors', it => {
      it.addEntityProvider({
        getProviderName: () => 'errors',
        connect: async given => {
          connection = given;
        },
      });
      it.addProcessor(
        new AzureDevOpsProcessor({
          errorsOf: async entity => errors.get(entity.metadata.name),
          announced: async () => [],
          invalidate: () => {},
        }),
      );
      it.addProcessor({
        getProcessorName: () => 'reads',
        readLocation: async location => {
          reads.push(location.target);
          return false;
        },
      });
    });
    // The catalog's own processing interval of minutes: nothing below waits for it.
    catalog = await startCatalog({
      withoutModule: true,
      features: [feature, unprocessedEntitiesModule],
    });
  });

  afterAll(async () => {
    await catalog.stop();
  });

  async function state(messages: string[] | undefined): Promise<string> {
    const { entity, entityRef } = errorLocation({
      target: TARGET,
      errors: messages ?? [],
    });
    if (messages) errors.set(entity.metadata.name, messages);
    await connection?.applyMutation({
      type: 'delta',
      added: messages ? [{ entity, locationKey: `url:${TARGET}` }] : [],
      removed: messages ? [] : [{ entityRef }],
    });
    return entityRef;
  }

  async function shown(ref: string): Promise<AlphaEntity | undefined> {
    const entity: Entity | undefined = await catalog.client.getEntityByRef(ref);
    return entity;
  }

  async function unprocessed(reason: 'failed' | 'pending'): Promise<unknown> {
    const response = await fetch(
      `${catalog.baseUrl}/api/catalog/entities/unprocessed/${reason}`,
    );
    return await response.json();
  }

  it('shows them in its status, changes with them, reads no file, and goes when they are mended', async () => {
    const ref = await state([
      'document 1, line 3: first',
      'document 2: second',
    ]);
    const first = await until(
      'the errors to show',
      async () => await shown(ref),
    );
    expect(first).toMatchObject({
      kind: 'Location',
      metadata: {
        name: expect.stringMatching(/^azure-devops-errors-[0-9a-f]{40}$/),
        description: 'document 1, line 3: first\ndocument 2: second',
        annotations: {
          'backstage.io/managed-by-location': `url:${TARGET}`,
          'backstage.io/managed-by-origin-location': `url:${TARGET}`,
          'backstage.io/view-url': TARGET,
        },
      },
      status: {
        items: [
          {
            type: 'backstage.io/catalog-processing',
            level: 'error',
            message: 'InputError: document 1, line 3: first',
            error: {
              name: 'InputError',
              message: 'document 1, line 3: first',
            },
          },
          { message: 'InputError: document 2: second' },
        ],
      },
    });

    await state(['document 1, line 4: other']);
    const second = await until('the new error to show', async () => {
      const entity = await shown(ref);
      return entity?.status?.items?.length === 1 && entity;
    });
    expect(second.metadata.uid).toBe(first.metadata.uid);
    expect(second.status?.items?.[0]?.message).toBe(
      'InputError: document 1, line 4: other',
    );

    expect(await unprocessed('pending')).toEqual({
      type: 'pending',
      entities: [],
    });
    expect(await unprocessed('failed')).toEqual({
      type: 'failed',
      entities: [],
    });
    expect(reads).toEqual([]);

    await state(undefined);
    await until(
      'the Location to go',
      async () => (await shown(ref)) === undefined,
    );
    expect(
      catalog.logs.filter(({ level }) => level === 'warn' || level === 'error'),
    ).toEqual([]);
  });
});
