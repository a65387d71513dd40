/*
 * The ledger: what was last seen of every repository and descriptor, and the
 * entities that they gave. Described table by table in docs/ledger.md.
 */

/** @param {import('knex').Knex} knex */
exports.up = async function up(knex) {
  await knex.schema.createTable('azure_devops_providers', table => {
    table.comment('One row a provider');
    table.text('provider').primary().comment('The name of the entity provider');
    table
      .bigInteger('ticket')
      .notNullable()
      .defaultTo(0)
      .comment(
        'Counts the writes; shows which of two observations is newer without a clock',
      );
    table
      .integer('unfinished')
      .notNullable()
      .defaultTo(0)
      .comment('1 from the begin of a refresh until one did all of its job');
    table
      .text('last_refresh')
      .comment('When the last refresh ran and what it reported, as JSON');
  });

  // Apart from the providers, so that applying mutations does not wait for writes
  // to the ledger.
  await knex.schema.createTable('azure_devops_leases', table => {
    table.comment(
      'One row a provider: which process applies mutations at present',
    );
    table.text('provider').primary();
    table.text('holder').comment('The process that applies mutations, if any');
    table
      .bigInteger('until')
      .notNullable()
      .defaultTo(0)
      .comment(
        "When the lease lapses, in milliseconds of the database's own clock",
      );
  });

  await knex.schema.createTable('azure_devops_organizations', table => {
    table.comment('One row an organization of a provider');
    table.text('provider').notNullable();
    table
      .text('organization')
      .notNullable()
      .comment('host/organization in lower case');
    table
      .bigInteger('last_list_at')
      .comment('When its list was last had whole, in milliseconds since 1970');
    table
      .bigInteger('last_pass_at')
      .comment('When a pass last went over it, in milliseconds since 1970');
    table
      .integer('released')
      .notNullable()
      .defaultTo(0)
      .comment('Entities that left because of events since the last refresh');
    table.primary(['provider', 'organization']);
  });

  await knex.schema.createTable('azure_devops_repositories', table => {
    table.comment(
      'One row a repository that was ever selected and not confirmed gone',
    );
    table.text('provider').notNullable();
    table
      .text('organization')
      .notNullable()
      .comment(
        'host/organization in lower case; part of the key: a collection that was cloned has the same GUIDs',
      );
    table
      .text('repository_id')
      .notNullable()
      .comment('The GUID, in lower case');
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
    table
      .text('outcome')
      .notNullable()
      .comment(
        'conclusive, unknown, or gone: of what is gone the row stays until the next refresh',
      );
    table
      .text('problem')
      .comment('Why the last probe was unknown, in words; null after another');
    table
      .bigInteger('verified_at')
      .comment('When a probe was last conclusive, in milliseconds since 1970');
    table
      .integer('missed')
      .notNullable()
      .defaultTo(0)
      .comment(
        'Lists in a row that lacked it while they had others of its project',
      );
    table
      .bigInteger('ticket')
      .notNullable()
      .comment('The ticket of the last write');
    table.primary(['provider', 'organization', 'repository_id']);
    // An event names a repository, or only its project, and no organization.
    table.index(['repository_id'], 'azure_devops_repositories_id_idx');
    table.index(['project_id'], 'azure_devops_repositories_project_idx');
  });

  await knex.schema.createTable('azure_devops_descriptors', table => {
    table.comment(
      'One row a descriptor that was seen and is not confirmed gone',
    );
    table.text('provider').notNullable();
    table.text('organization').notNullable();
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
    table
      .text('branch')
      .comment(
        'The branch that the configuration named when it was read; null for the default branch',
      );
    table.text('errors').comment('The documents that were rejected, as JSON');
    table
      .text('removal')
      .comment('confirmed, inferred or deselected, when it is about to go');
    table.text('removal_reason').comment('The evidence, in words');
    table.primary(['provider', 'organization', 'repository_id', 'path']);
  });

  await knex.schema.createTable('azure_devops_claims', table => {
    table.comment('One row for each entity that a descriptor gives');
    table.text('provider').notNullable();
    table.text('organization').notNullable();
    table.text('repository_id').notNullable();
    table.text('path').notNullable();
    table.text('entity_ref').notNullable();
    table
      .text('kind')
      .notNullable()
      .comment(
        'entity, or error for the Location that shows rejected documents',
      );
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
      .comment('confirmed, inferred or deselected, when it is about to go');
    table.text('removal_reason').comment('The evidence, in words');
    table.primary([
      'provider',
      'organization',
      'repository_id',
      'path',
      'entity_ref',
    ]);
    // The reference first: the catalog asks for the errors of a Location without
    // knowing the provider.
    table.index(
      ['entity_ref', 'provider'],
      'azure_devops_claims_reference_idx',
    );
  });

  await knex.schema.createTable('azure_devops_references', table => {
    table.comment(
      'One row an entity reference: which claim owns it, and what was applied to the catalog',
    );
    table.text('provider').notNullable();
    table.text('entity_ref').notNullable();
    table
      .text('organization')
      .comment(
        'The owning claim; null when nothing gives the reference any more',
      );
    table.text('repository_id');
    table.text('path');
    table.text('hash').comment("The owning claim's hash as of this version");
    table
      .bigInteger('version')
      .notNullable()
      .comment('Grows with every change of what is desired');
    table
      .integer('pending')
      .notNullable()
      .comment('1 while this version is not applied to the catalog');
    table
      .text('catalog_hash')
      .comment(
        "The catalog's own hash of the entity after this version was applied; null until that is looked up",
      );
    table.primary(['provider', 'entity_ref']);
  });

  await knex.schema.createTable('azure_devops_approvals', table => {
    table.comment('One row a set of removals that an approval has let go');
    table.text('provider').notNullable();
    table.text('code').notNullable();
    table.primary(['provider', 'code']);
  });

  await knex.schema.createTable('azure_devops_held_back', table => {
    table.comment('One row a set of removals that the guard holds back');
    table.text('provider').notNullable();
    table.text('code').notNullable().comment('A digest of the very set');
    table
      .text('organization')
      .notNullable()
      .comment('Empty where it is not of one organization');
    table
      .text('held')
      .notNullable()
      .comment('The entities, the numbers and the evidence, as JSON');
    table
      .bigInteger('since')
      .notNullable()
      .comment('When it was first held back, in milliseconds since 1970');
    table
      .bigInteger('approved_at')
      .comment('When an operator approved it, in milliseconds since 1970');
    table.text('approved_by').comment('Who that was');
    table.primary(['provider', 'code']);
  });

  await knex.schema.createTable('azure_devops_due', table => {
    table.comment(
      'One row for what an event said to look at, until it has been looked at',
    );
    table.text('provider').notNullable();
    table
      .text('organization')
      .notNullable()
      .comment('host/organization in lower case');
    table
      .text('project_id')
      .notNullable()
      .comment('Empty where it is not known');
    table
      .text('repository_id')
      .notNullable()
      .comment("Empty for all of the project's repositories");
    table
      .bigInteger('since')
      .notNullable()
      .comment(
        'When the first of these events came, in milliseconds of the database',
      );
    table
      .bigInteger('version')
      .notNullable()
      .defaultTo(1)
      .comment('Grows with every further event');
    table.text('holder').notNullable().comment('The process that looks at it');
    table
      .bigInteger('until')
      .notNullable()
      .comment('When another process may, in milliseconds of the database');
    table.primary(['provider', 'organization', 'project_id', 'repository_id']);
  });

  // Apart from the repositories, whose rows a refresh keeps locked while it
  // writes: whoever delivers an event waits for this.
  await knex.schema.createTable('azure_devops_announced', table => {
    table.comment(
      'One row a repository that an event or somebody ever said to look at',
    );
    table.text('repository_id').notNullable().primary();
    table
      .bigInteger('times')
      .notNullable()
      .comment(
        'Grows with each time: every process then reads anew what it keeps of it',
      );
  });

  await knex.schema.createTable('azure_devops_project_events', table => {
    table.comment('One row a project of which an event ever came');
    table.text('provider').notNullable();
    table.text('organization').notNullable();
    table.text('project_id').notNullable();
    table
      .bigInteger('last_event_at')
      .notNullable()
      .comment('In milliseconds since 1970');
    table
      .integer('unannounced')
      .notNullable()
      .defaultTo(0)
      .comment('How many refreshes found changes since');
    table
      .bigInteger('last_unnamed_at')
      .comment(
        'When the last event came that named no repository, in milliseconds since 1970',
      );
    table.primary(['provider', 'organization', 'project_id']);
  });

  // Whoever asks for a repository has its names, in whatever case.
  await knex.raw(
    'create index azure_devops_repositories_names_idx on azure_devops_repositories (lower(name), lower(project))',
  );
  // Over what is rare alone, so that neither database takes them for a way to
  // all the other rows.
  await knex.raw(
    'create index azure_devops_claims_removal_idx on azure_devops_claims (provider, organization) where removal is not null',
  );
  await knex.raw(
    'create index azure_devops_references_pending_idx on azure_devops_references (provider, version) where pending = 1',
  );
};

/** @param {import('knex').Knex} knex */
exports.down = async function down(knex) {
  await knex.schema.dropTable('azure_devops_approvals');
  await knex.schema.dropTable('azure_devops_held_back');
  await knex.schema.dropTable('azure_devops_project_events');
  await knex.schema.dropTable('azure_devops_announced');
  await knex.schema.dropTable('azure_devops_due');
  await knex.schema.dropTable('azure_devops_references');
  await knex.schema.dropTable('azure_devops_claims');
  await knex.schema.dropTable('azure_devops_descriptors');
  await knex.schema.dropTable('azure_devops_repositories');
  await knex.schema.dropTable('azure_devops_organizations');
  await knex.schema.dropTable('azure_devops_leases');
  await knex.schema.dropTable('azure_devops_providers');
};
