import { stringifyEntityRef } from '@backstage/catalog-model';
import type { TestCatalog } from '../support/backend';
import { catalogFeature } from '../support/catalog-feature';
import { until } from '../support/until';

// The catalog's processing intervals, made to come when the test wants them:
// with an interval of an hour an entity is processed when its time is set back.

const BEGINNING = '2000-01-01 00:00:00';

/** Sees every entity at the end of its processing; its `feature` belongs into the backend. */
export class ProcessingWatch {
  readonly #processed = new Map<string, number>();

  readonly feature = catalogFeature('processing-watch', catalog =>
    catalog.addProcessor({
      getProcessorName: () => 'processing-watch',
      postProcessEntity: async entity => {
        const ref = stringifyEntityRef(entity);
        this.#processed.set(ref, (this.#processed.get(ref) ?? 0) + 1);
        return entity;
      },
    }),
  );

  /** Waits until nothing is left to be processed or stitched. */
  async settled(catalog: TestCatalog): Promise<void> {
    const { knex } = catalog;
    await until('the catalog to have processed everything', async () => {
      const due = await knex('refresh_state')
        .where('next_update_at', '<=', knex.fn.now())
        .orWhereNull('result_hash')
        .count({ count: '*' })
        .first();
      const stitching = await knex('stitch_queue')
        .count({ count: '*' })
        .first();
      return Number(due?.count) === 0 && Number(stitching?.count) === 0;
    });
  }

  /** One processing interval: every entity, or every one of a kind, is processed once more. */
  async processAgain(catalog: TestCatalog, kind = ''): Promise<void> {
    const { knex } = catalog;
    const rows = await knex('refresh_state')
      .where('entity_ref', 'like', `${kind}%`)
      .select('entity_ref');
    const before = new Map(this.#processed);
    await knex('refresh_state')
      .where('entity_ref', 'like', `${kind}%`)
      .update({ next_update_at: BEGINNING });
    await until(`${rows.length} entities to be processed`, () =>
      rows.every(
        ({ entity_ref: ref }) =>
          (this.#processed.get(ref) ?? 0) > (before.get(ref) ?? 0),
      ),
    );
    await this.settled(catalog);
  }
}
