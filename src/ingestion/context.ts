import type { LoggerService } from '@backstage/backend-plugin-api';
import type { EntityProviderConnection } from '@backstage/plugin-catalog-node';
import type { AzureDevOpsClients } from '../azure/types';
import type { ProviderSettings } from '../config/settings';
import type { RepositoryContent } from '../content/content';
import type { CatalogRules } from '../descriptors/rules';
import type { YamlParser } from '../descriptors/yaml';
import type { CatalogView } from '../ledger/catalog-view';
import type { Ledger } from '../ledger/ledger';
import type { Outbox } from '../ledger/outbox';
import type { ProjectChange } from '../ledger/record';
import type { Organization } from '../organization';
import type { NearMiss } from '../policy/nothing-found';
import type { LocateTarget } from './file-evidence';
import type { HintMemory } from './hints';
import type { OnHeldBack } from './removal';
import type { Trace } from './report';
import type { Turns } from '../concurrency';

/** Everything that a refresh works with, and a look because of events. */
export interface RefreshContext {
  readonly settings: ProviderSettings;
  /** The settings of the other providers of the configuration. */
  readonly others?: readonly ProviderSettings[];
  readonly clients: AzureDevOpsClients;
  readonly rules: CatalogRules;
  readonly yaml: YamlParser;
  /** Of the whole process, for files that are large or take long. */
  readonly turns: Turns;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  /** What the catalog holds. */
  readonly catalog: CatalogView;
  readonly locate: LocateTarget;
  readonly memory: RefreshMemory;
  readonly connection: EntityProviderConnection;
  /** Finds out why an organization could not be read at all; `undefined` where the error's own message is best. */
  readonly explain?: (
    error: unknown,
    organization: Organization,
  ) => Promise<string | undefined>;
  /** Other content of the same repositories, which is kept fresh by what is found out. */
  readonly content?: Pick<RepositoryContent, 'confirmNames' | 'invalidate'>;
  readonly follower?: RefreshFollower;
  readonly onHeldBack: OnHeldBack;
  readonly trace?: Trace;
  readonly logger: LoggerService;
  readonly clock: { now(): number };
}

/** What a provider keeps in memory from one refresh to the next. */
export class RefreshMemory {
  readonly hints: HintMemory = new Map();
  /** What one look at other paths and branches gave. */
  nearMisses?: readonly NearMiss[];
  /** Former Locations that were waited for in vain. */
  readonly waitedFor = new Set<string>();
  /** By URL, how many lists in a row have lacked a repository that the ledger does not know. */
  readonly lacked = new Map<string, number>();
  /** What the catalog had processed and did not show. */
  readonly unshown = new Set<string>();
}

/** Called with what was found, whether by a refresh or because of an event. */
export interface RefreshFollower {
  /** @param ids - of repositories that the configuration leaves out */
  noteUnselected(organizationKey: string, ids: readonly string[]): void;
  noteChanges(changes: readonly ProjectChange[]): void;
}
