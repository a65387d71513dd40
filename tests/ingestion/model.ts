import { createHash, randomUUID } from 'node:crypto';
import { ConfigReader } from '@backstage/config';
import type { LoggerService } from '@backstage/backend-plugin-api';
import type { JsonObject } from '@backstage/types';
import type {
  EntityProviderConnection,
  EntityProviderMutation,
} from '@backstage/plugin-catalog-node';
import { stringifyEntityRef } from '@backstage/catalog-model';
import type { Knex } from 'knex';
import type {
  AbsentItem,
  AzureDevOpsClient,
  ItemOutcome,
  Repository,
} from '../../src/azure/types';
import { AzureDevOpsRequestError, lastingFault } from '../../src/azure/errors';
import { readProviderConfigs } from '../../src/config/read';
import type { ProviderSettings } from '../../src/config/settings';
import { CatalogRules } from '../../src/descriptors/rules';
import { YamlParser } from '../../src/descriptors/yaml';
import { EventListener } from '../../src/events/listener';
import { DueWorker } from '../../src/events/worker';
import { lookAtDue } from '../../src/ingestion/due';
import type { RefreshReport } from '../../src/ingestion/report';
import {
  RefreshMemory,
  type RefreshContext,
} from '../../src/ingestion/context';
import { refresh } from '../../src/ingestion/refresh';
import { CatalogView } from '../../src/ledger/catalog-view';
import { Turns } from '../../src/concurrency';
import { DueRepositories, type TakenDue } from '../../src/ledger/due';
import { Ledger } from '../../src/ledger/ledger';
import { TABLES } from '../../src/ledger/rows';
import { migrateLedger } from '../../src/ledger/migrate';
import { Outbox } from '../../src/ledger/outbox';
import { createDatabase } from '../support/databases';
import { until } from '../support/until';
import { recordingLogger } from '../support/logs';
import type { Organization } from '../../src/organization';

const yaml = new YamlParser({ enableYamlMerge: false });

/** Every repository of the model is in this project. */
export const PROJECT_ID = '6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c';

/** The organizations of the model, which list repositories of equal ids. */
const ORGANIZATIONS = ['contoso', 'fabrikam'] as const;

/** What one repository holds: components by name, or no descriptor; and at which revision. */
export interface Held {
  readonly names: readonly string[] | null;
  readonly revision: number;
  readonly state: 'listed' | 'disabled' | 'deleted';
  /** The repository's name; its id if left out. */
  readonly name?: string;
}

/** By organization and id: `contoso/r1`. */
export type ModelWorld = Readonly<Record<string, Held>>;

/** What stands in the way of one refresh. */
export interface Conditions {
  readonly listFails: boolean;
  /** Repositories that the list leaves out, without a word. */
  readonly hidden: readonly string[];
  /** Repositories of whose files nothing can be learned. */
  readonly unknown: readonly string[];
  /** Repositories, or paths, at which the service throttles for longer than requests wait. */
  readonly throttled?: readonly string[];
  /** A path at which the refresh is aborted, or `start`. */
  readonly abortedAt?: string;
  /** The mutation, counted from 0, that the catalog fails to apply. */
  readonly failingMutation?: number;
}

export const FAIR: Conditions = { listFails: false, hidden: [], unknown: [] };

/** The component that a repository gives, as text; it names the repository and the revision. */
function textOf(id: string, name: string, revision: number): string {
  return [
    'apiVersion: backstage.io/v1alpha1',
    'kind: Component',
    'metadata:',
    `  name: ${name}`,
    `  title: ${id} at ${revision}`,
    'spec: { type: service, lifecycle: production, owner: team-a }',
    '',
  ].join('\n');
}

/** What the catalog should hold: for each reference the titles that it may have. */
export function truthOf(world: ModelWorld): Map<string, string[]> {
  const truth = new Map<string, string[]>();
  for (const [id, { names, revision, state }] of Object.entries(world)) {
    for (const name of state === 'listed' ? (names ?? []) : []) {
      const reference = `component:default/${name}`;
      const titles = truth.get(reference) ?? [];
      truth.set(reference, [...titles, `${id} at ${revision}`]);
    }
  }
  return truth;
}

