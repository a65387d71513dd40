import { until } from '../../support/until';
import { outage } from '../stage/outage';
import { withComponents } from '../stage/picture';
import type { Row } from '../stage/row';
import type { Stage } from '../stage/stage';
import { component, DESCRIPTOR, referencesOf } from '../stage/world';

/** What is taken from the catalog behind the module's back. */
const DELETED = [3, 4, 5, 10, 61];

/** Group 7: the catalog loses what was applied to it, through no fault of the service. */
export const HEALING_ROWS: readonly Row[] = [
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
];

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
