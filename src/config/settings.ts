import type { SchedulerServiceTaskScheduleDefinition } from '@backstage/backend-plugin-api';
import type { Organization } from '../organization';
import type { DescriptorPath, NameFilter } from './patterns';
import type { ConfigurationError } from './mistakes';

/** When entities may be removed. Source: `removals` in the provider's block. */
export interface RemovalSettings {
  /** Lists in a row that have to lack a repository, while they have others of its project, before it counts as gone; an integer from 1. Default: 3. */
  readonly confirmations: number;
  /** The share of an organization's entities that may go on inferred evidence in one refresh, 0 to 100. Default: 20. */
  readonly maxPercentage: number;
  /** The share of an organization's entities that may go on confirmed evidence in one refresh, 0 to 100. Default: 50. */
  readonly maxConfirmedPercentage: number;
  /** So many removals of an organization pass whatever the percentages are; on inferred evidence only while something of it is left, and never for what the configuration leaves out; an integer from 0. Default: 10. */
  readonly minimum: number;
  /** The code of one set of removals that was held back, as it was printed then: that set, and no other, is let through, once. */
  readonly allow?: string;
}

/** What may be asked which repositories have changed. */
export interface HintSettings {
  /** Code Search: about one request for 1,000 descriptors. Default: true. */
  readonly codeSearch: boolean;
}

/** One provider's block, read and checked. Source: `catalog.providers.azureDevOps.<id>`. */
export interface ProviderSettings {
  readonly id: string;
  /** `AzureDevOpsEntityProvider:<id>`, as the official module names it, so that its entities are taken over. */
  readonly providerName: string;
  /** At least one; no two that differ in case only. */
  readonly organizations: readonly Organization[];
  readonly project: NameFilter;
  readonly repository: NameFilter;
  /** Without `refs/heads/`. Absent: the default branch of each repository. */
  readonly branch?: string;
  /** At least one. A literal path that one of the globs finds as well is left out. */
  readonly paths: readonly DescriptorPath[];
  readonly skipForkedRepos: boolean;
  /** Whether Components get `dev.azure.com/project-repo` and `dev.azure.com/host-org` where they have none. Default: false. */
  readonly annotations: boolean;
  readonly schedule: SchedulerServiceTaskScheduleDefinition;
  readonly removals: RemovalSettings;
  /** Every repository is verified at least this often, whether or not a hint names it; milliseconds. */
  readonly verifyEveryMs: number;
  readonly hints: HintSettings;
}

/** What reading one id gave: its settings, or everything that is wrong with its block. */
export type ProviderReading =
  | {
      readonly id: string;
      readonly providerName: string;
      readonly settings: ProviderSettings;
      readonly error?: undefined;
    }
  | {
      readonly id: string;
      readonly providerName: string;
      readonly settings?: undefined;
      /** The provider is registered all the same, so that its entities stay, and its `connect()` throws. */
      readonly error: ConfigurationError;
    };