/** A catalog reduced to what a provider sees of it. */
class ModelCatalog implements EntityProviderConnection {
  readonly entities = new Map<
    string,
    { title: string; key: string; location: string }
  >();
  /** What was removed so far, and what was put in under another key: for the real catalog that is a removal too. */
  readonly removals: string[] = [];
  private countdown: number | undefined;

  failAt(mutation: number | undefined): void {
    this.countdown = mutation;
  }

  async applyMutation(mutation: EntityProviderMutation): Promise<void> {
    await tick();
    if (this.countdown !== undefined && this.countdown-- === 0) {
      throw new Error('The catalog cannot apply the mutation');
    }
    if (mutation.type === 'full') {
      throw new Error('Nothing here is to be taken over');
    }
    for (const removed of mutation.removed) {
      const reference =
        'entityRef' in removed
          ? removed.entityRef
          : stringifyEntityRef(removed.entity);
      if (this.entities.delete(reference)) {
        this.removals.push(reference);
      }
    }
    for (const { entity, locationKey = '' } of mutation.added) {
      const reference = stringifyEntityRef(entity);
      const former = this.entities.get(reference);
      if (former && former.key !== locationKey) {
        this.removals.push(reference);
      }
      this.entities.set(reference, {
        title: entity.metadata.title ?? '',
        key: locationKey,
        location:
          entity.metadata.annotations?.['backstage.io/managed-by-location'] ??
          '',
      });
    }
  }

  async refresh(): Promise<void> {}
}

/** Refreshes a model catalog from a model world, through everything in between that is real. */
export class Model {
  readonly catalog = new ModelCatalog();
  world: ModelWorld = {};
  /** Of every refresh so far. */
  readonly reports: RefreshReport[] = [];
  /** What was asked for, by organization. */
  readonly asked: string[] = [];
  private time = 0;
  private conditions = FAIR;
  private abort = new AbortController();
  /** Repositories whose files are answered for only then, as `contoso/r1`. */
  readonly heldUp = new Map<string, Promise<void>>();
  /** For how many queries of the database each answer is under way; then none is. */
  delays: number[] = [];
  private queries = 0;

  private constructor(
    readonly knex: Knex,
    private context: Omit<
      RefreshContext,
      'outbox' | 'clients' | 'connection' | 'clock'
    >,
    readonly destroy: () => Promise<void>,
  ) {
    knex.on('query-response', () => (this.queries += 1));
  }

  static async open(
    removals: JsonObject,
    path: string[] = ['/catalog-info.yaml'],
  ): Promise<Model> {
    const settings = settingsOf({ path, removals });
    const database = await createDatabase('sqlite');
    const { knex } = database;
    await migrateLedger({ getClient: async () => knex }, knex);
    await knex.schema.createTable('refresh_state', table => {
      table.text('entity_ref');
      table.text('unprocessed_entity');
      table.text('location_key');
    });
    await knex.schema.createTable('refresh_state_references', table => {
      table.text('source_key');
      table.text('target_entity_ref');
    });
    const ledger = new Ledger(knex, settings.providerName);
    await ledger.open();
    return new Model(
      knex,
      {
        settings,
        rules: CatalogRules.fromConfig(new ConfigReader({})),
        yaml,
        turns: new Turns(),
        ledger,
        onHeldBack: async (organization, sets) =>
          void (await ledger.heldBack.note(organization, sets, Date.now())),
        catalog: new CatalogView(knex, settings.providerName),
        locate: () => undefined,
        memory: new RefreshMemory(),
        logger: recordingLogger([]),
      },
      () => database.destroy(),
    );
  }

  /** Goes on under another configuration. */
  configure(block: JsonObject): void {
    this.context = { ...this.context, settings: settingsOf(block) };
  }

