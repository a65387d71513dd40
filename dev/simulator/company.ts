import { COMPANY } from './company/all';
import type { Verdict } from './company/documents';
import {
  descriptorText,
  type SeedOrganization,
  type SeedRepository,
} from './company/seed';
import type { FileContent, Organization, Project } from './model';
import type { Simulator } from './simulator';

/** What of one organization was seeded. */
export interface SeededOrganization {
  readonly name: string;
  /** A personal access token that may read everything in it, and nothing elsewhere. */
  readonly token: string;
  readonly organization: Organization;
  readonly counts: SeedCounts;
}

/** How much there is. Descriptors and documents are those of repositories that can be read and are no forks. */
export interface SeedCounts {
  readonly projects: number;
  /** All that the organization's list shows. */
  readonly repositories: number;
  readonly forks: number;
  readonly disabled: number;
  readonly empty: number;
  /** In projects that are not well-formed. */
  readonly unusable: number;
  /** Internal ones, which the list leaves out. */
  readonly hidden: number;
  /** Files named catalog-info.yaml, at any depth. */
  readonly descriptors: number;
  /** Those of them at the root of a repository. */
  readonly rootDescriptors: number;
  /** Documents of all descriptors by what should become of them. */
  readonly documents: Readonly<Record<Verdict, number>>;
}

export interface SeededCompany {
  readonly organizations: readonly SeededOrganization[];
  /** The sums over the organizations. */
  readonly counts: SeedCounts;
}

/**
 * Fills a simulator with a company that one could believe in: three
 * organizations, some fifty repositories, and among them everything that real
 * ones have and catalogs stumble over.
 */
export function seedCompany(simulator: Simulator): SeededCompany {
  const organizations = COMPANY.map(seed => seedOrganization(simulator, seed));
  return {
    organizations,
    counts: organizations.map(({ counts }) => counts).reduce(add),
  };
}

function seedOrganization(
  simulator: Simulator,
  seed: SeedOrganization,
): SeededOrganization {
  const organization = simulator.addOrganization(seed.name);
  const token = `${seed.name.replaceAll('-', '')}readonlytoken`.padEnd(52, '0');
  const identity = `catalog@${seed.name}`;
  simulator.addPersonalAccessToken(token, {
    identity,
    organizations: [seed.name],
  });
  organization.grant(identity);
  for (const project of seed.projects) {
    const target = organization.addProject(project.name, {
      state: project.state,
      description: project.description,
    });
    for (const repository of project.repositories) {
      seedRepository(organization, target, repository);
    }
  }
  return { name: seed.name, token, organization, counts: countsOf(seed) };
}

function seedRepository(
  organization: Organization,
  project: Project,
  seed: SeedRepository,
): void {
  if (seed.forkOf) {
    const [parentProject = '', parent = ''] = seed.forkOf.split('/');
    organization
      .project(parentProject)
      .repository(parent)
      .fork(project, seed.name);
    return;
  }
  project.addRepository(seed.name, {
    files: seed.empty ? undefined : filesOf(seed),
    defaultBranch: seed.defaultBranch,
    disabled: seed.disabled,
    hidden: seed.hidden,
  });
}

function filesOf(seed: SeedRepository): Record<string, FileContent> {
  return {
    'README.md': `# ${seed.name}\n`,
    ...seed.files,
    ...Object.fromEntries(
      Object.entries(seed.descriptors ?? {}).map(([path, documents]) => [
        path,
        descriptorText(documents),
      ]),
    ),
  };
}

function countsOf(seed: SeedOrganization): SeedCounts {
  const all = seed.projects.flatMap(({ state = 'wellFormed', repositories }) =>
    repositories.map(repository => ({ state, repository })),
  );
  const listed = all.filter(({ repository }) => !repository.hidden);
  const usable = listed.filter(({ state }) => state === 'wellFormed');
  const readable = usable
    .map(({ repository }) => repository)
    .filter(({ disabled, empty, forkOf }) => !disabled && !empty && !forkOf);
  const paths = readable.flatMap(({ descriptors = {} }) =>
    Object.keys(descriptors),
  );
  const documents = readable.flatMap(({ descriptors = {} }) =>
    Object.values(descriptors).flat(),
  );
  const count = (test: (repository: SeedRepository) => boolean | undefined) =>
    usable.filter(({ repository }) => test(repository)).length;
  const ofVerdict = (verdict: Verdict) =>
    documents.filter(document => document.verdict === verdict).length;
  return {
    projects: seed.projects.length,
    repositories: listed.length,
    forks: count(({ forkOf }) => forkOf !== undefined),
    disabled: count(({ disabled }) => disabled),
    empty: count(({ empty }) => empty),
    unusable: listed.length - usable.length,
    hidden: all.length - listed.length,
    descriptors: paths.length,
    rootDescriptors: paths.filter(path => !path.includes('/')).length,
    documents: {
      taken: ofVerdict('taken'),
      broken: ofVerdict('broken'),
      forbidden: ofVerdict('forbidden'),
      refused: ofVerdict('refused'),
      duplicate: ofVerdict('duplicate'),
    },
  };
}

function add(a: SeedCounts, b: SeedCounts): SeedCounts {
  return {
    projects: a.projects + b.projects,
    repositories: a.repositories + b.repositories,
    forks: a.forks + b.forks,
    disabled: a.disabled + b.disabled,
    empty: a.empty + b.empty,
    unusable: a.unusable + b.unusable,
    hidden: a.hidden + b.hidden,
    descriptors: a.descriptors + b.descriptors,
    rootDescriptors: a.rootDescriptors + b.rootDescriptors,
    documents: {
      taken: a.documents.taken + b.documents.taken,
      broken: a.documents.broken + b.documents.broken,
      forbidden: a.documents.forbidden + b.documents.forbidden,
      refused: a.documents.refused + b.documents.refused,
      duplicate: a.documents.duplicate + b.documents.duplicate,
    },
  };
}
