import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { JsonObject } from '@backstage/types';
import { Terminal } from '@xterm/headless';
import { build } from 'esbuild';
import { secretScan } from '../support/secret-scan';

const root = resolve(__dirname, '..', '..');
const COLUMNS = 80;
const ROWS = 50;

/** What stands on the screen of a terminal after a command, with what has scrolled away. */
export interface Screen {
  readonly code: number;
  readonly text: string;
}

/**
 * Compiles the command line, so that each of many processes starts quickly.
 *
 * @returns the file to run
 */
export async function compileProgram(): Promise<string> {
  // As far from package.json as the published file is.
  const file = join(root, '.cache', 'cli', `main-${process.pid}.js`);
  await build({
    entryPoints: [join(root, 'src', 'cli', 'main.ts')],
    outfile: file,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    logLevel: 'error',
  });
  return file;
}

/**
 * Runs the command line as a process of its own on a pseudo-terminal of 80
 * columns, with a configuration and what is in this process's environment.
 */
export async function runInTerminal(
  program: string,
  config: JsonObject,
  args: readonly string[],
): Promise<Screen> {
  const directory = mkdtempSync(join(tmpdir(), 'azure-devops-catalog-'));
  const file = join(directory, 'app-config.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  try {
    const command = [process.execPath, program, ...args, '--config', file];
    const { code, output } = await onPseudoTerminal(command);
    secretScan()?.saw('a terminal', output);
    return { code, text: await show(output) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** util-linux's `script` gives the command a terminal, and ends with its exit code. */
async function onPseudoTerminal(
  command: readonly string[],
): Promise<{ code: number; output: string }> {
  const quoted = command.map(word => `'${word.replaceAll("'", "'\\''")}'`);
  const child = spawn(
    'script',
    [
      '--quiet',
      '--return',
      '--command',
      `stty cols ${COLUMNS} rows ${ROWS}; exec ${quoted.join(' ')}`,
      '/dev/null',
    ],
    {
      cwd: root,
      env: { ...process.env, SHELL: '/bin/sh', TERM: 'xterm-256color' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', text => (output += text));
  const code = await new Promise<number>((resolved, rejected) => {
    child.once('error', rejected);
    child.once('close', status => resolved(status ?? -1));
  });
  return { code, output };
}

async function show(output: string): Promise<string> {
  const terminal = new Terminal({
    cols: COLUMNS,
    rows: ROWS,
    scrollback: 10_000,
    allowProposedApi: true,
  });
  await new Promise<void>(written => terminal.write(output, written));
  const { active } = terminal.buffer;
  const lines = Array.from(
    { length: active.length },
    (_, i) => active.getLine(i)?.translateToString(true) ?? '',
  );
  terminal.dispose();
  return lines.join('\n').trimEnd();
}
