import type {
  EntityProviderConnection,
  EntityProviderMutation,
} from '@backstage/plugin-catalog-node';
import { AzureDevOpsEntityProvider } from '../../src/ingestion/provider';

/** What was applied to the catalog. */
export interface Mutations {
  readonly count: number;
  /** Entities stated, whether the catalog knew them so or not, and references removed. */
  readonly entities: number;
  /** The JSON of the entities. */
  readonly bytes: number;
  /** How long the catalog took over them, one after the other. */
  readonly wallMs: number;
}

const NONE: Mutations = { count: 0, entities: 0, bytes: 0, wallMs: 0 };

/**
 * Looks over the product's shoulder at each mutation on its way to the catalog.
 * The product itself has no hook for this.
 */
export class MutationWatch {
  #seen = NONE;
  /** Is told the description of each entity that the catalog has taken. */
  onEntity: ((description: string) => void) | undefined;

  install(): void {
    const { connect } = AzureDevOpsEntityProvider.prototype;
    const watch = (connection: EntityProviderConnection) =>
      this.#watch(connection);
    AzureDevOpsEntityProvider.prototype.connect = function watched(connection) {
      return connect.call(this, watch(connection));
    };
  }

  /** What was seen since this was last asked. */
  take(): Mutations {
    const seen = this.#seen;
    this.#seen = NONE;
    return seen;
  }

  #watch(connection: EntityProviderConnection): EntityProviderConnection {
    return {
      refresh: options => connection.refresh(options),
      applyMutation: async mutation => {
        const began = performance.now();
        await connection.applyMutation(mutation);
        if (this.onEntity && mutation.type === 'delta') {
          mutation.added.forEach(({ entity }) =>
            this.onEntity?.(String(entity.metadata.description)),
          );
        }
        const { count, entities, bytes, wallMs } = this.#seen;
        const size = sizeOf(mutation);
        this.#seen = {
          count: count + 1,
          entities: entities + size.entities,
          bytes: bytes + size.bytes,
          wallMs: wallMs + performance.now() - began,
        };
      },
    };
  }
}

function sizeOf(mutation: EntityProviderMutation): {
  entities: number;
  bytes: number;
} {
  const stated = mutation.type === 'full' ? mutation.entities : mutation.added;
  const removed = mutation.type === 'full' ? 0 : mutation.removed.length;
  // A sample is enough, and costs the measurement nothing to speak of.
  const sample = stated.slice(0, 10);
  const length = sample.reduce(
    (sum, { entity }) => sum + JSON.stringify(entity).length,
    0,
  );
  return {
    entities: stated.length + removed,
    bytes: sample.length > 0 ? (length / sample.length) * stated.length : 0,
  };
}
