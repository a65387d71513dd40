import type { JsonObject } from '@backstage/types';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What `npm start` was asked for. */
export interface StartOptions {
  /** Ingest once, print the summary, exit. */
  readonly once: boolean;
  /** Where to listen; another port is taken where this one is occupied. */
  readonly port: number;
}

/** Whose repositories the development backend ingests, in the words of Backstage's configuration. */
export interface CatalogSource {
  /** `catalog.providers.azureDevOps` */
  readonly providers: JsonObject;
  /** `integrations.azure` */
  readonly integrations: AzureIntegration[];
  /** `catalog.locations` */
  readonly locations?: JsonObject[];
}

interface AzureIntegration extends JsonObject {
  host: string;
  credentials: Array<{
    /** Absent: all of the host's. */
    organizations?: string[];
    personalAccessToken: string;
  }>;
}

/** A mistake of the person at the keyboard: its message is all that they need. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

const DEFAULT_PORT = 7007;

/** A `schedule` that begins at once, for somebody is looking on. */
export const PROMPT = { initialDelay: { seconds: 0 } };

/** How to use `npm start`. */
export const USAGE = `npm start [-- --once] [-- --port NUMBER]

  --once          ingest once, print the summary, exit: with 0 if all went well
  --port NUMBER   where the catalog listens; default ${DEFAULT_PORT}, or the variable PORT

As it stands it ingests the simulated company. Your own organization:

  AZURE_DEVOPS_ORGANIZATION=name AZURE_DEVOPS_TOKEN=token npm start

  AZURE_DEVOPS_ORGANIZATION   its name; several with commas between them
  AZURE_DEVOPS_TOKEN          a personal access token with the scopes
                              Code (Read) and Project and Team (Read)
  AZURE_DEVOPS_HOST           of an Azure DevOps Server; default dev.azure.com
  AZURE_DEVOPS_PROJECT        only these projects: names or globs, with commas between them
  AZURE_DEVOPS_PATH           where the descriptors are; default /catalog-info.yaml
  LOG_LEVEL                   of the backend; default warn`;

/**
 * Reads the command line and the environment of `npm start`.
 *
 * @throws StartError for an unknown flag or a port that is none.
 */
export function readStartOptions(
  args: readonly string[],
  environment: Environment,
): StartOptions {
  let once = false;
  let port = environment.PORT;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (arg === '--once') {
      once = true;
    } else if (arg === '--port') {
      at += 1;
      port = args[at] ?? '';
    } else if (arg?.startsWith('--port=')) {
      port = arg.slice('--port='.length);
    } else {
      throw new StartError(`Unknown argument ${arg}.\n\n${USAGE}`);
    }
  }
  return { once, port: readPort(port) };
}

function readPort(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) {
    throw new StartError(
      `The port must be a number from 0 to 65535 (0: any free one), got "${text}".`,
    );
  }
  return Number(text);
}

/**
 * The organizations that the environment names, or `undefined` where it names
 * none: then it is the simulated company's turn.
 *
 * @throws StartError where only half of it is there.
 */
export function readCatalogSource(
  environment: Environment,
): CatalogSource | undefined {
  const organizations = list(environment.AZURE_DEVOPS_ORGANIZATION);
  const token = environment.AZURE_DEVOPS_TOKEN?.trim();
  if (organizations.length === 0) {
    if (token) {
      throw new StartError(
        'AZURE_DEVOPS_TOKEN is set, but AZURE_DEVOPS_ORGANIZATION is not. ' +
          'Set it to the name of your organization (of https://dev.azure.com/NAME: NAME), or unset the token to see the simulated company.',
      );
    }
    return undefined;
  }
  if (!token) {
    throw new StartError(
      `AZURE_DEVOPS_ORGANIZATION is set (${organizations.join(', ')}), but AZURE_DEVOPS_TOKEN is not. ` +
        'Set it to a personal access token with the scopes Code (Read) and Project and Team (Read), or unset AZURE_DEVOPS_ORGANIZATION to see the simulated company.',
    );
  }

  const host = environment.AZURE_DEVOPS_HOST?.trim() || 'dev.azure.com';
  const projects = list(environment.AZURE_DEVOPS_PROJECT);
  const paths = list(environment.AZURE_DEVOPS_PATH);
  return {
    providers: {
      development: {
        host,
        organizations,
        schedule: PROMPT,
        ...(projects.length > 0 && { project: projects }),
        ...(paths.length > 0 && { path: paths }),
      },
    },
    integrations: [{ host, credentials: [{ personalAccessToken: token }] }],
  };
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '');
}
