import type { FileContent } from '../model';
import type { SeedDocument } from './documents';

/** A repository of the company, as data. */
export interface SeedRepository {
  readonly name: string;
  /** Descriptors by path, without the leading slash; documents are joined by `---`. */
  readonly descriptors?: Readonly<Record<string, readonly SeedDocument[]>>;
  /** Everything else; a README is added by itself. */
  readonly files?: Readonly<Record<string, FileContent>>;
  /** Default `main`. */
  readonly defaultBranch?: string;
  readonly disabled?: boolean;
  readonly hidden?: boolean;
  /** No commit at all. */
  readonly empty?: boolean;
  /** `Project/repository` of the same organization, earlier in the list. */
  readonly forkOf?: string;
}

export interface SeedProject {
  readonly name: string;
  readonly description?: string;
  /** Default `wellFormed`. */
  readonly state?: 'wellFormed' | 'deleting' | 'createPending';
  readonly repositories: readonly SeedRepository[];
}

export interface SeedOrganization {
  readonly name: string;
  readonly projects: readonly SeedProject[];
}

/** A repository whose only descriptor is the usual one. */
export function described(
  name: string,
  documents: readonly SeedDocument[],
  more: Omit<SeedRepository, 'name' | 'descriptors'> = {},
): SeedRepository {
  return { name, descriptors: { 'catalog-info.yaml': documents }, ...more };
}

/** The text of a descriptor. */
export function descriptorText(documents: readonly SeedDocument[]): string {
  return documents.map(({ yaml }) => yaml).join('---\n');
}
