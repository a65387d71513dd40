import type { BlobStore } from './files';
import type { Identities } from './identity';

/** What all parts of one simulator's state share. */
export interface World {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly blobs: BlobStore;
  readonly identities: Identities;
}
