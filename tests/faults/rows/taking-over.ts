import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../support/random';
import { targetsOf } from '../../../src/ledger/catalog-view';
import { until } from '../../support/until';
import { Drift } from '../stage/drift';
import { Evidence } from '../stage/evidence';
import { Replica } from '../stage/replica';
import type { RowOutcome, Scale } from '../stage/row';
import type { Stage } from '../stage/stage';
import { minutesLater } from '../stage/clock';

/** The official module's Locations are taken over by processes that are killed over it. */
export async function killWhileTakingOver(
  { killPoints }: Scale,
  stage: Stage,
): Promise<RowOutcome> {
  const random = seededRandom(8);
  const drift = new Drift(stage.world, random);
  const evidence = new Evidence(stage, drift);
  await evidence.begin();
  const found: string[] = [];
  let next = Replica.load();
  try {
    for (let kill = 0; kill < killPoints / 5; kill++) {
      const replica = next;
      next = Replica.load();
      await replica.start(stage.catalogOptions());
      await minutesLater(stage);
      replica.beginRefresh();
      await replica.refreshing();
      if (kill % 2 === 0) {
        await delay(random() * PASSES_MS);
      } else {
        await until('the first Location to lose its targets', async () => {
          const { untouched, silenced } = await progressOf(stage);
          return silenced > 0 || untouched === 0;
        });
        await delay(random() * SETTLING_MS);
      }
      await replica.kill();
      await evidence.nothingIsLost();
      const { untouched, silenced } = await progressOf(stage);
      found.push(`${untouched}+${silenced}`);
      if (untouched + silenced === 0) {
        // This one was done before it was killed.
        break;
      }
    }
    await next.start(stage.catalogOptions());
    await minutesLater(stage);
    await evidence.becomesWhole(() => next.refresh());
  } finally {
    await next.kill();
  }
  return evidence.outcome(
    `no error; Locations untouched + without targets after each kill: ${found.join(', ')}`,
  );
}

/** About what the passes last, and less than the catalog needs to process the Locations: so nobody gets done. */
const PASSES_MS = 3_000;
const SETTLING_MS = 500;

/** How many official Locations are as they were, and how many have lost their targets. */
async function progressOf({
  knex,
}: Stage): Promise<{ untouched: number; silenced: number }> {
  const entities: string[] = await knex('refresh_state')
    .whereLike('entity_ref', 'location:default/generated-%')
    .pluck('unprocessed_entity');
  const silenced = entities.filter(json => targetsOf(json).length === 0).length;
  return { untouched: entities.length - silenced, silenced };
}
