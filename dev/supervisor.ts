import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { reachingSimulator } from './environment';
import { type BackendOptions, isSimulationReady } from './messages';
import { choosePort, PORT_TAKEN } from './ports';
import { type Environment, Processes } from './processes';
import {
  type CatalogSource,
  StartError,
  type StartOptions,
  USAGE,
  readCatalogSource,
  readStartOptions,
} from './settings';

const root = dirname(__dirname);

/**
 * Runs `npm start`: the simulator, unless the environment names an organization,
 * and the backend. Each is a process of its own, since Node reads where
 * certificates and proxies are to be found when it starts.
 *
 * @returns the exit code: 0, 1 for a failure, 130 where `--once` was interrupted
 */
export async function run(
  args: readonly string[],
  environment: Environment,
): Promise<number> {
  if (args.includes('--help')) {
    console.log(USAGE);
    return 0;
  }

  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  const processes = new Processes();
  try {
    const options = readStartOptions(args, environment);
    const { signal } = interruption;
    return await Promise.race([
      once(signal, 'abort').then(() => (options.once ? 130 : 0)),
      work({ processes, options, environment, signal }),
    ]);
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error);
    return 1;
  } finally {
    await processes.stop();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function work(context: {
  readonly processes: Processes;
  readonly options: StartOptions;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { processes, options, environment, signal } = context;
  const source = readCatalogSource(environment);
  const [service, appDirectory] = await Promise.all([
    source
      ? realService(source, environment)
      : startSimulation(processes, environment),
    options.once ? undefined : buildApp(signal),
  ]);
  for (;;) {
    const port = await choosePort(options.port);
    if (options.port !== 0 && port !== options.port) {
      console.log(`Port ${options.port} is occupied; using ${port}.`);
    }
    signal.throwIfAborted();
    const backend = processes.start('dev/index.ts', service.environment);
    const start: BackendOptions = {
      type: 'start',
      once: options.once,
      port,
      appDirectory,
      source: service.source,
      controlUrl: service.controlUrl,
    };
    backend.send(start);
    const code = await Promise.race([
      backend.ended,
      ...(service.ended ? [service.ended.then(() => undefined)] : []),
    ]);
    if (code === undefined) {
      throw new StartError('The simulator has stopped before its time.');
    }
    if (code !== PORT_TAKEN) return code;
  }
}

/** What the backend ingests, and how it gets there. */
interface Service {
  readonly source: CatalogSource;
  readonly environment: Environment;
  /** The control interface of the simulator. */
  readonly controlUrl?: string;
  /** When the simulator's process has ended. */
  readonly ended?: Promise<unknown>;
}

function realService(source: CatalogSource, environment: Environment): Service {
  return { source, environment };
}

async function startSimulation(
  processes: Processes,
  environment: Environment,
): Promise<Service> {
  const simulation = processes.start('dev/simulation.ts', environment);
  const ready = await simulation.receive(isSimulationReady);
  if (!ready) {
    throw new StartError('The simulator did not start; see above.');
  }
  return {
    source: ready.source,
    environment: {
      ...reachingSimulator(environment, ready.environment),
      // Backstage warns otherwise that personal access tokens are deprecated.
      NODE_ENV: 'development',
    },
    controlUrl: ready.controlUrl,
    ended: simulation.ended,
  };
}

async function buildApp(signal: AbortSignal): Promise<string> {
  const building = promisify(execFile)(
    process.execPath,
    [join(root, 'dev', 'app', 'build.mjs')],
    { cwd: root, signal },
  );
  building.child.stderr?.pipe(process.stderr);
  const { stdout } = await building;
  return join(root, stdout.trim());
}
