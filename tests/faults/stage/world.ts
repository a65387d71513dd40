import type { Simulator } from '../../../dev/simulator';
import type {
  Organization,
  Project,
  Repository,
} from '../../../dev/simulator/model';

/** The organizations of the table. A row strikes one of them, and the others must not notice. */
export const ORGANIZATIONS = ['contoso', 'fabrikam', 'tailspin'] as const;
export type OrganizationName = (typeof ORGANIZATIONS)[number];

/**
 * The projects of every organization, with how many of its 100 repositories
 * each has; it gives as many entities. One is more than the guard lets go on
 * any evidence, one more than on inferred evidence, one less than both.
 */
const PROJECTS = {
  Payments: 60,
  'Field Service': 25,
  'R&D': 15,
} as const;
type ProjectName = keyof typeof PROJECTS;

export const DESCRIPTOR = '/catalog-info.yaml';

/** A component's descriptor; two states of it differ in the revision. */
export function component(name: string, revision = 1): string {
  return entityDocument('Component', name, revision, [
    '  type: service',
    '  lifecycle: production',
    '  owner: team-a',
  ]);
}

function api(name: string): string {
  return entityDocument('API', name, 1, [
    '  type: openapi',
    '  lifecycle: production',
    '  owner: team-a',
    "  definition: 'openapi: 3.0.0'",
  ]);
}

function entityDocument(
  kind: string,
  name: string,
  revision: number,
  spec: string[],
): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    `kind: ${kind}`,
    'metadata:',
    `  name: ${name}`,
    '  annotations:',
    `    example.com/revision: '${revision}'`,
    'spec:',
    ...spec,
    '',
  ].join('\n');
}

/** What the personal access token of an organization's identity is called. */
export function tokenOf(organization: OrganizationName): string {
  return `a-token-for-${organization}`;
}

export function identityOf(organization: OrganizationName): string {
  return `${organization}-ingester`;
}

/**
 * The simulated company: 3 organizations, 300 repositories, 300 entities. It is
 * made in the same order every time, so that every GUID is the same as in the
 * ledger of the template database.
 */
export class World {
  constructor(readonly simulator: Simulator) {
    for (const name of ORGANIZATIONS) {
      const organization = simulator.addOrganization(name);
      simulator.addPersonalAccessToken(tokenOf(name), {
        identity: identityOf(name),
      });
      organization.grant(identityOf(name));
      let number = 0;
      for (const [projectName, count] of Object.entries(PROJECTS)) {
        const project = organization.addProject(projectName);
        for (let i = 0; i < count; i++) {
          number += 1;
          project.addRepository(repositoryName(number), {
            files: filesOf(name, number),
          });
        }
      }
    }
  }

  organization(name: OrganizationName): Organization {
    return this.simulator.organization(name);
  }

  project(organization: OrganizationName, name: ProjectName): Project {
    return this.organization(organization).project(name);
  }

  /** The URLs of all descriptors as Backstage's own module writes them. */
  officialTargets(): string[] {
    return ORGANIZATIONS.flatMap(organization =>
      ALL_NUMBERS.filter(
        number => referencesOf(organization, number).length > 0,
      ).map(number => {
        const { name, project } = this.repository(organization, number);
        return encodeURI(
          `https://dev.azure.com/${organization}/${project.name}/_git/${name}?path=${DESCRIPTOR}`,
        );
      }),
    );
  }

  /** One of the 100 repositories of an organization, wherever it is now; counted from 1. */
  repository(organization: OrganizationName, number: number): Repository {
    const wanted = repositoryName(number);
    for (const repository of this.organization(organization).repositories()) {
      if (repository.name === wanted) {
        return repository;
      }
    }
    throw new Error(`${organization} has no repository ${wanted}`);
  }
}

export function repositoryName(number: number): string {
  return `repository-${String(number).padStart(3, '0')}`;
}

export function componentName(
  organization: OrganizationName,
  number: number,
): string {
  return `${organization}-${number}`;
}

/** The entity references that a repository's first descriptor gives. */
export function referencesOf(
  organization: OrganizationName,
  number: number,
): string[] {
  const name = componentName(organization, number);
  if (number % 20 === 0) {
    return [];
  }
  return number % 10 === 0
    ? [`component:default/${name}`, `api:default/${name}-api`]
    : [`component:default/${name}`];
}

/** The numbers of the repositories of a project. */
export function numbersOf(project: ProjectName): number[] {
  let first = 1;
  for (const [name, count] of Object.entries(PROJECTS)) {
    if (name === project) {
      return Array.from({ length: count }, (_, i) => first + i);
    }
    first += count;
  }
  return [];
}

export const ALL_NUMBERS: readonly number[] = Object.keys(PROJECTS).flatMap(
  name => numbersOf(name as ProjectName),
);

/** Every 20th repository has no descriptor; every other 10th gives two entities. */
function filesOf(
  organization: OrganizationName,
  number: number,
): Record<string, string> {
  const files = { '/README.md': `# ${repositoryName(number)}\n` };
  const [, second] = referencesOf(organization, number);
  if (number % 20 === 0) {
    return files;
  }
  const name = componentName(organization, number);
  return {
    ...files,
    [DESCRIPTOR]: second
      ? `${component(name)}---\n${api(`${name}-api`)}`
      : component(name),
  };
}
