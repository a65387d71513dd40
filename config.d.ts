import type { SchedulerServiceTaskScheduleDefinitionConfig } from '@backstage/backend-plugin-api';
import type { HumanDuration } from '@backstage/types';

/**
 * What this module adds to Backstage's configuration. Hosts and credentials are
 * not part of it: they stand under `integrations.azure`, which
 * `@backstage/integration` declares and all of Backstage shares.
 *
 * Every key is only for the backend, which is Backstage's default visibility.
 */
export interface Config {
  catalog?: {
    azureDevOps?: {
      /** Reading single files of Azure DevOps, for static and registered locations, placeholders and other plugins. */
      urlReader?: {
        /**
         * `false` leaves URLs of Azure DevOps to Backstage's own reader.
         * Default: true.
         */
        enabled?: boolean;

        /**
         * How long an answer to the catalog's reads without an etag, those of placeholders, is fresh.
         * Default: 90 minutes.
         */
        freshness?: string | HumanDuration;

        /**
         * The same for reads with an etag, those of locations.
         * Default: 0, so that each of them asks.
         */
        locationFreshness?: string | HumanDuration;

        /**
         * How much content is kept in memory, in MiB.
         * Default: 64.
         *
         * @minimum 1
         * @maximum 4096
         */
        cacheMegabytes?: number;
      };

      /** Service hooks; see docs/events.md. */
      events?: {
        /**
         * Opens `/api/events/http/azureDevOps`, for which the plugin for events has to be installed,
         * to service hooks that present this user name and password. Default: the address is not opened.
         */
        ingress?: {
          /** Without a colon. */
          username: string;

          /**
           * At least 16 characters.
           *
           * @visibility secret
           */
          password: string;
        };
      };
    };

    providers?: {
      azureDevOps?: {
        /**
         * One provider, under an id of your choice. The entities in the catalog
         * belong to the id: under another one they are taken out and put in again.
         */
        [id: string]: {
          /**
           * The host of Azure DevOps: `dev.azure.com`, `{organization}.visualstudio.com`,
           * or the `host[:port]` of an Azure DevOps Server, which has to be the
           * `host` of an entry under `integrations.azure` as well. `http://host[:port]` reads
           * a Server without TLS: its token then goes over the network unencrypted.
           * Default: `dev.azure.com`.
           */
          host?: string;

          /**
           * The name of one organization; for Azure DevOps Server of a
           * collection, with its virtual directory if there is one, as
           * `tfs/DefaultCollection`. Either this or `organizations` is required,
           * except with a host that names the organization.
           */
          organization?: string;

          /** The names of several organizations, instead of `organization`. */
          organizations?: string | string[];

          /**
           * The projects to take: names or patterns with `*` and `?`, regardless of case.
           * Default: all.
           */
          project?: string | string[];

          /**
           * The repositories to take: names or patterns with `*` and `?`, regardless of case.
           * Default: all.
           */
          repository?: string | string[];

          /** What to leave out of what the keys above select. */
          exclude?: {
            /** The projects to leave out: names or patterns, as in `project`. */
            project?: string | string[];
            /** The repositories to leave out: names or patterns, as in `repository`. */
            repository?: string | string[];
          };

          /**
           * The branch to read, in every repository.
           * Default: the default branch of each repository.
           */
          branch?: string;

          /**
           * The descriptors to read: paths from the root of a repository, or
           * globs, in which `*` stays within a folder and two of them span any
           * number of folders.
           * Default: `/catalog-info.yaml`.
           */
          path?: string | string[];

          /**
           * Whether repositories that are forks are left out.
           * Default: false.
           */
          skipForkedRepos?: boolean;

          /**
           * Whether Components get the annotations `dev.azure.com/project-repo` and `dev.azure.com/host-org`,
           * by which the plugins for Azure DevOps find their repository, where the file has none.
           * Default: false.
           */
          annotations?: boolean;

          /** Accepted for the sake of configurations that have it, and without effect. */
          discoveryMethod?: string;

          /**
           * When to refresh.
           * Default: `frequency` 30 minutes, `timeout` 1 hour, `initialDelay` 5 seconds.
           */
          schedule?: Partial<SchedulerServiceTaskScheduleDefinitionConfig>;

          /** What may be removed; see docs/configuration.md. */
          removals?: {
            /**
             * How many lists in a row have to lack a repository, while they have others of its
             * project, before it counts as gone, where the service does not confirm its deletion.
             * Default: 3.
             *
             * @asType integer
             * @minimum 1
             */
            confirmations?: number;

            /**
             * The share of an organization's entities, in percent, that may be
             * removed in one refresh on inferred evidence (a repository is no longer listed),
             * and the share that may be removed because the configuration no longer asks for it.
             * Default: 20.
             *
             * @minimum 0
             * @maximum 100
             */
            maxPercentage?: number;

            /**
             * The share of an organization's entities, in percent, that may be
             * removed in one refresh on confirmed evidence (the file is gone
             * from the branch, or the repository is deleted or disabled).
             * Default: 50.
             *
             * @minimum 0
             * @maximum 100
             */
            maxConfirmedPercentage?: number;

            /**
             * So many removals of an organization are let through whatever the percentages;
             * on inferred evidence only while something of the organization is left, and never for
             * what the configuration no longer asks for.
             * Default: 10.
             *
             * @asType integer
             * @minimum 0
             */
            minimum?: number;

            /**
             * The code of one set of removals that was held back: lets that set through, once.
             * In quotes, as it may consist of digits alone.
             */
            allow?: string;
          };

          /**
           * Within which time every repository is read again, whether or not anything hints at a change.
           * Default: 6 hours; 1 hour for Azure DevOps Server, which documents no rate limits.
           */
          verifyEvery?: string | HumanDuration;

          /** Where to ask which repositories have changed. */
          hints?: {
            /**
             * Code Search, about one request for 1,000 descriptors, where the extension is installed.
             * Default: true.
             */
            codeSearch?: boolean;
          };
        };
      };
    };
  };
}
