import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@backstage/types';
import type * as Program from '../../src/cli/program';
import { secretScan } from '../support/secret-scan';

/** What somebody at a terminal sees. */
interface Seen {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TerminalOptions {
  /** Default: 80. */
  readonly columns?: number;
  /** Default: false, as in a pipe. */
  readonly isTTY?: boolean;
}

/** The command line, loaded afresh with its libraries: they keep managed identities' tokens for the life of a process. */
export function loadProgram(): typeof Program {
  let program: typeof Program | undefined;
  jest.isolateModules(() => {
    program = jest.requireActual<typeof Program>('../../src/cli/program');
  });
  if (!program) throw new Error('The program was not loaded');
  return program;
}

/** Runs the command line on a configuration, with what is in this process's environment. */
export async function runOn(
  program: typeof Program,
  config: JsonObject,
  args: readonly string[],
  options?: TerminalOptions,
): Promise<Seen> {
  const directory = mkdtempSync(join(tmpdir(), 'azure-devops-catalog-'));
  const file = join(directory, 'app-config.yaml');
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  try {
    return await run(program, [...args, '--config', file], options);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Runs the command line with what is in this process's environment. */
export async function run(
  program: typeof Program,
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<Seen> {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    columns: options.columns ?? 80,
    isTTY: options.isTTY ?? false,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const code = await program.run(args, {
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: process.env,
    now: Date.now,
  });
  secretScan()?.saw('the command line', written);
  return { code, ...written };
}

/** What differs from run to run, in as many characters. */
export function steady(text: string): string {
  return (
    text
      .replace(/(127\.0\.0\.1|localhost):\d{5}/g, '$1:PORT0')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g, 'YYYY-MM-DDTHH:MM:SS')
      .replace(/\.\d{3}Z/g, '.000Z')
      // Of tokens' and certificates' ends; days that are counted differ with the day.
      .replace(
        /\d{4}-\d\d-\d\d\s+\([\d,]+ days? left\)/g,
        'YYYY-MM-DD (N days left)',
      )
  );
}
