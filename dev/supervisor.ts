import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BackendProcess } from './backend-process';
import { choosePort, PORT_TAKEN } from './ports';
import {
  type Environment,
  StartError,
  type StartOptions,
  USAGE,
  readCatalogSource,
  readStartOptions,
} from './settings';
import { startSimulation } from './simulation';

const root = dirname(__dirname);

/**
 * Runs `npm start`: the simulator in this process, unless the environment names
 * an organization, and the backend in one of its own, since Node reads where
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
  const backends: BackendProcess[] = [];
  try {
    const options = readStartOptions(args, environment);
    const { signal } = interruption;
    return await Promise.race([
      once(signal, 'abort').then(() => (options.once ? 130 : 0)),
      work({ backends, options, environment, signal }),
    ]);
  } catch (error) {
    console.error(error instanceof StartError ? error.message : error);
    return 1;
  } finally {
    await backends.at(-1)?.stop();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

async function work(context: {
  /** Gets those that are started. */
  readonly backends: BackendProcess[];
  readonly options: StartOptions;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { backends, options, environment, signal } = context;
  const source = readCatalogSource(environment);
  const [service, appDirectory] = await Promise.all([
    source
      ? { source, environment, controlUrl: undefined }
      : startSimulation(environment),
    options.once ? undefined : buildApp(signal),
  ]);
  for (;;) {
    const port = await choosePort(options.port);
    if (options.port !== 0 && port !== options.port) {
      console.log(`Port ${options.port} is occupied; using ${port}.`);
    }
    signal.throwIfAborted();
    const backend = new BackendProcess(service.environment, {
      type: 'start',
      once: options.once,
      port,
      appDirectory,
      source: service.source,
      controlUrl: service.controlUrl,
    });
    backends.push(backend);
    const code = await backend.ended;
    if (code !== PORT_TAKEN) return code;
  }
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
