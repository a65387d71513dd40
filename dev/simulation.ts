// The process of `npm start` that stands in for Azure DevOps: the simulator, with
// a plausible company in it.
import { join } from 'node:path';
import type { SimulationReady } from './messages';
import { Simulator } from './simulator';
import { type SeededOrganization, seedCompany } from './simulator/company';
import { type CatalogSource, PROMPT } from './settings';

/** The company as its own Backstage would have it configured. */
function sourceOf(organizations: SeededOrganization[]): CatalogSource {
  return {
    providers: {
      company: {
        organizations: organizations.map(({ name }) => name),
        path: '/**/catalog-info.yaml',
        skipForkedRepos: true,
        schedule: PROMPT,
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

async function main(): Promise<void> {
  const simulator = await Simulator.start();
  const stop = () => {
    simulator.close().then(
      () => process.exit(0),
      error => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.once('disconnect', stop);
  // Ctrl-C reaches every process of the terminal; this one ends after those that need it.
  process.on('SIGINT', () => {}).on('SIGTERM', () => {});

  const ready: SimulationReady = {
    type: 'ready',
    source: sourceOf(seedCompany(simulator)),
    environment: simulator.environment,
    controlUrl: simulator.controlUrl,
  };
  process.send?.(ready);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
