// What stands in for Azure DevOps in `npm start`: the simulator, with a plausible
// company in it.
import { join } from 'node:path';
import { Simulator } from './simulator';
import { type SeededOrganization, seedCompany } from './simulator/company';
import { type CatalogSource, type Environment, PROMPT } from './settings';

/** What the backend ingests, and how it gets there. */
interface Service {
  readonly source: CatalogSource;
  /** Of the backend's process. */
  readonly environment: Environment;
  /** The control interface of the simulator. */
  readonly controlUrl: string;
}

/** By these names a proxy is asked for, by one program or another. */
const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

export async function startSimulation(
  environment: Environment,
): Promise<Service> {
  const simulator = await Simulator.start();
  return {
    source: sourceOf(seedCompany(simulator)),
    environment: {
      ...reachingSimulator(environment, simulator.environment),
      // Backstage warns otherwise that personal access tokens are deprecated.
      NODE_ENV: 'development',
    },
    controlUrl: simulator.controlUrl,
  };
}

/**
 * The environment of a backend for which the simulator takes the place of the
 * service: any other proxy is left out, whatever the spelling of its variable.
 */
export function reachingSimulator(
  environment: Environment,
  simulator: Environment,
): Environment {
  const rest = Object.entries(environment).filter(
    ([name]) => !PROXY_VARIABLES.includes(name.toLowerCase()),
  );
  return { ...Object.fromEntries(rest), ...simulator };
}

/** The company as its own Backstage would have it configured. */
function sourceOf(organizations: SeededOrganization[]): CatalogSource {
  return {
    providers: {
      company: {
        organizations: organizations.map(({ name }) => name),
        path: '/**/catalog-info.yaml',
        skipForkedRepos: true,
        // Whoever plays with the simulator wants to see soon what becomes of it.
        schedule: { ...PROMPT, frequency: { minutes: 1 } },
      },
    },
    integrations: [
      {
        host: 'dev.azure.com',
        credentials: organizations.map(({ name, token }) => ({
          organizations: [name],
          personalAccessToken: token,
        })),
      },
    ],
    locations: [
      {
        type: 'file',
        target: join(__dirname, 'teams.yaml'),
        rules: [{ allow: ['Group'] }],
      },
    ],
  };
}
