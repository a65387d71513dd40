import {
  api,
  component,
  domain,
  duplicate,
  resource,
  system,
  verbatim,
} from './documents';
import { described, type SeedOrganization } from './seed';

const CUSTOMER_360 = component({
  name: 'customer-360',
  type: 'data-product',
  description: 'One record for each customer',
  system: 'lakehouse',
  owner: 'group:data',
  dependsOn: ['resource:lake-storage'],
});

/** The data teams, in an organization of their own. */
export const nordhavnData: SeedOrganization = {
  name: 'nordhavn-data',
  projects: [
    {
      name: 'Data Platform',
      repositories: [
        described('lakehouse', [
          domain({ name: 'data', owner: 'group:data' }),
          system({ name: 'lakehouse', domain: 'data', owner: 'group:data' }),
          resource({
            name: 'lake-storage',
            type: 'object-storage',
            system: 'lakehouse',
            owner: 'group:data',
          }),
        ]),
        {
          name: 'pipelines',
          descriptors: Object.fromEntries(
            ['vessels', 'containers', 'customs', 'weather'].map(name => [
              `pipelines/${name}/catalog-info.yaml`,
              [
                component({
                  name: `${name}-pipeline`,
                  type: 'data-pipeline',
                  tags: ['spark'],
                  system: 'lakehouse',
                  owner: 'group:data',
                  dependsOn: ['resource:lake-storage'],
                }),
              ],
            ]),
          ),
        },
        described('kafka-connectors', [
          component({
            name: 'kafka-connectors',
            system: 'lakehouse',
            owner: 'group:data',
            dependsOn: ['component:event-bus'],
          }),
          verbatim('broken', '- just\n- a\n- list'),
          resource({
            name: 'connector-offsets',
            type: 'database',
            system: 'lakehouse',
            owner: 'group:data',
          }),
        ]),
        described('customer-360', [CUSTOMER_360]),
        described('customer-360-v2', [duplicate(CUSTOMER_360)]),
        described('dbt-models', [
          component({
            name: 'dbt-models',
            type: 'library',
            tags: ['sql', 'dbt'],
            system: 'lakehouse',
            owner: 'group:data',
          }),
        ]),
        {
          name: 'old-etl',
          disabled: true,
          descriptors: {
            'catalog-info.yaml': [
              component({ name: 'old-etl', lifecycle: 'deprecated' }),
            ],
          },
        },
        { name: 'scratch', empty: true },
      ],
    },
    {
      name: 'Analytics',
      repositories: [
        described(
          'forecasting',
          [
            component({
              name: 'forecasting',
              tags: ['python', 'ml'],
              owner: 'group:data',
              providesApis: ['demand-forecast'],
              dependsOn: ['component:customer-360'],
            }),
            api({
              name: 'demand-forecast',
              type: 'openapi',
              owner: 'group:data',
              definition: '\n    $text: ./openapi.yaml',
            }),
          ],
          {
            files: {
              'openapi.yaml':
                'openapi: 3.0.3\ninfo:\n  title: Demand forecast\n  version: 0.9.0\npaths: {}\n',
            },
          },
        ),
        described('ML models', [
          component({
            name: 'ml-models',
            type: 'model',
            lifecycle: 'experimental',
            owner: 'group:data',
          }),
        ]),
        described('dashboards', [
          verbatim(
            'refused',
            `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Quay Dashboards & Reports
spec:
  type: website
  lifecycle: production
  owner: group:data`,
          ),
        ]),
        described('feature-store', [
          component({
            name: 'feature-store',
            owner: 'group:data',
            dependsOn: ['resource:lake-storage'],
          }),
        ]),
        { name: 'notebooks', files: { 'eda.ipynb': '{"cells": []}\n' } },
        { name: 'forecasting-experiments', forkOf: 'Analytics/forecasting' },
      ],
    },
  ],
};
