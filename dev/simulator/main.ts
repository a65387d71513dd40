// The simulator as a process of its own: `npm run simulator`.
import { parseArgs } from 'node:util';
import { type SeededOrganization, seedCompany } from './company';
import { Simulator } from './simulator';

const HELP = `Usage: npm run simulator -- [options]

Stands in for Azure DevOps, Entra and the metadata service on loopback.

  --empty            begin with nothing; without it, with the seeded company
  --ca-directory D   where ca.pem is, or is made (default .cache/ca)
  --proxy-port N     default: any free port; so for the other doors:
  --server-port N
  --control-port N
  --metadata-port N
  --latency N        milliseconds that every answer takes longer
  --limiter          with the rate limit of Azure DevOps Services
  --help

The control interface and the faults are described in dev/simulator/README.md.`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      empty: { type: 'boolean', default: false },
      'ca-directory': { type: 'string' },
      'proxy-port': { type: 'string' },
      'server-port': { type: 'string' },
      'control-port': { type: 'string' },
      'metadata-port': { type: 'string' },
      latency: { type: 'string' },
      limiter: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const simulator = await Simulator.start({
    caDirectory: values['ca-directory'],
    limiter: values.limiter ? {} : undefined,
    ports: {
      proxy: portOf('--proxy-port', values['proxy-port']),
      server: portOf('--server-port', values['server-port']),
      control: portOf('--control-port', values['control-port']),
      metadata: portOf('--metadata-port', values['metadata-port']),
    },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void simulator.close());
  }
  if (values.latency !== undefined) {
    simulator.inject({ delayMs: numberOf('--latency', values.latency) });
  }
  print(simulator, values.empty ? [] : seedCompany(simulator));
}

function print(simulator: Simulator, seeded: SeededOrganization[]): void {
  console.log(
    'The simulator is up. In the shell of the process that is to use it:\n',
  );
  for (const [name, value] of Object.entries(simulator.environment)) {
    console.log(`export ${name}='${value}'`);
  }
  console.log(`\nAzure DevOps Server: ${simulator.serverUrl}/{collection}`);
  console.log(`Control:             ${simulator.controlUrl}`);
  for (const { name, token } of seeded) {
    console.log(`\n${name}: personal access token ${token}`);
  }
  console.log('\nCtrl-C ends it.');
}

function portOf(option: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : numberOf(option, text, 65_535);
}

function numberOf(option: string, text: string, limit = Infinity): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > limit) {
    throw new Error(`Expected a number for ${option}, got '${text}'`);
  }
  return number;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
