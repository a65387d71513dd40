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

/** The identities of a simulator, made when they are first named. */
export class Identities {
  readonly #byName = new Map<string, Identity>();

  /** The identity of this name. Unlike the names of projects, the names of identities are compared exactly. */
  named(name: string): Identity {
    const known = this.#byName.get(name);
    if (known) {
      return known;
    }
    const identity: Identity = {
      name,
      id: guidOf('identity', name),
      displayName: name,
      uniqueName: `${name}@example.com`,
    };
    this.#byName.set(name, identity);
    return identity;
  }
}
