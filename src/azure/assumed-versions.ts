import { isCloudHost, type Organization } from '../organization';
import { faultOf } from './errors';

// Some proxies let no OPTIONS through. Then it is assumed what the service
// would have answered: where its resources are, and in which version.

/** A resource as `OPTIONS` describes it. */
interface ResourceLocation {
  readonly id: string;
  readonly area: string;
  readonly resourceName: string;
  readonly routeTemplate: string;
}

const IN_REPOSITORY = '{project}/_apis/{area}/repositories/{repositoryId}';

/** The resources that are asked for, the same on every deployment. Source: azure-devops-node-api, and `OPTIONS` of the service. */
const LOCATIONS: readonly ResourceLocation[] = [
  {
    id: '225f7195-f9c7-4d14-ab28-a83f7ff77e1f',
    area: 'git',
    resourceName: 'repositories',
    routeTemplate: '{project}/_apis/{area}/{resource}/{repositoryId}',
  },
  {
    id: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
    area: 'git',
    resourceName: 'items',
    routeTemplate: `${IN_REPOSITORY}/{resource}/{*path}`,
  },
  {
    id: '7b28e929-2c99-405d-9c5c-6167a06e6816',
    area: 'git',
    resourceName: 'blobs',
    routeTemplate: `${IN_REPOSITORY}/{resource}/{sha1}`,
  },
  {
    id: '2b6869c4-cb25-42b5-b7a3-0d3e6be0a11a',
    area: 'git',
    resourceName: 'deletedRepositories',
    routeTemplate: '{project}/_apis/{area}/{resource}',
  },
  {
    id: '603fe2ac-9723-48b9-88ad-09305aa6c6e1',
    area: 'core',
    resourceName: 'projects',
    routeTemplate: '_apis/{resource}/{*projectId}',
  },
  {
    id: '00d9565f-ed9c-4a06-9a50-00e7896ccab4',
    area: 'Location',
    resourceName: 'ConnectionData',
    routeTemplate: '_apis/{resource}',
  },
];

/** The released version of Azure DevOps Services. */
const OF_SERVICES = '7.1';
/** Azure DevOps Server 2019, the oldest that is supported, has this one. */
const OF_SERVERS = '5.0';

/** The version of the interface that is assumed. */
export function assumedVersion({ host }: Organization): string {
  return isCloudHost(host) ? OF_SERVICES : OF_SERVERS;
}

/** What `OPTIONS` would have answered, as far as it is needed. */
export function assumedLocations(organization: Organization) {
  const version = assumedVersion(organization);
  const value = LOCATIONS.map(location => ({
    ...location,
    // Its own version within a preview of the interface.
    resourceVersion: 1,
    minVersion: '1.0',
    maxVersion: version,
    // 0.0 stands for: only ever a preview.
    releasedVersion: location.area === 'Location' ? '0.0' : version,
  }));
  return { count: value.length, value };
}

/** The answers of a proxy or web server that refuses the method. 404 may also mean that there is no such organization, which the next request shows. */
const REFUSALS: ReadonlySet<number> = new Set([404, 405, 501]);

/** The status with which `OPTIONS` was refused; `undefined` for any other error. */
export function refusalOfOptions(error: unknown): number | undefined {
  const status = faultOf(error)?.status;
  return status !== undefined && REFUSALS.has(status) ? status : undefined;
}
