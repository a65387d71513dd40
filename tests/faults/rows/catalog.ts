import { until } from '../../support/until';
import { outage } from '../stage/outage';
import { withComponents, withoutReferences } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import { component, DESCRIPTOR, referencesOf } from '../stage/world';

/** What is taken from the catalog behind the module's back. */
const DELETED = [3, 4, 5, 10, 61];

/** Group 7: the catalog loses what was applied to it, through no fault of the service. */
export const CATALOG_ROWS: readonly Row[] = [
  outage({
    group: 7,
    name: 'entities deleted by hand',
    injected:
      'one through the API, five in the tables of the catalog; nothing changed in the repositories',
    expected: 'They return with the next refresh.',
    strikes: 'all',
    during: [],
    end: deleteByHand,
    mayBeReplaced: [7, ...DELETED].flatMap(number =>
      referencesOf('contoso', number),
    ),
  }),
  outage({
    group: 7,
    name: 'a conflict that ends',
    injected:
      'a registered location owns the entity of a new descriptor; then it is unregistered',
    expected:
      'The other owner is left alone; when it goes, the entity comes from our file with the next refresh.',
    during: [
      {
        begin: blockByConflict,
        holds: withComponents(['contoso-20'], 7),
      },
    ],
    end: endConflict,
    endsWith: withComponents(['contoso-20'], 1),
  }),
  outage({
    group: 7,
    name: 'an entity given to the catalog again after it was removed',
    injected:
      'what a replica does that stood still for longer than its lease between reading what is to be applied and applying it: the rows of the catalog as they were',
    expected:
      'The ledger knows nothing of it, so that it leaves with the next refresh; what other emitters gave stays.',
    during: [
      {
        async begin(stage) {
          const rows = await rowsOf(stage);
          stage.world
            .repository('contoso', 3)
            .push({ files: { [DESCRIPTOR]: null } });
          await stage.refresh();
          await giveAgain(stage, rows);
        },
        holds: withoutReferences(referencesOf('contoso', 3)),
      },
    ],
    endsWith: withoutReferences(referencesOf('contoso', 3)),
  }),
  outage({
    group: 7,
    name: "a file's own Location, named as the official module names its Locations",
    injected:
      'generated-{40 hexadecimal digits}, with a target that cannot be read',
    expected:
      'It is an entity as any other: nothing is taken over, and nothing is waited for.',
    during: [
      {
        begin: stage => {
          stage.world
            .repository('contoso', 20)
            .push({ files: { [DESCRIPTOR]: LOCATION } });
        },
        refreshes: 2,
        errors: 1,
      },
    ],
    end: stage => {
      stage.world
        .repository('contoso', 20)
        .push({ files: { [DESCRIPTOR]: null } });
    },
    check: async stage =>
      stage.catalog.logs
        .map(({ message }) => message)
        .filter(message => /Taking over|former Locations/.test(message)),
  }),
];

const LOCATION = [
  'apiVersion: backstage.io/v1alpha1',
  'kind: Location',
  'metadata:',
  `  name: generated-${'0123456789'.repeat(4)}`,
  'spec:',
  '  type: url',
  '  targets:',
  '    - https://dev.azure.com/contoso/Payments/_git/repository-040?path=/catalog-info.yaml',
  '',
].join('\n');

const TABLES = {
  refresh_state: 'entity_ref',
  refresh_state_references: 'target_entity_ref',
};
type Rows = Record<string, Array<Record<string, unknown>>>;

async function rowsOf(stage: Stage): Promise<Rows> {
  const rows: Rows = {};
  for (const [table, column] of Object.entries(TABLES)) {
    rows[table] = await stage
      .knex(table)
      .whereIn(column, referencesOf('contoso', 3));
  }
  return rows;
}

async function giveAgain(stage: Stage, rows: Rows): Promise<void> {
  for (const [table, former] of Object.entries(rows)) {
    await stage.knex(table).insert(former.map(({ id: _id, ...row }) => row));
  }
}

async function deleteByHand(stage: Stage): Promise<void> {
  const { client } = stage.catalog;
  const [byApi = ''] = referencesOf('contoso', 7);
  const entity = await client.getEntityByRef(byApi);
  await client.removeEntityByUid(entity?.metadata.uid ?? '');
  const references = DELETED.flatMap(number => referencesOf('contoso', number));
  for (const table of ['refresh_state_references', 'refresh_state']) {
    await stage
      .knex(table)
      .whereIn(
        table === 'refresh_state' ? 'entity_ref' : 'target_entity_ref',
        references,
      )
      .delete();
  }
}

/** The file that is registered, beside the one that the module finds. */
const OTHER_FILE = '/other.yaml';
const CONTESTED = 'contoso-20';

async function blockByConflict(stage: Stage): Promise<void> {
  const repository = stage.world.repository('contoso', 20);
  repository.push({ files: { [OTHER_FILE]: component(CONTESTED, 7) } });
  await stage.catalog.client.addLocation({
    type: 'url',
    target: `https://dev.azure.com/contoso/Payments/_git/${repository.name}?path=${OTHER_FILE}`,
  });
  await until('the registered location to be read', async () => {
    const { entities } = await stage.snapshot();
    return entities.has(`component:default/${CONTESTED}`);
  });
  repository.push({ files: { [DESCRIPTOR]: component(CONTESTED) } });
}

async function endConflict(stage: Stage): Promise<void> {
  const { client } = stage.catalog;
  const { items } = await client.getLocations();
  for (const { id } of items) {
    await client.removeLocationById(id);
  }
  await until('the registered location to be gone', async () => {
    const { entities } = await stage.snapshot();
    return !entities.has(`component:default/${CONTESTED}`);
  });
}
