import { guidOf, nameKey } from './names';
import { Organization, type OrganizationOptions } from './organization';
import type { World } from './repository';

/** The organizations of Azure DevOps Services, and the collections of the Server. */
export class Organizations {
  readonly #world: World;
  readonly #byKey = new Map<string, Organization>();
  /** How many there ever were of a name: no two have the same id. */
  readonly #made = new Map<string, number>();

  constructor(world: World) {
    this.#world = world;
  }

  add(name: string, options: OrganizationOptions = {}): Organization {
    const deployment =
      options.deployment ?? (name.includes('/') ? 'server' : 'cloud');
    const key = keyOf(deployment, name);
    const number = this.#made.get(key) ?? 0;
    const organization = new Organization(
      this.#world,
      guidOf('organization', key, number),
      name,
      { ...options, deployment },
    );
    this.#claim(organization, name);
    this.#made.set(key, number + 1);
    return organization;
  }

  /** The organization of this name, without regard to case; of a cloud and a Server one of the same name, the cloud one. */
  find(
    name: string,
    deployment?: Organization['deployment'],
  ): Organization | undefined {
    const deployments = deployment
      ? [deployment]
      : (['cloud', 'server'] as const);
    for (const each of deployments) {
      const found = this.#byKey.get(keyOf(each, name));
      if (found) {
        return found;
      }
    }
    return undefined;
  }

  rename(organization: Organization, name: string): void {
    const previous = organization.name;
    this.#claim(organization, name);
    if (nameKey(previous) !== nameKey(name)) {
      this.#byKey.delete(keyOf(organization.deployment, previous));
    }
    organization.setName(name);
  }

  #claim(organization: Organization, name: string): void {
    const key = keyOf(organization.deployment, name);
    const holder = this.#byKey.get(key);
    if (holder && holder !== organization) {
      throw new Error(`There already is an organization '${name}'`);
    }
    this.#byKey.set(key, organization);
  }
}

function keyOf(deployment: Organization['deployment'], name: string): string {
  return `${deployment} ${nameKey(name)}`;
}
