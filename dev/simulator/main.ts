// The simulator as a process of its own: `npm run simulator`.
import { parseArgs } from 'node:util';
import { seedCompany } from './company';
import { Simulator } from './simulator';

const HELP = `Usage: npm run simulator -- [options]

Stands in for Azure DevOps, Entra and the metadata service on loopback.

  --empty    begin with nothing; without it, with the company
  --limiter  with the rate limit of Azure DevOps Services
  --help

How to play with it: dev/simulator/README.md.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      empty: { type: 'boolean', default: false },
      limiter: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const simulator = await Simulator.start({
    limiter: values.limiter ? {} : undefined,
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void simulator.close());
  }
  console.log(
    'The simulator is up. In the shell of the process that is to use it:\n',
  );
  for (const [name, value] of Object.entries(simulator.environment)) {
    console.log(`export ${name}='${value}'`);
  }
  console.log(`\nAzure DevOps Server: ${simulator.serverUrl}/{collection}`);
  console.log(`Control:             ${simulator.controlUrl}`);
  for (const { name, token } of values.empty ? [] : seedCompany(simulator)) {
    console.log(`${name}: personal access token ${token}`);
  }
  console.log('\nCtrl-C ends it.');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
