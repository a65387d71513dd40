import { until } from '../../support/until';
import { TABLES } from '../../../src/ledger/rows';
import { Replica } from '../stage/replica';
import type { RowOutcome, Scale } from '../stage/row';
import type { Stage } from '../stage/stage';
import { component, componentName, DESCRIPTOR } from '../stage/world';

const CONSUMER = 'https://backstage.contoso.example';
const INGRESS = {
  username: 'azure-devops',
  password: 'a password of the fault table',
};
/** Long enough to be killed in, in milliseconds. */
const WAIT_MS = 3_000;

/**
 * A push is delivered, and the process that took the delivery is killed before it
 * knows what changed: in every other round as soon as it has answered, else while
 * it waits for Azure DevOps. No refresh comes for a day.
 */
export async function killAfterDelivery(
  { interleavings }: Scale,
  stage: Stage,
): Promise<RowOutcome> {
  const { simulator } = stage;
  const { hooks } = simulator.parts;
  const contoso = stage.world.organization('contoso');
  const failures: string[] = [];
  hooks.subscribe(contoso, {
    eventType: 'git.push',
    publisherInputs: {
      projectId: stage.world.project('contoso', 'Payments').id,
    },
    consumerInputs: {
      url: `${CONSUMER}/api/events/http/azureDevOps`,
      basicAuthUsername: INGRESS.username,
      basicAuthPassword: INGRESS.password,
    },
  });
  const start = async () => {
    const replica = Replica.load();
    const baseUrl = await replica.start(
      stage.catalogOptions({
        catalog: {
          catalog: { azureDevOps: { events: { ingress: INGRESS } } },
          // A backend that stops waits for its long polls.
          config: { events: { useEventBus: 'never' } },
        },
      }),
      { hearsEvents: true },
    );
    hooks.resolve(CONSUMER, baseUrl);
    return { replica, baseUrl };
  };
  let running = await start();
  try {
    for (let round = 1; round <= interleavings; round++) {
      const slow = simulator.inject({
        match: { endpoint: 'repository' },
        delayMs: WAIT_MS,
      });
      const name = componentName('contoso', round);
      stage.world.repository('contoso', round).push({
        files: { [DESCRIPTOR]: component(name, round + 1) },
      });
      await hooks.settled();
      if (round % 2 === 0) {
        await until('the look to begin', () => slow.hits > 0);
      }
      await running.replica.kill();
      slow.remove();
      const due = await stage.knex(TABLES.due);
      if (due.length !== 1) {
        failures.push(
          `${due.length} marks instead of 1 outlive round ${round}`,
        );
      }
      simulator.requests.reset();
      // The killed process's lease ends.
      await stage.knex(TABLES.due).update({ until: 0 });
      running = await start();
      const { baseUrl } = running;
      await until(`the push of round ${round} to be in the catalog`, async () =>
        (
          await (
            await fetch(
              `${baseUrl}/api/catalog/entities/by-name/component/default/${name}`,
            )
          ).text()
        ).includes(`"example.com/revision":"${round + 1}"`),
      );
      const asked = simulator.requests.list().map(it => it.endpoint);
      const others = asked.filter(
        endpoint => !['repository', 'items', 'locations'].includes(endpoint),
      );
      if (others.length > 0) {
        failures.push(`more than the repository was asked for: ${others}`);
      }
    }
  } finally {
    await running.replica.kill();
  }
  return {
    lost: [],
    wronglyKept: [],
    refreshesUntilWhole: 0,
    reported: `of ${interleavings} kills each was followed by the change, and by no request for a list`,
    failures,
  };
}
