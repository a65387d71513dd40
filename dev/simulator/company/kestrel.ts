import { api, component, resource, system, verbatim } from './documents';
import { described, type SeedOrganization } from './seed';

const MASTER = { defaultBranch: 'master' };

/** A haulier that was bought last year: older habits, `master` branches. */
export const kestrelFreight: SeedOrganization = {
  name: 'kestrel-freight',
  projects: [
    {
      name: 'Fleet',
      repositories: [
        described(
          'fleet-api',
          [
            system({
              name: 'fleet',
              namespace: 'kestrel',
              owner: 'group:kestrel/fleet',
            }),
            component({
              name: 'fleet-api',
              namespace: 'kestrel',
              system: 'fleet',
              owner: 'group:kestrel/fleet',
              providesApis: ['default/tracking'],
              dependsOn: ['resource:kestrel/fleet-db'],
            }),
            api({
              name: 'tracking',
              description: 'Where a container is',
              owner: 'group:kestrel/fleet',
              definition:
                '|\n    openapi: 3.0.3\n    info: { title: Tracking, version: 3.1.0 }\n    paths: {}',
            }),
            resource({
              name: 'fleet-db',
              namespace: 'kestrel',
              type: 'database',
              system: 'fleet',
              owner: 'group:kestrel/fleet',
            }),
          ],
          MASTER,
        ),
        described(
          'telematics',
          [
            component({
              name: 'telematics',
              namespace: 'kestrel',
              tags: ['go'],
              system: 'fleet',
              owner: 'group:kestrel/fleet',
              dependsOn: ['component:default/event-bus'],
            }),
          ],
          MASTER,
        ),
        described(
          'route-optimizer',
          [
            component({
              name: 'route-optimizer',
              namespace: 'kestrel',
              lifecycle: 'experimental',
              system: 'fleet',
              owner: 'group:kestrel/fleet',
              consumesApis: ['default/tracking'],
            }),
          ],
          MASTER,
        ),
        described(
          "Driver's App",
          [
            component({
              name: 'driver-app',
              namespace: 'kestrel',
              type: 'mobile-app',
              system: 'fleet',
              owner: 'group:kestrel/fleet',
              consumesApis: ['default/tracking'],
            }),
          ],
          MASTER,
        ),
        { name: 'fleet-api-patches', forkOf: 'Fleet/fleet-api' },
      ],
    },
    {
      name: 'Back Office',
      repositories: [
        described(
          'invoicing',
          [
            component({
              name: 'invoicing',
              namespace: 'kestrel',
              owner: 'group:kestrel/finance',
              consumesApis: ['default/booking'],
            }),
            verbatim(
              'refused',
              `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  title: The nameless one
spec:
  type: service
  lifecycle: production
  owner: group:kestrel/finance`,
            ),
          ],
          MASTER,
        ),
        described(
          'customs-gateway',
          [
            component({
              name: 'customs-gateway',
              namespace: 'kestrel',
              owner: 'group:kestrel/finance',
              dependsOn: ['component:default/customs-pipeline'],
            }),
          ],
          MASTER,
        ),
        {
          name: 'erp-extensions',
          defaultBranch: 'develop',
          files: { 'Z_INVOICE.abap': 'REPORT z_invoice.\n' },
        },
        described(
          'payroll',
          [verbatim('broken', 'kind: Component: Payroll\nmetadata: {')],
          MASTER,
        ),
        { name: 'merged', disabled: true, files: { 'README.txt': 'Moved.\n' } },
      ],
    },
    {
      name: 'Sandbox',
      state: 'createPending',
      repositories: [],
    },
  ],
};
