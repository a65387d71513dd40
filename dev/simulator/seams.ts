import type { SimulatedRequest, SimulatedResponse } from './http';
import type { Identity, Organization, Project } from './model';

// Where the parts of the simulator plug into each other.

/** Who makes a request, or the answer with which the organization denies it. */
export type Authentication =
  { readonly identity: Identity } | SimulatedResponse;

/** Whether a request was let in. */
export function isAuthenticated(
  authentication: Authentication,
): authentication is { readonly identity: Identity } {
  return 'identity' in authentication;
}

/** Checks an Entra access token that an organization was shown. */
export type BearerAuthentication = (
  token: string,
  organization: Organization,
) => Authentication | Promise<Authentication>;

/** An authenticated request on its way to its endpoint. */
interface PacedCall {
  readonly request: SimulatedRequest;
  readonly identity: Identity;
  readonly organization: Organization;
  readonly endpoint: string;
}

/** Stands around every authenticated request: may hold it back, add headers to its answer, or answer instead. */
export type LimiterHook = (
  call: PacedCall,
  next: () => Promise<SimulatedResponse>,
) => Promise<SimulatedResponse>;

/** What an endpoint is asked. */
export interface Call extends PacedCall {
  /** The project that the address names, if it names one that the identity may see. */
  readonly project?: Project;
  /** The parts of the address that the route's template leaves open, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The query; names without regard to case, as the service reads them. */
  query(name: string): string | undefined;
  /** Where the organization is found in this request: `https://dev.azure.com/contoso`, without a slash at the end. */
  readonly baseUrl: string;
  readonly apiVersion: ApiVersion;
}

/** A version of the interface as it was asked for: `7.1-preview.2` is number 7.1. */
export interface ApiVersion {
  readonly number: number;
  readonly text: string;
}

/** One endpoint under an organization's `_apis`. */
export interface EndpointRoute {
  /** Its name in the log, in counters and in faults. */
  readonly endpoint: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** What follows `_apis/`, with open parts in braces: `git/repositories/{repositoryId}/items`. Compared without regard to case. */
  readonly template: string;
  /** Whether a project stands before `_apis`. Default `optional`. */
  readonly project?: 'required' | 'optional' | 'none';
  /** Where it is found. Default `main`: the organization's own address; `search`: almsearch.dev.azure.com (on a Server the collection's address). */
  readonly host?: 'main' | 'search';
  /** Whether it is in preview in every version, so that requests need the `-preview` flag. */
  readonly previewOnly?: boolean;
  /** The scope that a personal access token needs; `none` for any. Default `vso.code`. */
  readonly scope?: 'vso.code' | 'vso.project' | 'none';
  /** The route as `OPTIONS` describes it to client libraries. */
  readonly location?: ResourceLocation;
  handle(call: Call): SimulatedResponse | Promise<SimulatedResponse>;
}

/** How `OPTIONS {base}/_apis/{area}` describes a resource; the client libraries build addresses from it. */
interface ResourceLocation {
  /** A GUID that is the same on every deployment. */
  readonly id: string;
  readonly area: string;
  readonly resourceName: string;
  readonly routeTemplate: string;
  /** Default 1. */
  readonly resourceVersion?: number;
}
