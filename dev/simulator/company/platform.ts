import {
  api,
  component,
  location,
  resource,
  system,
  verbatim,
} from './documents';
import { descriptorText, described, type SeedProject } from './seed';

const TEMPLATE = `apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: spring-service
  title: A Spring service
  description: With a pipeline and a dashboard
spec:
  owner: group:platform
  type: service
  parameters: []
  steps: []`;

const USER = `apiVersion: backstage.io/v1alpha1
kind: User
metadata:
  name: astrid.holm
spec:
  profile:
    displayName: Astrid Holm
  memberOf: [platform]`;

const GROUP = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: platform
spec:
  type: team
  children: []`;

/** What the other teams build on. */
export const platform: SeedProject = {
  name: 'Platform',
  description: 'What the other teams build on',
  repositories: [
    {
      name: 'platform',
      descriptors: {
        'catalog-info.yaml': [
          system({ name: 'platform', title: 'Platform' }),
          location({
            name: 'platform-parts',
            targets: [
              './observability/component.yaml',
              './network/resources.yaml',
            ],
          }),
        ],
      },
      // Not descriptors by their names: the catalog reads them through the Location above.
      files: {
        'observability/component.yaml': descriptorText([
          component({ name: 'observability', system: 'platform' }),
        ]),
        'network/resources.yaml': descriptorText([
          resource({
            name: 'edge-firewall',
            type: 'firewall',
            system: 'platform',
          }),
          resource({ name: 'core-vnet', type: 'network', system: 'platform' }),
        ]),
      },
    },
    described('identity-service', [
      component({
        name: 'identity-service',
        tags: ['dotnet'],
        system: 'platform',
        providesApis: ['identity'],
      }),
      api({
        name: 'identity',
        system: 'platform',
        definition:
          '|\n    openapi: 3.0.3\n    info: { title: Identity, version: 1.0.0 }\n    paths: {}',
      }),
    ]),
    described('event-bus', [
      component({
        name: 'event-bus',
        type: 'messaging',
        description: 'Kafka, with rules about who may publish what',
        system: 'platform',
      }),
    ]),
    described('terraform-modules', [
      component({
        name: 'terraform-modules',
        type: 'library',
        system: 'platform',
      }),
    ]),
    described('service-templates', [
      component({ name: 'service-templates', type: 'documentation' }),
      verbatim('forbidden', TEMPLATE),
    ]),
    described('org-chart', [
      verbatim('forbidden', USER),
      verbatim('forbidden', GROUP),
    ]),
    described(
      'handbook',
      [
        component({
          name: 'handbook',
          type: 'documentation',
          annotations: { 'backstage.io/techdocs-ref': 'dir:.' },
        }),
      ],
      { files: { 'docs/index.md': '# How we work\n' } },
    ),
    { name: 'build-agents', files: { Dockerfile: 'FROM alpine:3.20\n' } },
    { name: 'Platform.wiki', hidden: true, files: { 'Home.md': '# Home\n' } },
    { name: 'next-gen-gateway', empty: true },
  ],
};
