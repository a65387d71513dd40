import type { JsonObject } from '@backstage/types';

/** What is simulated: so many repositories with a descriptor each, of the size and shape that people write. */

export const ORGANIZATION = 'contoso';
/** Another, with few repositories. */
export const OTHER = 'fabrikam';
/** With these service hooks deliver. */
export const INGRESS = {
  username: 'azure-devops',
  password: 'a password of the benchmark',
};
export const TOKEN = 'a-personal-access-token-of-the-benchmark';
export const IDENTITY = 'ingester';
/** `integrations` of a backend that reads it. */
export const INTEGRATIONS: JsonObject = {
  azure: [
    { host: 'dev.azure.com', credentials: [{ personalAccessToken: TOKEN }] },
  ],
};
export const DESCRIPTOR = '/catalog-info.yaml';
/** A placeholder's file, where there is one. */
export const DEFINITION = '/docs/definition.yaml';
const REPOSITORIES_PER_PROJECT = 250;

/** All names are equally long: what grows with the number of repositories is not to grow with its digits. */
function digits(number: number): string {
  return String(number).padStart(5, '0');
}

export function projectName(project: number): string {
  return `Project ${digits(project)}`;
}

export function projectOf(repository: number): number {
  return Math.floor(repository / REPOSITORIES_PER_PROJECT);
}

export function repositoryName(repository: number): string {
  return `service-${digits(repository)}`;
}

/** The address of a repository's descriptor, as a person would register it. */
export function descriptorUrl(repository: number): string {
  const project = encodeURIComponent(projectName(projectOf(repository)));
  return `https://dev.azure.com/${ORGANIZATION}/${project}/_git/${repositoryName(repository)}?path=${DESCRIPTOR}`;
}

/** @param version - another makes another descriptor of it */
export function descriptor(repository: number, version = 0): string {
  const name = repositoryName(repository);
  return `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ${name}
  title: Service ${digits(repository)}
  description: >-
    Takes orders of kind ${digits(repository)}, checks them against the price list and
    passes them on to the warehouse. Version ${version}.
  annotations:
    dev.azure.com/project-repo: ${projectName(projectOf(repository))}/${name}
    dev.azure.com/build-definition: ${name}-ci
    backstage.io/techdocs-ref: dir:.
    sonarqube.org/project-key: contoso_${name}
  tags:
    - java
    - orders
    - tier-${repository % 4}
  links:
    - url: https://grafana.example.com/d/${name}
      title: Dashboard
      icon: dashboard
    - url: https://wiki.example.com/services/${name}
      title: Runbook
spec:
  type: service
  lifecycle: ${repository % 7 === 0 ? 'experimental' : 'production'}
  owner: team-${digits(repository % 60)}
  system: system-${digits(repository % 200)}
  dependsOn:
    - resource:default/orders-${digits(repository % 50)}
    - component:default/${repositoryName(Math.floor(repository / 2))}
`;
}

/** One that takes a part of itself from another file, as an API does. */
export function descriptorWithPlaceholder(repository: number): string {
  const name = repositoryName(repository);
  return `apiVersion: backstage.io/v1alpha1
kind: API
metadata:
  name: ${name}
  description: The interface of service ${digits(repository)}
spec:
  type: openapi
  lifecycle: production
  owner: team-${digits(repository % 60)}
  definition:
    $text: .${DEFINITION}
`;
}

export function definition(repository: number, version = 0): string {
  return `openapi: 3.0.0
info: { title: Service ${digits(repository)}, version: 1.0.${version} }
paths:
  /orders/{id}:
    get:
      responses: { '200': { description: The order } }
`;
}
