import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ServiceUnavailableError } from '@backstage/errors';
import { Turns } from '../concurrency';

/** One document of a text, as Backstage's parser reads it. */
export type CatalogDocument =
  | {
      /** The document's root object. */
      readonly json: string;
    }
  | { readonly error: string }
  | { readonly problem: JsonProblem };

/** Why a value has no JSON that can be stored. */
export type JsonProblem = 'circular' | 'too-deep' | 'too-large';

export type WorkerResult =
  | {
      readonly outcome: 'parsed';
      /** One for each document that is not empty, up to the one of which the parser threw. */
      readonly documents: readonly CatalogDocument[];
      /** What the parser threw, which ends its reading of the whole text. */
      readonly thrown?: string;
      /** What is left of `maxLength`. */
      readonly left: number;
      /** How long it took, without waiting for other texts. */
      readonly tookMs: number;
    }
  /** The text took more time, or more memory, than a text may take. */
  | { readonly outcome: 'expired'; readonly limit: 'time' | 'memory' };

interface WorkerRequest {
  readonly text: string;
  readonly enableYamlMerge: boolean;
  /** How much all values together may be, in characters: aliases make a value of any size of a few bytes. */
  readonly maxLength: number;
}

export interface WorkerLimits {
  readonly deadlineMs: number;
  readonly memoryMb: number;
}

/**
 * What the thread holds of young objects, in megabytes. By default it is ten times
 * as much, and the thread some 25 MB larger, without being faster.
 */
const YOUNG_MB = 4;

/**
 * What runs in the worker: `parseEntityYaml`, the function with which Backstage
 * reads the files of its locations, and JSON of what it gives.
 *
 * JavaScript in a string, since a worker loads its code without the compilers
 * that tests and the benchmark use.
 */
const CODE = `
const { parentPort, workerData } = require('node:worker_threads');
const { parseEntityYaml } = require(workerData.catalogNode);

// The parser reports keys that are collections as warnings about the process.
process.emitWarning = () => {};

const LOCATION = { type: 'url', target: 'descriptor' };
/** Everything that walks entities does so recursively. */
const MAX_DEPTH = 500;
/** What a node counts beside its text: it takes time even where it has none. */
const NODE_LENGTH = 16;

function parse({ bytes, enableYamlMerge, maxLength }) {
  const startedAt = performance.now();
  const result = { outcome: 'parsed', documents: [], left: maxLength };
  try {
    const data = Buffer.from(bytes.buffer);
    for (const found of parseEntityYaml(data, LOCATION, { enableYamlMerge })) {
      if (found.type === 'entity') {
        result.documents.push(toJson(found.entity, result));
      } else if (found.type === 'error') {
        result.documents.push({ error: found.error.message });
      }
    }
  } catch (error) {
    result.thrown = String(error?.message ?? error);
  }
  result.tookMs = performance.now() - startedAt;
  return result;
}

function toJson(value, budget) {
  const problem = findProblem(value, budget, new Set());
  return problem ? { problem } : { json: JSON.stringify(value) };
}

function findProblem(value, budget, ancestors) {
  budget.left -= NODE_LENGTH + (typeof value === 'string' ? value.length : 0);
  if (budget.left < 0) return 'too-large';
  if (typeof value !== 'object' || value === null) return undefined;
  if (ancestors.has(value)) return 'circular';
  if (ancestors.size === MAX_DEPTH) return 'too-deep';
  ancestors.add(value);
  for (const [key, member] of Object.entries(value)) {
    budget.left -= key.length;
    const problem = findProblem(member, budget, ancestors);
    if (problem) return problem;
  }
  ancestors.delete(value);
  return undefined;
}

parentPort.on('message', request => parentPort.postMessage(parse(request)));
parentPort.postMessage('ready');
`;

/**
 * Has texts read by Backstage's own parser, one after the other, in a thread of
 * its own: some texts of 2 KB take it minutes, and others all memory. A text that
 * exceeds a limit costs the thread, and the next text gets a new one.
 */
export class YamlWorker {
  readonly #limits: WorkerLimits;
  #worker: Worker | undefined;
  /** Aborted when the text that is being read shall be read no further. */
  #reading = new AbortController();
  readonly #turns = new Turns();
  #isClosed = false;

  constructor(limits: WorkerLimits) {
    this.#limits = limits;
  }

  /** @throws an error where there is no thread to be had, or no longer; or the signal's reason */
  async parse(
    request: WorkerRequest,
    signal?: AbortSignal,
  ): Promise<WorkerResult> {
    return await this.#turns.take(
      () => this.#parseNext(request, signal),
      signal,
    );
  }

  /** Ends the thread. What is being read, or waits for it, is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#reading.abort();
    await this.#turns.take(() => this.#stop());
  }

  async #parseNext(
    request: WorkerRequest,
    aborted?: AbortSignal,
  ): Promise<WorkerResult> {
    this.#throwIfClosed();
    aborted?.throwIfAborted();
    const reading = (this.#reading = new AbortController());
    const signal = AbortSignal.any([
      reading.signal,
      ...(aborted ? [aborted] : []),
    ]);
    let deadline: NodeJS.Timeout | undefined;
    try {
      const worker = (this.#worker ??= await this.#start(signal));
      worker.ref();
      deadline = setTimeout(() => reading.abort(), this.#limits.deadlineMs);
      const { text, ...options } = request;
      // Of bytes, as the catalog has them: half a surrogate pair becomes U+FFFD. They are given away, not copied.
      const bytes = new TextEncoder().encode(text);
      worker.postMessage({ ...options, bytes }, [bytes.buffer]);
      const result = await nextMessage(worker, signal);
      worker.unref();
      return result as WorkerResult;
    } catch (error) {
      await this.#stop();
      this.#throwIfClosed();
      aborted?.throwIfAborted();
      if (signal.aborted) return { outcome: 'expired', limit: 'time' };
      if (isOutOfMemory(error)) return { outcome: 'expired', limit: 'memory' };
      throw error;
    } finally {
      clearTimeout(deadline);
    }
  }

  /** A thread that has loaded the parser, which takes longer than most texts. */
  async #start(signal: AbortSignal): Promise<Worker> {
    const worker = new Worker(CODE, {
      eval: true,
      // Without what the process was started with, such as a compiler's loader.
      execArgv: [],
      workerData: {
        catalogNode: require.resolve('@backstage/plugin-catalog-node'),
      },
      resourceLimits: {
        maxOldGenerationSizeMb: this.#limits.memoryMb,
        maxYoungGenerationSizeMb: YOUNG_MB,
      },
    });
    this.#worker = worker;
    // The text that is being read gets the error; an idle thread is replaced.
    worker.on('error', () => {});
    worker.once('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    await nextMessage(worker, signal);
    return worker;
  }

  async #stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #throwIfClosed(): void {
    if (this.#isClosed) {
      throw new ServiceUnavailableError(
        'the parser of descriptors is closed with the backend',
      );
    }
  }
}

/** @throws the error of the thread; an error when it ends without one; the signal's */
async function nextMessage(
  worker: Worker,
  signal: AbortSignal,
): Promise<unknown> {
  const settled = new AbortController();
  const options = { signal: AbortSignal.any([signal, settled.signal]) };
  const ended = async () => {
    const [code] = await once(worker, 'exit', options);
    throw new Error(`the thread of the YAML parser ended with code ${code}`);
  };
  try {
    const message = once(worker, 'message', options);
    return (await Promise.race([message, ended()]))[0];
  } finally {
    settled.abort();
  }
}

function isOutOfMemory(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'ERR_WORKER_OUT_OF_MEMORY';
}
