/*
 * Leases in a table of their own: whoever speaks to the catalog need not wait
 * for whoever writes to the ledger. And indexes over what is rare alone, which
 * nothing takes for a way to the other rows.
 */

/** @param {import('knex').Knex} knex */
exports.up = async function up(knex) {
  await knex.schema.createTable('azure_devops_leases', table => {
    table.comment(
      'One row a provider: who tells the catalog of its entities at present',
    );
    table.text('provider').primary().comment('The name of the entity provider');
    table.text('holder').comment('Who applies mutations, if anybody');
    table
      .bigInteger('until')
      .notNullable()
      .defaultTo(0)
      .comment(
        "When the lease lapses, in milliseconds of the database's own clock",
      );
  });
  await knex.schema.alterTable('azure_devops_providers', table => {
    table.dropColumn('lease_holder');
    table.dropColumn('lease_until');
    table.dropColumn('takeover');
  });
  await knex.schema.alterTable('azure_devops_claims', table => {
    table.dropIndex([], 'azure_devops_claims_removal_idx');
  });
  await knex.schema.alterTable('azure_devops_references', table => {
    table.dropIndex([], 'azure_devops_references_pending_idx');
  });
  await knex.raw(
    'create index azure_devops_claims_removal_idx on azure_devops_claims (provider) where removal is not null',
  );
  await knex.raw(
    'create index azure_devops_references_pending_idx on azure_devops_references (provider, version) where pending = 1',
  );
};

/** @param {import('knex').Knex} knex */
exports.down = async function down(knex) {
  await knex.schema.alterTable('azure_devops_references', table => {
    table.dropIndex([], 'azure_devops_references_pending_idx');
    table.index(['provider', 'pending'], 'azure_devops_references_pending_idx');
  });
  await knex.schema.alterTable('azure_devops_claims', table => {
    table.dropIndex([], 'azure_devops_claims_removal_idx');
    table.index(['provider', 'removal'], 'azure_devops_claims_removal_idx');
  });
  await knex.schema.alterTable('azure_devops_providers', table => {
    table.text('takeover');
    table.bigInteger('lease_until').notNullable().defaultTo(0);
    table.text('lease_holder');
  });
  await knex.schema.dropTable('azure_devops_leases');
};
