import type { Knex } from 'knex';
import type { CatalogEntry, CatalogSnapshot } from './judge';

/**
 * What the catalog holds at this moment, from its own tables: they are changed
 * in one transaction with each mutation, so that nothing in between is missed,
 * and can be read while no backend is up.
 */
export async function takeSnapshot(knex: Knex): Promise<CatalogSnapshot> {
  const rows: Array<{
    entity_id: string;
    entity_ref: string;
    unprocessed_entity: string;
  }> = await knex('refresh_state').select(
    'entity_id',
    'entity_ref',
    'unprocessed_entity',
  );
  const entities = new Map<string, CatalogEntry>();
  const errors: string[] = [];
  for (const { entity_id, entity_ref, unprocessed_entity } of rows) {
    if (entity_ref.startsWith('location:')) {
      errors.push(entity_ref);
    } else {
      entities.set(entity_ref, {
        uid: entity_id,
        revision: revisionOf(unprocessed_entity),
      });
    }
  }
  return { entities, errors };
}

function revisionOf(json: string): number {
  const entity = JSON.parse(json) as {
    metadata: { annotations?: Record<string, string> };
  };
  return Number(entity.metadata.annotations?.['example.com/revision'] ?? 0);
}