  /** Refreshes once, or on several replicas at the same time. Errors are part of the game. */
  async refresh(conditions: Conditions, replicas = 1): Promise<void> {
    this.conditions = conditions;
    this.catalog.failAt(conditions.failingMutation);
    this.abort = new AbortController();
    if (conditions.abortedAt === 'start') {
      this.abort.abort();
    }
    await Promise.allSettled(
      Array.from({ length: replicas }, async () => {
        await refresh(this.replica(), {
          signal: this.abort.signal,
          onReport: report => this.reports.push(report),
        });
      }),
    );
  }

  /** Looks at repositories as events make a further replica do, until all of it has been looked at. */
  async look(keys: readonly string[]): Promise<void> {
    for (const { key, name } of this.context.settings.organizations) {
      let due: readonly TakenDue[] = keys.flatMap(it => {
        const [organization, repositoryId = ''] = it.split('/');
        return organization === name
          ? [
              {
                provider: this.context.settings.providerName,
                organization: key,
                projectId: PROJECT_ID,
                repositoryId,
                version: 1,
                ageMs: 0,
              },
            ]
          : [];
      });
      while (due.length > 0) {
        due = (await lookAtDue(this.replica(), key, due, this.abort.signal))
          .failed;
      }
    }
  }

  /** Takes events, and looks at what they make due, as a further replica does until it is closed. */
  listen({
    logger = this.context.logger,
    looks = true,
  }: {
    readonly logger?: LoggerService;
    /** Whether what is due is looked at at all. */
    readonly looks?: boolean;
  } = {}): { listener: EventListener; close(): Promise<void> } {
    const { settings } = this.context;
    const { providerName: provider } = settings;
    const due = new DueRepositories(this.knex, randomUUID());
    const worker = new DueWorker({
      provider,
      due,
      lookAt: async (organization, taken, signal) =>
        await lookAtDue(this.replica(), organization, taken, signal),
      logger,
      now: Date.now,
    });
    const listener = new EventListener({
      due,
      providers: new Map([
        [
          provider,
          {
            isUnselected: () => false,
            wake: organization => {
              if (looks) {
                worker.wake(organization);
              }
            },
          },
        ],
      ]),
      invalidate: () => {},
      logger,
      now: Date.now,
    });
    if (looks) {
      worker.start();
    }
    return { listener, close: async () => await worker.close() };
  }

  /** What is due and has not been looked at. */
  async due(): Promise<
    Array<{
      readonly organization: string;
      readonly project_id: string;
      readonly repository_id: string;
    }>
  > {
    return await this.knex(TABLES.due);
  }

  /** The entities that are marked to go. */
  async marked(): Promise<string[]> {
    return await this.knex(TABLES.claims)
      .whereNotNull('removal')
      .pluck('entity_ref');
  }

  /** Waits until all that is due has been looked at. */
  async lookedAtAll(): Promise<void> {
    await until(
      'all that is due to be looked at',
      async () => (await this.due()).length === 0,
    );
  }

  private replica(): RefreshContext {
    return {
      ...this.context,
      outbox: new Outbox(
        this.knex,
        this.context.settings.providerName,
        randomUUID(),
      ),
      clients: { forOrganization: it => this.client(it) },
      connection: this.catalog,
      clock: { now: () => (this.time += 60_000) },
    };
  }

  /** An answer that the service has given, and that is under way. */
  private async arrives(): Promise<void> {
    await this.queried(this.delays.shift() ?? 0);
  }

  /** Waits for so many queries of the database, or until there are none any more. */
  async queried(count: number): Promise<void> {
    const enough = this.queries + count;
    for (let idle = 0; this.queries < enough && idle < 50; idle++) {
      const { queries } = this;
      await tick();
      if (this.queries > queries) {
        idle = 0;
      }
    }
  }

