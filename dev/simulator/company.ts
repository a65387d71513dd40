import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import type { Organization, Project, ProjectState } from './model';
import type { Simulator } from './simulator';

const ORGANIZATIONS = ['nordhavn', 'nordhavn-data', 'kestrel-freight'];

interface OrganizationFixture {
  readonly name: string;
  readonly projects: ReadonlyArray<{
    readonly name: string;
    readonly description?: string;
    readonly state?: ProjectState;
    readonly repositories: readonly RepositoryFixture[];
  }>;
}

interface RepositoryFixture {
  readonly name: string;
  /** By path. A document is an entity without its apiVersion, or a text as it stands. */
  readonly descriptors?: Readonly<Record<string, Array<object | string>>>;
  /** All other files; a README is added. */
  readonly files?: Readonly<Record<string, string>>;
  readonly defaultBranch?: string;
  readonly disabled?: boolean;
  readonly hidden?: boolean;
  /** No commit at all. */
  readonly empty?: boolean;
  /** `Project/repository` of the same organization, earlier in the file. */
  readonly forkOf?: string;
}

export interface SeededOrganization {
  readonly name: string;
  /** A personal access token that may read everything in it, and nothing elsewhere. */
  readonly token: string;
}

/**
 * Fills a simulator with a plausible company: three
 * organizations, some fifty repositories, and among them everything that real
 * ones have and catalogs stumble over.
 */
export function seedCompany(simulator: Simulator): SeededOrganization[] {
  return ORGANIZATIONS.map(name => {
    const path = join(__dirname, 'company', `${name}.yaml`);
    const fixture = load(readFileSync(path, 'utf8')) as OrganizationFixture;
    return seedOrganization(simulator, fixture);
  });
}

function seedOrganization(
  simulator: Simulator,
  { name, projects }: OrganizationFixture,
): SeededOrganization {
  const organization = simulator.addOrganization(name);
  const token = `${name.replaceAll('-', '')}readonlytoken`.padEnd(52, '0');
  const identity = `catalog@${name}`;
  simulator.addPersonalAccessToken(token, { identity, organizations: [name] });
  organization.grant(identity);
  for (const { repositories, ...project } of projects) {
    const target = organization.addProject(project.name, project);
    for (const repository of repositories) {
      seedRepository(organization, target, repository);
    }
  }
  return { name, token };
}

function seedRepository(
  organization: Organization,
  project: Project,
  { name, forkOf, empty, files, descriptors = {}, ...rest }: RepositoryFixture,
): void {
  if (forkOf !== undefined) {
    const [parentProject = '', parent = ''] = forkOf.split('/');
    organization.project(parentProject).repository(parent).fork(project, name);
    return;
  }
  const texts = Object.entries(descriptors).map(([path, documents]) => [
    path,
    documents.map(textOf).join('---\n'),
  ]);
  project.addRepository(name, {
    ...rest,
    files: empty
      ? undefined
      : {
          'README.md': `# ${name}\n`,
          ...files,
          ...(Object.fromEntries(texts) as Record<string, string>),
        },
  });
}

function textOf(document: object | string): string {
  return typeof document === 'string'
    ? document
    : dump(
        { apiVersion: 'backstage.io/v1alpha1', ...document },
        { lineWidth: -1, noRefs: true },
      );
}
