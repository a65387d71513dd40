/*
 * How the catalog took what it was told: one more column of the ledger's
 * references, by which a refresh finds what the catalog has lost since.
 */

/** @param {import('knex').Knex} knex */
exports.up = async function up(knex) {
  await knex.schema.alterTable('azure_devops_references', table => {
    table
      .text('taken')
      .comment(
        "The catalog's own hash of the entity after it was told of this version; null until that is looked up",
      );
  });
};

/** @param {import('knex').Knex} knex */
exports.down = async function down(knex) {
  await knex.schema.alterTable('azure_devops_references', table => {
    table.dropColumn('taken');
  });
};
