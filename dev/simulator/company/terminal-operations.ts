import { api, component, resource, system, verbatim } from './documents';
import { described, type SeedProject } from './seed';

/** Cranes, gates and yards. A name with every character that URLs stumble over. */
export const terminalOperations: SeedProject = {
  name: 'Terminal Operations',
  description: 'Cranes, gates and yards',
  repositories: [
    {
      name: 'terminal',
      descriptors: {
        'catalog-info.yaml': [
          system({
            name: 'terminal',
            title: 'Terminal operating system',
            owner: 'group:terminals',
          }),
        ],
        'services/gate/catalog-info.yaml': [
          component({
            name: 'gate',
            description: 'Lets trucks in and out',
            system: 'terminal',
            owner: 'group:terminals',
            providesApis: ['gate'],
          }),
          api({
            name: 'gate',
            system: 'terminal',
            owner: 'group:terminals',
            definition: '\n    $openapi: ./openapi.yaml',
          }),
        ],
        'services/crane/catalog-info.yaml': [
          component({
            name: 'crane-scheduler',
            system: 'terminal',
            owner: 'group:terminals',
            dependsOn: ['component:event-bus', 'resource:crane-telemetry'],
          }),
        ],
        'services/yard/catalog-info.yaml': [
          component({
            name: 'yard-map',
            system: 'terminal',
            owner: 'group:terminals',
            consumesApis: ['gate'],
          }),
          resource({
            name: 'crane-telemetry',
            type: 'timeseries-database',
            system: 'terminal',
            owner: 'group:terminals',
          }),
        ],
        'libraries/units/catalog-info.yaml': [
          component({
            name: 'units-library',
            type: 'library',
            system: 'terminal',
            owner: 'group:terminals',
          }),
        ],
      },
      files: {
        'services/gate/openapi.yaml':
          "openapi: 3.0.3\ninfo:\n  title: Gate\n  version: 1.0.0\npaths:\n  /visits:\n    post:\n      summary: Announce a truck\n      responses:\n        '201':\n          description: Announced\n",
      },
    },
    described('gate-kiosk', [
      component({
        name: 'gate-kiosk',
        type: 'website',
        system: 'terminal',
        owner: 'group:terminals',
        consumesApis: ['gate'],
      }),
    ]),
    described('Crane Control #2', [
      component({
        name: 'crane-control-2',
        title: 'Crane control, quay 2',
        system: 'terminal',
        owner: 'group:terminals',
        subcomponentOf: 'component:crane-scheduler',
      }),
    ]),
    described('berth & tide', [
      component({
        name: 'berth-and-tide',
        title: 'Berth & tide',
        system: 'terminal',
        owner: 'group:terminals',
      }),
    ]),
    described('yard-planner', [
      component({
        name: 'yard-planner',
        tags: ['kotlin'],
        system: 'terminal',
        owner: 'group:terminals',
        dependsOn: ['component:yard-map'],
      }),
    ]),
    described('sensor-hub', [
      verbatim(
        'broken',
        'apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n\tname: sensor-hub\nspec:\n\ttype: service',
      ),
    ]),
    {
      name: 'weighbridge-firmware',
      files: { 'src/main.c': 'int main(void) { return 0; }\n' },
    },
  ],
};
