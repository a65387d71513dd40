import { htmlPage, serviceError } from '../errors';
import type { SimulatedRequest, SimulatedResponse } from '../http';
import type { Identity, Organization, Project, Repository } from '../model';
import type { Address } from './address';
import { projectNotFound } from './failures';
import { findRepository } from './repositories';
import type { RouteMatch } from './routes';

// What can be said of a request before its endpoint is asked.

/** Where redirects to the sign-in page lead. */
export function isSignInHost({ url, door }: SimulatedRequest): boolean {
  return door === 'cloud' && url.hostname.endsWith('.vssps.visualstudio.com');
}

export function endpointOf(
  request: SimulatedRequest,
  address: Address,
  match: RouteMatch | undefined,
): string {
  if (!address.resource) {
    return 'pages';
  }
  return request.method === 'OPTIONS'
    ? 'locations'
    : (match?.route.endpoint ?? 'unknown');
}

/** The project and the repository that an address names, whoever may see them. */
export function namedObjects(
  { organization, project: projectName }: Address,
  match: RouteMatch | undefined,
): { project?: Project; repository?: Repository } {
  const project =
    projectName === undefined
      ? undefined
      : organization?.findProject(projectName);
  const repositoryName = match?.parameters['repositoryId'];
  const repository =
    organization && repositoryName !== undefined
      ? findRepository(organization, project, repositoryName)
      : undefined;
  return { project: project ?? repository?.project, repository };
}

export function visibleProject(
  { project: name }: Address,
  organization: Organization,
  identity: Identity,
): { readonly found: Project } | SimulatedResponse | undefined {
  if (name === undefined) {
    return undefined;
  }
  const found = organization.findProject(name);
  return found && organization.access(identity)?.canReadProject(found)
    ? { found }
    : projectNotFound(name);
}

/** Names in a query are read without regard to case. */
export function queryOf(url: URL): (name: string) => string | undefined {
  let values: Map<string, string> | undefined;
  return name => {
    if (!values) {
      values = new Map();
      for (const [key, value] of url.searchParams) {
        values.set(key.toLowerCase(), value);
      }
    }
    return values.get(name.toLowerCase());
  };
}

export function organizationNotFound(): SimulatedResponse {
  return htmlPage(
    404,
    'Azure DevOps Services',
    '<h1>404 - Page not found</h1><p>The page you requested was not found.</p>',
  );
}

export function noSuchResource(request: SimulatedRequest): SimulatedResponse {
  return serviceError(
    404,
    'HttpException',
    `The controller for path '${request.url.pathname}' was not found or does not implement IController.`,
  );
}
