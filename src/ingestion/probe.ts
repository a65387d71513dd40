import { AzureDevOpsRequestError, isRejectedByLimiter } from '../azure/errors';
import type { AzureDevOpsClient, Repository, VersionRef } from '../azure/types';
import type { DescriptorPath } from '../config/patterns';
import type { KnownDescriptor, PathObservation } from '../policy/model';
import type { DescriptorParser } from './descriptor-parser';

/** The outcome of one look at one repository. */
export interface ProbeFindings {
  /** What was positively found out. */
  readonly paths: readonly PathObservation[];
  /** Why the rest is unknown; absent when there is no rest. */
  readonly unknown?: Error;
  /** What the look was broken off for: an abort, or that the service throttles for longer than requests wait. */
  readonly brokenOff?: { readonly reason: unknown };
}

export interface ProbeInput {
  readonly client: AzureDevOpsClient;
  readonly parser: DescriptorParser;
  readonly repository: Repository;
  readonly known: readonly KnownDescriptor[];
  readonly paths: readonly DescriptorPath[];
  readonly branch?: string;
  /** Whether the files are likely to have changed: then their text comes with the first request. */
  readonly expectChange: boolean;
  readonly signal?: AbortSignal;
}

/**
 * One look at one repository for its descriptors. Whatever is neither
 * positively there nor positively gone ends in `unknown`, and costs only
 * itself. An abort breaks the look off, and so does it when the service throttles
 * for longer than requests wait: the other files would fare the same.
 */
export async function probeRepository(
  input: ProbeInput,
): Promise<ProbeFindings> {
  const observed = new Map<string, PathObservation>();
  let unknown: Error | undefined;
  // Whatever fails, fails alone: the other files and patterns go on.
  const attempt: Attempt = async action => {
    try {
      const observation = await action();
      // A path that two patterns match is there if either finds it.
      const former = observed.get(observation.path);
      if (!former || former.outcome === 'absent') {
        observed.set(observation.path, observation);
      }
    } catch (error) {
      unknown = failureOf(error, input.signal);
    }
  };
  try {
    for (const path of input.paths) {
      if (path.kind === 'literal') {
        await attempt(() => probeFile(input, path.path));
      } else {
        try {
          await probeGlob(input, path, attempt);
        } catch (error) {
          unknown = failureOf(error, input.signal);
        }
      }
    }
  } catch (reason) {
    return { paths: [...observed.values()], brokenOff: { reason } };
  }
  for (const { path } of input.known) {
    if (!input.paths.some(pattern => matches(pattern, path))) {
      observed.set(path, {
        outcome: 'deselected',
        path,
        reason: 'the configuration no longer asks for the path',
      });
    }
  }
  return { paths: [...observed.values()], unknown };
}

/** An error that costs only what was being read; any other is thrown. */
function failureOf(error: unknown, signal: AbortSignal | undefined): Error {
  signal?.throwIfAborted();
  if (isRejectedByLimiter(error)) {
    throw error;
  }
  return error instanceof Error ? error : new Error(String(error));
}

type Attempt = (action: () => Promise<PathObservation>) => Promise<void>;

function matches(pattern: DescriptorPath, path: string): boolean {
  return pattern.kind === 'literal'
    ? pattern.path === path
    : pattern.matches(path);
}

async function probeFile(
  input: ProbeInput,
  path: string,
): Promise<PathObservation> {
  const { client, parser, repository, signal } = input;
  const known = input.known.find(descriptor => descriptor.path === path);
  const request = {
    repository: repository.id,
    path,
    version: versionOf(input.branch),
    signal,
  };
  if (known && !input.expectChange && isTrusted(input, known)) {
    const item = await client.readItem({ ...request, content: false });
    if (item.outcome === 'absent') {
      return { outcome: 'absent', path, reason: item.message };
    }
    if (item.objectId === known.objectId) {
      return unchanged(known);
    }
  }
  const item = await readWithContent(client, request);
  if (item.outcome === 'absent') {
    return { outcome: 'absent', path, reason: item.message };
  }
  if (known && item.objectId === known.objectId && isTrusted(input, known)) {
    return unchanged(known);
  }
  await othersFirst();
  const { objectId, content } = item;
  return await parser.parse({ repository, path, objectId }, content);
}

/**
 * Lets the answers that have arrived meanwhile be taken first: each makes room
 * for the next request, which is then on its way while texts are parsed.
 */
async function othersFirst(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}

async function readWithContent(
  client: AzureDevOpsClient,
  request: Omit<Parameters<AzureDevOpsClient['readItem']>[0], 'content'>,
) {
  try {
    return await client.readItem({ ...request, content: true });
  } catch (error) {
    if (!isTooLarge(error)) {
      throw error;
    }
    // The file is there; only its text is out of the question.
    const item = await client.readItem({ ...request, content: false });
    return item.outcome === 'present' ? { ...item, content: undefined } : item;
  }
}

async function probeGlob(
  input: ProbeInput,
  pattern: Extract<DescriptorPath, { kind: 'glob' }>,
  attempt: Attempt,
): Promise<void> {
  const { client, parser, repository, signal } = input;
  const listing = await client.listItems({
    repository: repository.id,
    scopePath: pattern.scopePath,
    version: versionOf(input.branch),
    signal,
  });
  const files =
    listing.outcome === 'present'
      ? listing.items.filter(item => pattern.matches(item.path))
      : [];
  const reason =
    listing.outcome === 'absent'
      ? listing.message
      : `the listing of ${pattern.scopePath} no longer has the file`;

  const present = new Set(files.map(file => file.path));
  for (const { path } of input.known) {
    if (pattern.matches(path) && !present.has(path)) {
      await attempt(async () => ({ outcome: 'absent', path, reason }));
    }
  }
  const knownByPath = new Map(input.known.map(known => [known.path, known]));
  for (const { path, objectId } of files) {
    await attempt(async () => {
      const known = knownByPath.get(path);
      if (known && known.objectId === objectId && isTrusted(input, known)) {
        return unchanged(known);
      }
      return await parser.parseBlob(
        { repository, path, objectId },
        async () => {
          const text = await readBlob(input, objectId);
          await othersFirst();
          return text;
        },
      );
    });
  }
}

async function readBlob(
  { client, repository, signal }: ProbeInput,
  objectId: string,
): Promise<string | undefined> {
  try {
    const bytes = await client.readBlob({
      repository: repository.id,
      objectId,
      signal,
    });
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    if (isTooLarge(error)) {
      return undefined;
    }
    throw error;
  }
}

/** Whether the same object id means that nothing is to be read again. */
function isTrusted(input: ProbeInput, known: KnownDescriptor): boolean {
  return (
    known.removal === undefined &&
    known.claims.every(claim => claim.removal === undefined) &&
    known.signature === input.parser.signature(input.repository, known.path)
  );
}

function unchanged({
  path,
  objectId,
  signature,
}: KnownDescriptor): PathObservation {
  return { outcome: 'unchanged', path, objectId, signature };
}

function isTooLarge(error: unknown): boolean {
  return (
    error instanceof AzureDevOpsRequestError && error.fault.kind === 'too-large'
  );
}

function versionOf(branch: string | undefined): VersionRef | undefined {
  return branch === undefined ? undefined : { type: 'branch', version: branch };
}