  private client(organization: Organization): AzureDevOpsClient {
    const { conditions, abort, asked, heldUp } = this;
    const keyOf = (id: string) => `${organization.name}/${id}`;
    const isSeen = (id: string) => !conditions.hidden.includes(keyOf(id));
    // The service answers with what is there when it is asked.
    const world = () =>
      Object.entries(this.world).flatMap(([key, held]) => {
        const [name, id = ''] = key.split('/');
        return name === organization.name ? [[id, held] as const] : [];
      });
    const arrives = async () => await this.arrives();
    const unused = async () => {
      throw new Error('Nobody should ask for this');
    };
    return {
      organization,
      async listRepositories({ project } = {}) {
        asked.push(`${organization.name}: list ${project ?? ''}`);
        await tick();
        if (conditions.listFails) {
          throw new Error('503');
        }
        const repositories = world().flatMap(([id, { state, name = id }]) =>
          state !== 'deleted' && isSeen(id)
            ? [repository(id, name, state === 'disabled')]
            : [],
        );
        await arrives();
        return { repositories, odd: [] };
      },
      async listDeletedRepositories() {
        await tick();
        const ids = world().flatMap(([id, { state }]) =>
          state === 'deleted' && isSeen(id) ? [id] : [],
        );
        await arrives();
        return ids;
      },
      async listDeletedProjects() {
        return [];
      },
      async readItem({ repository: id, path, content, version }) {
        asked.push(`${organization.name}: ${id}${path}`);
        await tick();
        await heldUp.get(keyOf(id));
        if (conditions.abortedAt === path) {
          abort.abort();
          throw new Error('aborted');
        }
        if ([keyOf(id), path].some(it => conditions.throttled?.includes(it))) {
          throw new AzureDevOpsRequestError(organization, 'read a file', {
            ...lastingFault('throttled', 'the wait is too long'),
            rejected: true,
          });
        }
        const held = new Map(world()).get(id);
        const isThere = held?.state === 'listed';
        const isMain = (version?.version ?? 'main') === 'main';
        await arrives();
        if (conditions.unknown.includes(keyOf(id)) || !isThere) {
          throw new Error('reset');
        }
        return path === '/catalog-info.yaml' && isMain
          ? itemOf(keyOf(id), held, content)
          : ABSENT;
      },
      async getRepository({ repository: id }) {
        asked.push(`${organization.name}: repository ${id}`);
        await tick();
        const held = new Map(world()).get(id);
        await arrives();
        return held && held.state !== 'deleted'
          ? repository(id, held.name ?? id, held.state === 'disabled')
          : undefined;
      },
      getIdentity: unused,
      listProjects: unused,
      getApiVersions: unused,
      listItems: unused,
      getTreeId: unused,
      resolveFolders: unused,
      readBlob: unused,
      readBlobs: unused,
      downloadBlob: unused,
      downloadArchive: unused,
      searchFiles: unused,
    };
  }
}

function settingsOf(block: JsonObject): ProviderSettings {
  const model = {
    organizations: [...ORGANIZATIONS],
    verifyEvery: { milliseconds: 1 },
    hints: { codeSearch: false },
    ...block,
  };
  const [reading] = readProviderConfigs(
    new ConfigReader({ catalog: { providers: { azureDevOps: { model } } } }),
  );
  if (!reading?.settings) {
    throw reading?.error ?? new Error('There is no provider');
  }
  return reading.settings;
}

function repository(id: string, name: string, isDisabled: boolean): Repository {
  return {
    id,
    name,
    project: { id: PROJECT_ID, name: 'p', state: 'wellFormed' },
    defaultBranch: 'main',
    isDisabled,
    isFork: false,
  };
}

function itemOf(
  id: string,
  { names, revision }: Held,
  withContent: boolean,
): ItemOutcome {
  if (!names) {
    return ABSENT;
  }
  const content = names.map(name => textOf(id, name, revision)).join('---\n');
  return {
    outcome: 'present',
    path: '/catalog-info.yaml',
    objectId: createHash('sha1').update(content).digest('hex'),
    ...(withContent && { content }),
  };
}

const ABSENT: AbsentItem = {
  outcome: 'absent',
  reason: 'item-not-found',
  message: 'TF401174: not there',
};

/** Lets whatever else is under way go on. */
async function tick(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}
