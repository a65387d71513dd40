import type { Repository } from '../../../dev/simulator/model';
import { firstPicture, type Picture } from './picture';
import {
  ALL_NUMBERS,
  component,
  componentName,
  DESCRIPTOR,
  ORGANIZATIONS,
  referencesOf,
  type OrganizationName,
  type World,
} from './world';

/** A repository with one component in it, or without. */
interface Site {
  readonly organization: OrganizationName;
  readonly repository: Repository;
  readonly name: string;
  revision: number;
  hasDescriptor: boolean;
}

/** How many repositories of each organization change in one step, in each way. */
const PER_STEP = { changed: 12, toggled: 6, renamed: 3, added: 3 };

/**
 * A world in which people work: in each step descriptors change, come and go,
 * repositories are renamed and made. It knows what the catalog should hold.
 */
export class Drift {
  private readonly sites: Site[];
  private picture = new Map<string, number>(firstPicture());
  private steps = 0;

  constructor(
    private readonly world: World,
    /** From 0 to 1. */
    private readonly random: () => number,
  ) {
    this.sites = ORGANIZATIONS.flatMap(organization =>
      ALL_NUMBERS.filter(
        number => referencesOf(organization, number).length === 1,
      ).map((number): Site => ({
        organization,
        repository: world.repository(organization, number),
        name: componentName(organization, number),
        revision: 1,
        hasDescriptor: true,
      })),
    );
  }

  /** What the catalog should hold now. */
  get truth(): Picture {
    return new Map(this.picture);
  }

  step(): void {
    this.steps += 1;
    for (const organization of ORGANIZATIONS) {
      const sites = this.shuffled(
        this.sites.filter(site => site.organization === organization),
      );
      sites.splice(0, PER_STEP.changed).forEach(site => this.change(site));
      sites.splice(0, PER_STEP.toggled).forEach(site => this.toggle(site));
      sites.splice(0, PER_STEP.renamed).forEach((site, i) => {
        site.repository.rename(`renamed-${this.steps}-${i}`);
      });
      for (let i = 0; i < PER_STEP.added; i++) {
        this.add(organization, `new-${this.steps}-${i}`);
      }
    }
  }

  private change(site: Site): void {
    site.revision += 1;
    this.put(site);
  }

  private toggle(site: Site): void {
    site.hasDescriptor = !site.hasDescriptor;
    this.put(site);
  }

  private add(organization: OrganizationName, name: string): void {
    const project = this.world.project(organization, 'R&D');
    const site: Site = {
      organization,
      repository: project.addRepository(name),
      name: `${organization}-${name}`,
      revision: 1,
      hasDescriptor: true,
    };
    this.sites.push(site);
    this.put(site);
  }

  /** Makes the repository, and what is expected of the catalog, as the site says. */
  private put({ repository, name, revision, hasDescriptor }: Site): void {
    const reference = `component:default/${name}`;
    repository.push({
      files: {
        '/README.md': `# ${name}\n`,
        [DESCRIPTOR]: hasDescriptor ? component(name, revision) : null,
      },
    });
    if (hasDescriptor) {
      this.picture.set(reference, revision);
    } else {
      this.picture.delete(reference);
    }
  }

  private shuffled<T>(items: readonly T[]): T[] {
    return items
      .map(item => ({ item, at: this.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }
}
