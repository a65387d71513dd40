import { guidOf } from './names';

/** A person, a service principal or a managed identity, as organizations know it. */
export interface Identity {
  /** How tests and logs call it: `alice`. */
  readonly name: string;
  /** A GUID. */
  readonly id: string;
  readonly displayName: string;
  /** A sign-in name, or the object id of a service principal. */
  readonly uniqueName: string;
}

/** The identity of this name. Unlike the names of projects, the names of identities are compared exactly. */
export function identityOf(name: string): Identity {
  return {
    name,
    id: guidOf('identity', name),
    displayName: name,
    uniqueName: `${name}@example.com`,
  };
}
