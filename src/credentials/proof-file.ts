import { readFile } from 'node:fs/promises';
import { TokenError } from './errors';
import type { ProblemId } from './problems/diagnosis';

/**
 * Where a path is expected people write the content too: PEM, a JSON Web Token,
 * or either in base64 (PEM and DER begin with these letters then). It is secret.
 */
const NO_PATH = /-BEGIN |[\r\n]|^(?:LS0|MI|eyJ)[\w+/=.-]{80,}$|^[^]{256}/;

/**
 * Reads a text that is presented to Microsoft Entra. It is read each time, since
 * whoever made it replaces it while the backend runs.
 *
 * @throws TokenError with the path, and never with anything of the content
 */
export async function readProof(
  path: string,
  problem: ProblemId,
): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new TokenError(
      problem,
      NO_PATH.test(path)
        ? 'what is configured is no path: it looks like the content itself'
        : `${path}: ${whyUnreadable(error)}`,
    );
  }
}

function whyUnreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file (ENOENT)';
    case 'EACCES':
    case 'EPERM':
      return `Backstage may not read it (${code})`;
    case 'EISDIR':
      return 'it is a directory (EISDIR)';
    default:
      return code ?? 'it cannot be read';
  }
}
