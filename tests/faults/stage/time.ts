import type { Stage } from './stage';

/**
 * A process that was killed no longer renews what it held: some minutes later the
 * module's lease has lapsed, and the catalog turns again to the Locations that
 * the dead process was about to process.
 */
export async function minutesLater({ knex }: Stage): Promise<void> {
  await knex('azure_devops_leases').update({ until: 0 });
  await knex('refresh_state')
    .whereLike('entity_ref', 'location:%')
    .update({ next_update_at: knex.fn.now() });
}
