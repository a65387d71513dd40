/*
 * What is held against the sources of hints: one more column of the ledger's
 * organizations. Described in docs/hints.md.
 */

/** @param {import('knex').Knex} knex */
exports.up = async function up(knex) {
  await knex.schema.alterTable('azure_devops_organizations', table => {
    table
      .text('hints')
      .comment(
        'Changes that sources of hints did not name, and sources that were dropped for it, as JSON',
      );
  });
};

/** @param {import('knex').Knex} knex */
exports.down = async function down(knex) {
  await knex.schema.alterTable('azure_devops_organizations', table => {
    table.dropColumn('hints');
  });
};
