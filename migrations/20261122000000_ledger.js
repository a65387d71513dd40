/*
 * The ledger: what was last seen of every repository and descriptor, and the
 * entities that they gave. Described table by table in docs/ledger.md.
 */

/** @param {import('knex').Knex} knex */
exports.up = async function up(knex) {
  await knex.schema.createTable('azure_devops_providers', table => {
    table.comment(
      'One row a provider: its ticket counter and the lease of its applier',
    );
    table.text('provider').primary().comment('The name of the entity provider');
    table
      .bigInteger('ticket')
      .notNullable()
      .defaultTo(0)
      .comment(
        'Counts the writes; says which of two observations is newer without a clock',
      );
    table
      .text('lease_holder')
      .comment('Who applies mutations at present, if anybody');
    table
      .bigInteger('lease_until')
      .notNullable()
      .defaultTo(0)
      .comment(
        "When the lease lapses, in milliseconds of the database's own clock",
      );
    table
      .text('takeover')
      .comment('State of taking over from the official module, as JSON');
  });

  await knex.schema.createTable('azure_devops_organizations', table => {
    table.comment(
      'One row an organization of a provider: how its last passes went',
    );
    table.text('provider').notNullable();
    table
      .text('organization')
      .notNullable()
      .comment('host/organization in lower case');
    table
      .bigInteger('last_pass_at')
      .comment('When a pass last went over it, in milliseconds since 1970');
    table
      .bigInteger('last_complete_at')
      .comment('When a pass was last complete');
    table.text('status').comment('The report of the last pass, as JSON');
    table.primary(['provider', 'organization']);
  });

  await knex.schema.createTable('azure_devops_repositories', table => {
    table.comment(
      'One row a repository that was ever selected and not confirmed gone',
    );
    table.text('provider').notNullable();
    table
      .text('repository_id')
      .notNullable()
      .comment('The GUID, in lower case');
    table
      .text('organization')
      .notNullable()
      .comment('host/organization in lower case');
    table.text('project_id').notNullable();
    table.text('project').notNullable();
    table.text('name').notNullable();
    table
      .text('branch')
      .comment('The branch that was probed; null for an empty repository');
    table
      .text('signature')
      .comment(
        'Fingerprint of the settings that the last conclusive probe was made under',
      );
    table.text('outcome').notNullable().comment('new, conclusive or unknown');
    table.text('reason').comment('Why the last probe was unknown');
    table
      .bigInteger('verified_at')
      .comment('When a probe was last conclusive, in milliseconds since 1970');
    table
      .integer('missed')
      .notNullable()
      .defaultTo(0)
      .comment('Complete passes in a row in whose list it was missing');
    table
      .bigInteger('ticket')
      .notNullable()
      .comment('The ticket of the last write');
    table.primary(['provider', 'repository_id']);
    table.index(
      ['provider', 'organization'],
      'azure_devops_repositories_organization_idx',
    );
  });

  await knex.schema.createTable('azure_devops_descriptors', table => {
    table.comment('One row a descriptor that was seen and is not released');
    table.text('provider').notNullable();
    table.text('repository_id').notNullable();
    table.text('path').notNullable();
    table
      .text('target')
      .notNullable()
      .comment('Its canonical URL as of the last reading');
    table.text('object_id').notNullable().comment("The blob's object id");
    table
      .text('signature')
      .notNullable()
      .comment('Fingerprint of the settings that it was read under');
    table.text('errors').comment('The documents that were refused, as JSON');
    table
      .text('removal')
      .comment('confirmed or inferred, when it is about to go');
    table.text('removal_reason').comment('The evidence, in words');
    table.primary(['provider', 'repository_id', 'path']);
  });

  await knex.schema.createTable('azure_devops_claims', table => {
    table.comment('One row for each entity that a descriptor gives');
    table.text('provider').notNullable();
    table.text('repository_id').notNullable();
    table.text('path').notNullable();
    table.text('entity_ref').notNullable();
    table
      .text('kind')
      .notNullable()
      .comment(
        'entity, or error for the Location that shows refused documents',
      );
    table
      .integer('position')
      .notNullable()
      .comment('Which document of the file');
    table.text('entity').notNullable().comment('The entity as JSON');
    table.text('hash').notNullable().comment('Hash of entity and location key');
    table
      .text('location_key')
      .notNullable()
      .comment(
        'As it was when the entity first came; the same for all claims to one reference',
      );
    table
      .text('removal')
      .comment('confirmed or inferred, when it is about to go');
    table.text('removal_reason').comment('The evidence, in words');
    table.primary(['provider', 'repository_id', 'path', 'entity_ref']);
    table.index(
      ['provider', 'entity_ref'],
      'azure_devops_claims_reference_idx',
    );
    table.index(['provider', 'removal'], 'azure_devops_claims_removal_idx');
  });

  await knex.schema.createTable('azure_devops_references', table => {
    table.comment(
      'One row an entity reference: which claim owns it, and what the catalog was told',
    );
    table.text('provider').notNullable();
    table.text('entity_ref').notNullable();
    table
      .text('repository_id')
      .comment(
        'The owning claim; null when nothing gives the reference any more',
      );
    table.text('path');
    table.text('hash').comment("The owning claim's hash as of this version");
    table
      .bigInteger('version')
      .notNullable()
      .comment('Grows with every change of what is desired');
    table
      .integer('pending')
      .notNullable()
      .comment('1 while the catalog has not been told of this version');
    table.primary(['provider', 'entity_ref']);
    table.index(['provider', 'pending'], 'azure_devops_references_pending_idx');
  });
};

/** @param {import('knex').Knex} knex */
exports.down = async function down(knex) {
  await knex.schema.dropTable('azure_devops_references');
  await knex.schema.dropTable('azure_devops_claims');
  await knex.schema.dropTable('azure_devops_descriptors');
  await knex.schema.dropTable('azure_devops_repositories');
  await knex.schema.dropTable('azure_devops_organizations');
  await knex.schema.dropTable('azure_devops_providers');
};
