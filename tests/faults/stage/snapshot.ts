import { ANNOTATION_LOCATION, type Entity } from '@backstage/catalog-model';
import type { Knex } from 'knex';
import type { CatalogEntry, CatalogSnapshot } from './compare';

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
  const ours = new Set<string>(
    await knex('refresh_state_references')
      .whereLike('source_key', 'AzureDevOpsEntityProvider:%')
      .pluck('target_entity_ref'),
  );
  for (const { entity_id, entity_ref, unprocessed_entity } of rows) {
    if (entity_ref.startsWith('location:')) {
      if (ours.has(entity_ref)) {
        errors.push(entity_ref);
      }
    } else {
      const annotations = annotationsOf(unprocessed_entity);
      entities.set(entity_ref, {
        uid: entity_id,
        revision: Number(annotations['example.com/revision'] ?? 0),
        target: annotations[ANNOTATION_LOCATION] ?? '',
      });
    }
  }
  return { entities, errors };
}

function annotationsOf(json: string): Record<string, string> {
  const { metadata } = JSON.parse(json) as Entity;
  return metadata.annotations ?? {};
}
