import type {
  EntityProviderConnection,
  EntityProviderMutation,
} from '@backstage/plugin-catalog-node';
import { AzureDevOpsEntityProvider } from '../../src/ingestion/provider';
import { StatusBoard } from '../../src/operations/board';
import { Meter } from './meter';

/** What the catalog was told. */
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
 * Looks over the product's shoulder: a refresh is measured from its very
 * beginning, which only the product knows, and each mutation on its way to the
 * catalog. The product itself has no hooks for this.
 */
export class Instruments {
  #mutations = NONE;
  #meter: Meter | undefined;

  install(): void {
    const { connect } = AzureDevOpsEntityProvider.prototype;
    const { started } = StatusBoard.prototype;
    const watch = (connection: EntityProviderConnection) =>
      this.#watch(connection);
    const begin = () => {
      this.#meter = Meter.start();
    };
    AzureDevOpsEntityProvider.prototype.connect = function watched(connection) {
      return connect.call(this, watch(connection));
    };
    StatusBoard.prototype.started = function watched(report) {
      begin();
      started.call(this, report);
    };
  }

  /** The measurement of the refresh that just ended. */
  take(): { cost: ReturnType<Meter['stop']>; mutations: Mutations } {
    if (!this.#meter) {
      throw new Error('No refresh began');
    }
    const taken = { cost: this.#meter.stop(), mutations: this.#mutations };
    this.#mutations = NONE;
    this.#meter = undefined;
    return taken;
  }

  #watch(connection: EntityProviderConnection): EntityProviderConnection {
    return {
      refresh: options => connection.refresh(options),
      applyMutation: async mutation => {
        const began = performance.now();
        await connection.applyMutation(mutation);
        const { count, entities, bytes, wallMs } = this.#mutations;
        const size = sizeOf(mutation);
        this.#mutations = {
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
  const stated =
    mutation.type === 'full' ? mutation.entities : mutation.added;
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
