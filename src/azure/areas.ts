import type { ClientApiBase } from 'azure-devops-node-api/ClientApiBases';
import { CoreApi } from 'azure-devops-node-api/CoreApi';
import { GitApi } from 'azure-devops-node-api/GitApi';
import { LocationsApi } from 'azure-devops-node-api/LocationsApi';
import { ProjectAnalysisApi } from 'azure-devops-node-api/ProjectAnalysisApi';

/** A part of the service's interface, and the library's class for it. */
export interface ApiArea<A extends ClientApiBase> {
  /** Its name in addresses: `_apis/{name}`. */
  readonly name: string;
  /** A resource of the area. Any will do: the library asks for all of them at once. */
  readonly anyResource: string;
  create(baseUrl: string): A;
}

/** Repositories and what is in them. */
export const GIT: ApiArea<GitApi> = {
  name: 'git',
  anyResource: 'fb93c0db-47ed-4a31-8c20-47552878fb44',
  create: baseUrl => new GitApi(baseUrl, []),
};

/** Projects. */
export const CORE: ApiArea<CoreApi> = {
  name: 'core',
  anyResource: '603fe2ac-9723-48b9-88ad-09305aa6c6e1',
  create: baseUrl => new CoreApi(baseUrl, []),
};

/** What the organization says of itself and of whoever asks. */
export const LOCATIONS: ApiArea<LocationsApi> = {
  name: 'Location',
  anyResource: '00d9565f-ed9c-4a06-9a50-00e7896ccab4',
  create: baseUrl => new LocationsApi(baseUrl, []),
};

/** What is known of projects from their history. Not in the REST reference; only the library tells of it. */
export const PROJECT_ANALYSIS: ApiArea<ProjectAnalysisApi> = {
  name: 'projectanalysis',
  anyResource: 'df7fbbca-630a-40e3-8aa3-7a3faf66947e',
  create: baseUrl => new ProjectAnalysisApi(baseUrl, []),
};
