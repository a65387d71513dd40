import {
  deniedByIis,
  htmlPage,
  organizationNotFound,
  ErrorAnswer,
  serviceError,
  signInPage,
} from '../errors';
import type {
  Accepted,
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
import { deniedToken, type Authenticator } from './authentication';
import { projectNotFound } from './failures';
import { withServiceHeaders } from './headers';
import { locationsAnswer } from './connection';
import { findRepository } from './repositories';
import { RouteTable, type RouteMatch } from './routes';
import { versionOf } from './versions';

/** A request with what could be found out about it. */
interface Asked {
  readonly request: SimulatedRequest;
  readonly address: Address;
  readonly match: RouteMatch | undefined;
  readonly organization: Organization;
  readonly endpoint: string;
}

/** Azure DevOps Services and Azure DevOps Server, as far as their interface goes. */
export class AzureDevOpsService implements SimulatedService {
  readonly #organizations: Organizations;
  readonly #authenticator: Authenticator;
  readonly #routes: RouteTable;
  #limiter: LimiterHook | undefined;

  constructor(
    organizations: Organizations,
    authenticator: Authenticator,
    routes: readonly EndpointRoute[],
  ) {
    this.#organizations = organizations;
    this.#authenticator = authenticator;
    this.#routes = new RouteTable(routes);
  }

  useLimiter(limiter: LimiterHook): void {
    this.#limiter = limiter;
  }

  async accept(request: SimulatedRequest): Promise<Accepted | undefined> {
    if (isSignInHost(request)) {
      return {
        description: { endpoint: 'sign-in' },
        answer: () => signInPage(203),
      };
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
    const endpoint = endpointOf(request, address, match);
    return {
      description: {
        endpoint,
        organization: address.organizationName,
        identity:
          authentication && isAuthenticated(authentication)
            ? authentication.identity.name
            : this.#authenticator.tokenOf(request)?.identity,
        ...namedObjects(address, match),
      },
      answer: () =>
        organization && authentication
          ? this.#answer({
              request,
              address,
              match,
              endpoint,
              organization,
              authentication,
            })
          : withServiceHeaders(organizationNotFound(), undefined, undefined),
    };
  }

  /** What stands in front of the service, its headers and its limit. */
  async #answer(
    asked: Asked & { readonly authentication: Authentication },
  ): Promise<SimulatedResponse> {
    const { request, organization, authentication, endpoint } = asked;
    const inFront = answerInFront(request, organization);
    if (inFront) {
      return inFront;
    }
    if (!isAuthenticated(authentication)) {
      return withServiceHeaders(authentication, organization, undefined);
    }
    const { identity } = authentication;
    const answer = async () => {
      try {
        return await this.#resource(asked, identity);
      } catch (error) {
        if (error instanceof ErrorAnswer) {
          return error.answer;
        }
        throw error;
      }
    };
    const response = this.#limiter
      ? await this.#limiter(
          { request, identity, organization, endpoint },
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

  #resource(
    { request, address, match, organization, endpoint }: Asked,
    identity: Identity,
  ): SimulatedResponse | Promise<SimulatedResponse> {
    if (!address.resource) {
      return htmlPage(
        404,
        'Azure DevOps simulator',
        'The simulator has no pages, only the interface under _apis.',
      );
    }
    if (request.method === 'OPTIONS') {
      return locationsAnswer(
        this.#routes.all,
        organization,
        address.resource[0],
      );
    }
    if (!match) {
      return noSuchResource(request);
    }
    const { route, parameters } = match;
    const query = queryOf(request.url);
    const apiVersion = versionOf(
      request,
      query,
      organization,
      route.previewOnly,
    );
    const { scope = 'vso.code' } = route;
    const scopes = this.#authenticator.tokenOf(request)?.scopes;
    if (scope !== 'none' && scopes?.includes(scope) === false) {
      return deniedToken(organization);
    }
    const project = visibleProject(address, organization, identity);
    if (!project && route.project === 'required') {
      return noSuchResource(request);
    }
    return route.handle({
      request,
      identity,
      organization,
      endpoint,
      project,
      parameters,
      query,
      baseUrl: address.baseUrl,
      apiVersion,
    });
  }
}

/** The answer of what stands in front of the service, where it does not let a request through. */
function answerInFront(
  request: SimulatedRequest,
  { optionsAnsweredWith, iisBasicAuthentication }: Organization,
): SimulatedResponse | undefined {
  if (optionsAnsweredWith && request.method === 'OPTIONS') {
    return htmlPage(optionsAnsweredWith, `${optionsAnsweredWith}`, 'nginx');
  }
  // IIS takes every Basic credential for a Windows account, and a token for a
  // wrong password; the Server is not asked. Sources:
  // https://learn.microsoft.com/azure/devops/integrate/get-started/authentication/iis-basic-auth,
  // MicrosoftDocs/azure-devops-docs issue 8890
  return iisBasicAuthentication
    ? deniedByIis(['Basic realm="localhost"', 'Negotiate', 'NTLM'])
    : undefined;
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
): Project | undefined {
  if (name === undefined) {
    return undefined;
  }
  const found = organization.findProject(name);
  if (!found || !organization.access(identity)?.canReadProject(found)) {
    throw projectNotFound(name);
  }
  return found;
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
