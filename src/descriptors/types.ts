import type { Entity } from '@backstage/catalog-model';

/** What one YAML document of a descriptor turned out to be. */
export type DocumentReading = EntityDocument | RejectedDocument;

export interface EntityDocument {
  readonly outcome: 'entity';
  /** Which document of the file, counted from 0 among those that are not empty. */
  readonly index: number;
  readonly entityRef: string;
  /** As Backstage would have read it, with our two location annotations set. */
  readonly entity: Entity;
}

export interface RejectedDocument {
  readonly outcome: 'rejected';
  readonly index: number;
  /**
   * `syntax`: it cannot be read, so whose document it was cannot be known and
   * the file's former entities stay. `envelope`: it reads but is no entity that
   * the catalog takes; likewise. `rules`: it reads and is forbidden, so a former
   * entity of the same reference goes.
   */
  readonly reason: 'syntax' | 'envelope' | 'rules' | 'too-large';
  /** The reference, where the document says one. */
  readonly entityRef?: string;
  /** A sentence that names cause and cure, without the file's location. */
  readonly message: string;
  /** Line and column, counted from 1, where known. */
  readonly line?: number;
  readonly column?: number;
}

export interface DescriptorReading {
  readonly documents: ReadonlyArray<DocumentReading>;
}
