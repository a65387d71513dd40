import {
  htmlPage,
  organizationNotFound,
  serviceError,
  signInPage,
} from '../errors';
import type {
  RequestDescription,
  SimulatedRequest,
  SimulatedResponse,
  SimulatedService,
} from '../http';
import type { Identity, Organization, Organizations, Project } from '../model';
import {
  isAuthenticated,
  type Authentication,
  type EndpointRoute,
  type LimiterHook,
} from '../seams';
import { addressOf, type Address } from './address';
import { refusedToken, type Authenticator } from './authentication';
import { projectNotFound } from './failures';
import { answerInFront } from './front';
import { withServiceHeaders } from './headers';
import { locationsAnswer } from './connection';
import { findRepository } from './repositories';
import { RouteTable, type RouteMatch } from './routes';
import { versionOf } from './versions';

/** A request with everything that could be found out about it before it is answered. */
interface Understood {
  readonly address: Address;
  readonly match: RouteMatch | undefined;
  readonly authentication: Authentication | undefined;
  readonly description: RequestDescription;
  readonly query: (name: string) => string | undefined;
}

/** Azure DevOps Services and Azure DevOps Server, as far as their interface goes. */
export class AzureDevOpsService implements SimulatedService {
  readonly #organizations: Organizations;
  readonly #authenticator: Authenticator;
  readonly #routes = new RouteTable();
  readonly #understood = new WeakMap<SimulatedRequest, Understood>();
  #limiter: LimiterHook | undefined;

  constructor(organizations: Organizations, authenticator: Authenticator) {
    this.#organizations = organizations;
    this.#authenticator = authenticator;
  }

  addEndpoint(route: EndpointRoute): void {
    this.#routes.add(route);
  }

  useLimiter(limiter: LimiterHook): void {
    this.#limiter = limiter;
  }

  async describe(
    request: SimulatedRequest,
  ): Promise<RequestDescription | undefined> {
    if (isSignInHost(request)) {
      return { endpoint: 'sign-in' };
    }
    const address = addressOf(request, this.#organizations);
    if (!address) {
      return undefined;
    }
    const match = this.#match(request, address);
    const { organization } = address;
    const authentication =
      organization &&
      (await this.#authenticator.authenticate(request, organization));
    const query = queryOf(request.url);
    const understood: Understood = {
      address,
      match,
      authentication,
      query,
      description: {
        endpoint: endpointOf(request, address, match),
        organization: address.organizationName,
        identity:
          authentication && isAuthenticated(authentication)
            ? authentication.identity.name
            : this.#authenticator.tokenOf(request)?.identity,
        ...namedObjects(address, match),
      },
    };
    this.#understood.set(request, understood);
    return understood.description;
  }

  async handle(
    request: SimulatedRequest,
  ): Promise<SimulatedResponse | undefined> {
    if (isSignInHost(request)) {
      return signInPage(203);
    }
    const understood =
      this.#understood.get(request) ??
      ((await this.describe(request)) && this.#understood.get(request));
    if (!understood) {
      return undefined;
    }
    const { address, authentication } = understood;
    const { organization } = address;
    if (!organization || !authentication) {
      return withServiceHeaders(organizationNotFound(), undefined, undefined);
    }
    const inFront = answerInFront(request, organization);
    if (inFront) {
      return inFront;
    }
    if (!isAuthenticated(authentication)) {
      return withServiceHeaders(authentication, organization, undefined);
    }
    const { identity } = authentication;
    const answer = () =>
      Promise.resolve(
        this.#answer(request, understood, organization, identity),
      );
    const response = this.#limiter
      ? await this.#limiter(
          {
            request,
            identity,
            organization,
            endpoint: understood.description.endpoint,
          },
          answer,
        )
      : await answer();
    return withServiceHeaders(response, organization, identity);
  }

  #match(request: SimulatedRequest, address: Address): RouteMatch | undefined {
    if (!address.resource) {
      return undefined;
    }
    // A Server has search at the collection's own address.
    const candidates = [
      ...this.#routes.find(address.resource, address.host),
      ...(request.door === 'server'
        ? this.#routes.find(address.resource, 'search')
        : []),
    ];
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    return candidates.find(({ route }) => route.method === method);
  }

  #answer(
    request: SimulatedRequest,
    understood: Understood,
    organization: Organization,
    identity: Identity,
  ): SimulatedResponse | Promise<SimulatedResponse> {
    const { address, match, query } = understood;
    if (!address.resource) {
      return htmlPage(
        404,
        'Azure DevOps simulator',
        'The simulator has no pages, only the interface under _apis.',
      );
    }
    if (request.method === 'OPTIONS') {
      return locationsAnswer(
        this.#routes.all(),
        organization,
        address.resource[0],
      );
    }
    if (!match) {
      return noSuchResource(request);
    }
    const { route, parameters } = match;
    const apiVersion = versionOf(
      request,
      query,
      organization,
      route.previewOnly,
    );
    if ('status' in apiVersion) {
      return apiVersion;
    }
    const { scope = 'vso.code' } = route;
    const scopes = this.#authenticator.tokenOf(request)?.scopes;
    if (scope !== 'none' && scopes?.includes(scope) === false) {
      return refusedToken(organization);
    }
    const project = visibleProject(address, organization, identity);
    if (project && 'status' in project) {
      return project;
    }
    if (!project && route.project === 'required') {
      return noSuchResource(request);
    }
    return route.handle({
      request,
      identity,
      organization,
      endpoint: route.endpoint,
      project: project?.found,
      parameters,
      query,
      baseUrl: address.baseUrl,
      apiVersion,
    });
  }
}

/** Where redirects to the sign-in page lead. */
function isSignInHost({ url, door }: SimulatedRequest): boolean {
  return door === 'cloud' && url.hostname.endsWith('.vssps.visualstudio.com');
}

function endpointOf(
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
function namedObjects(
  { organization, project: projectName }: Address,
  match: RouteMatch | undefined,
): Pick<RequestDescription, 'project' | 'repository'> {
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

function visibleProject(
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
function queryOf(url: URL): (name: string) => string | undefined {
  let values: Map<string, string> | undefined;
  return name => {
    values ??= new Map(
      [...url.searchParams].map(([key, value]) => [key.toLowerCase(), value]),
    );
    return values.get(name.toLowerCase());
  };
}

function noSuchResource(request: SimulatedRequest): SimulatedResponse {
  return serviceError(
    404,
    'HttpException',
    `The controller for path '${request.url.pathname}' was not found or does not implement IController.`,
  );
}
