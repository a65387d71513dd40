import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Entity } from '@backstage/catalog-model';
import { until } from '../support/until';

/** A backend that runs in a process of its own. */
export interface Backend {
  /** What it has printed so far. */
  output(): string;
  /** @throws where the answer is no success */
  ask<T>(path: string, body?: unknown): Promise<T>;
  entities(): Promise<Entity[]>;
  /** Runs the refresh, as the scheduler's own interface allows. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

export interface BackendOptions {
  readonly directory: string;
  readonly node: string;
  readonly port: number;
  readonly config: object;
  readonly environment: Readonly<Record<string, string>>;
}

/** A line of the log after which the backend serves. */
const IS_UP = /Plugin initialization complete/;

/** @throws with what it printed, where it ends before it is up */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { directory, node, port } = options;
  const child = spawn(node, ['index.cjs', ...configArguments(options)], {
    cwd: directory,
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const hear = (data: Buffer) => {
    printed += data.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);

  const base = `http://127.0.0.1:${port}/api/catalog`;
  async function ask<T>(path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${base}${path}`, {
      ...(body !== undefined && {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`${path}: ${response.status} ${text}`);
    }
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  await until('the backend to start', () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The backend does not start:\n${printed}`);
    }
    return IS_UP.test(printed);
  });
  return {
    output: () => printed,
    ask,
    entities: async () => await ask<Entity[]>('/entities'),
    async refresh() {
      const task = 'AzureDevOpsEntityProvider:main:refresh';
      await ask(
        `/.backstage/scheduler/v1/tasks/${encodeURIComponent(task)}/trigger`,
        {},
      );
    },
    stop: async () => await stop(child),
  };
}

/** Runs the command line that came with the module. @returns what it printed */
export async function runCommandLine(
  options: BackendOptions,
  ...args: readonly string[]
): Promise<{ code: number; output: string }> {
  const bin = join(
    options.directory,
    'node_modules',
    '.bin',
    'azure-devops-catalog',
  );
  return await new Promise(resolve => {
    execFile(
      options.node,
      [bin, ...args, ...configArguments(options)],
      { cwd: options.directory, env: environmentOf(options) },
      (error, stdout, stderr) =>
        resolve({
          code: error ? Number(error.code ?? 1) : 0,
          output: `${stdout}${stderr}`,
        }),
    );
  });
}

/** Runs a script among the packages of the backend. @returns what it printed */
export async function runScript(
  { directory, node }: Pick<BackendOptions, 'directory' | 'node'>,
  script: string,
): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile(node, ['-e', script], { cwd: directory }, (error, stdout) =>
      error ? reject(error) : resolve(stdout.trim()),
    );
  });
}

/** Writes the configuration for it, beside the backend. */
function configArguments({
  directory,
  port,
  config,
}: BackendOptions): readonly string[] {
  const file = `app-config.${port}.yaml`;
  // JSON is YAML.
  writeFileSync(join(directory, file), JSON.stringify(config, null, 2));
  return ['--config', file];
}

function environmentOf({
  environment,
}: BackendOptions): Record<string, string | undefined> {
  const { NODE_ENV: _, NODE_OPTIONS: __, ...rest } = process.env;
  return { ...rest, ...environment };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  // Nothing that is looked at here is lost with it.
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(impatience);
}
