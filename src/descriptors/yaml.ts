import type { Config } from '@backstage/config';
import type { JsonObject } from '@backstage/types';
import { load } from 'js-yaml';
import {
  YamlWorker,
  type CatalogDocument,
  type JsonProblem,
  type WorkerLimits,
  type WorkerResult,
} from './yaml-worker';

/** One document of a file that is not empty. Line and column are the file's, counted from 1. */
export type YamlDocument =
  | {
      readonly outcome: 'value';
      /** As it is after `JSON.parse(JSON.stringify(value))`, which is how the catalog stores it. */
      readonly value: JsonObject;
      readonly line?: number;
    }
  | {
      readonly outcome: 'rejected';
      readonly reason: 'syntax' | 'too-large';
      readonly message: string;
      readonly line?: number;
      readonly column?: number;
    };

export interface YamlFile {
  readonly documents: readonly YamlDocument[];
  /** What the values take, in characters of JSON, roughly. */
  readonly length: number;
  /** How long the thread of the catalog's own parser took, in milliseconds. */
  readonly tookMs: number;
}

/** Characters of a file. What is larger is no descriptor. */
const MAX_LENGTH = 4 * 1024 * 1024;

/** Documents of a file, empty ones included: each may end as a message in the database. */
const MAX_DOCUMENTS = 10_000;

/** What all values of a file may be, in characters of JSON and 16 for each node, with aliases spelled out. */
const MAX_JSON_LENGTH = 16 * 1024 * 1024;

/** Characters of a file that js-yaml may read: it blocks the process meanwhile. */
const MAX_PLAIN_LENGTH = 32 * 1024;

/** How many deadlines the documents of a file may take together when they are read one by one; the rest is then not read. */
const MAX_DEADLINES = 2;

const LIMITS: WorkerLimits = { deadlineMs: 10_000, memoryMb: 256 };

/**
 * Reads the YAML documents of a file as Backstage's `parseEntityYaml` does.
 *
 * js-yaml reads what is plainly simple. Everything else is for Backstage's own
 * parser, in a thread of its own.
 */
export class YamlParser {
  /** The catalog's `catalog.enableYamlMerge`. */
  readonly enableYamlMerge: boolean;
  readonly #limits: WorkerLimits;
  readonly #worker: YamlWorker;

  constructor(options: {
    enableYamlMerge: boolean;
    /** What one text may take. */
    limits?: Partial<WorkerLimits>;
  }) {
    this.enableYamlMerge = options.enableYamlMerge;
    this.#limits = { ...LIMITS, ...options.limits };
    this.#worker = new YamlWorker(this.#limits);
  }

  static fromConfig(config: Config): YamlParser {
    return new YamlParser({
      enableYamlMerge:
        config.getOptionalBoolean('catalog.enableYamlMerge') ?? false,
    });
  }

  /** @throws an error where there is no thread to be had, or the parser is closed, or on an abort; nothing is then known of the file */
  async parse(text: string, signal?: AbortSignal): Promise<YamlFile> {
    if (text.length > MAX_LENGTH) {
      return rejectFile(
        `the file has ${format(text.length)} characters, and at most ${format(MAX_LENGTH)} are read; split it into several files`,
      );
    }
    return parsePlain(text) ?? (await this.#parseAsCatalog(text, signal));
  }

  async close(): Promise<void> {
    await this.#worker.close();
  }

  async #parseAsCatalog(text: string, signal?: AbortSignal): Promise<YamlFile> {
    const parts = splitDocuments(text);
    if (parts.length > MAX_DOCUMENTS) {
      return rejectFile(
        `the file has more than ${format(MAX_DOCUMENTS)} documents; split it into several files`,
      );
    }
    const filled = parts.filter(({ line }) => line !== undefined);
    const ask = async (part: string, maxLength: number) =>
      await this.#worker.parse(
        { text: part, enableYamlMerge: this.enableYamlMerge, maxLength },
        signal,
      );
    const whole = await ask(text, MAX_JSON_LENGTH);
    if (whole.outcome === 'parsed' && whole.thrown === undefined) {
      const isLineKnown = filled.length === whole.documents.length;
      return {
        documents: whole.documents.map((document, index) =>
          toYamlDocument(
            document,
            isLineKnown ? filled[index]?.line : undefined,
          ),
        ),
        length: MAX_JSON_LENGTH - whole.left,
        tookMs: whole.tookMs,
      };
    }
    // A directive applies to later documents, which without it would read differently.
    if (filled.length === 1 || /^\uFEFF?%/m.test(text)) {
      return {
        documents: this.#documentsOf(whole),
        length: text.length,
        tookMs: this.#tookMs(whole),
      };
    }
    return await this.#parseOneByOne(filled, this.#tookMs(whole), ask);
  }

  /**
   * Where Backstage's parser throws, or does not come to an end, the catalog takes
   * nothing of the file. Here each document is then read for itself.
   */
  async #parseOneByOne(
    parts: readonly DocumentText[],
    tookBeforeMs: number,
    ask: (text: string, maxLength: number) => Promise<WorkerResult>,
  ): Promise<YamlFile> {
    const documents: YamlDocument[] = [];
    let left = MAX_JSON_LENGTH;
    const mostMs = MAX_DEADLINES * this.#limits.deadlineMs;
    let leftMs = mostMs;
    for (const part of parts) {
      const plain = parsePlain(part.text);
      if (plain) {
        const { line } = part;
        documents.push(...plain.documents.map(it => ({ ...it, line })));
        continue;
      }
      const result: WorkerResult =
        leftMs > 0
          ? await ask(part.text, left)
          : { outcome: 'expired', limit: 'time' };
      if (result.outcome === 'parsed') left = result.left;
      leftMs -= this.#tookMs(result);
      documents.push(...this.#documentsOf(result, part));
    }
    return {
      documents,
      length: MAX_JSON_LENGTH - left,
      tookMs: tookBeforeMs + mostMs - leftMs,
    };
  }

  #tookMs(result: WorkerResult): number {
    return result.outcome === 'parsed'
      ? result.tookMs
      : this.#limits.deadlineMs;
  }

  /** What a text gave, the end of its reading included. */
  #documentsOf(result: WorkerResult, part?: DocumentText): YamlDocument[] {
    if (result.outcome === 'expired') {
      const limit =
        result.limit === 'time'
          ? `in ${this.#limits.deadlineMs / 1000} s`
          : `with ${this.#limits.memoryMb} MB of memory`;
      return [
        tooLarge(
          `Backstage's YAML parser cannot read it ${limit}; make it smaller, with fewer keys in one map, less nesting, and no collections as keys`,
          part?.line,
        ),
      ];
    }
    const documents = result.documents.map(document =>
      toYamlDocument(document, part?.line, part?.startLine),
    );
    if (result.thrown !== undefined) {
      documents.push({
        outcome: 'rejected',
        reason: 'syntax',
        message: `the document cannot be read: ${oneLine(result.thrown)}`,
        line: part?.line,
      });
    }
    return documents;
  }
}

/** Characters that the two parsers treat differently, or that only one of them takes. */
const UNCOMMON_CHARACTER =
  /[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\p{Surrogate}|\r(?!\n)/u;

const QUOTED = `'(?:[^']|'')*'|"(?:[^"\\\\]|\\\\[nrt"\\\\])*"`;
/** A word that is a string to every parser, but for `null`, `true` and `false`. */
const WORD = '[A-Za-z_$/][\\w./@$-]{0,200}';
const KEY = `(?:(?!(?:null|true|false)\\b)${WORD}|[1-9]\\d{0,5}|'[\\w/][\\w./@$-]{0,200}'|"[\\w/][\\w./@$-]{0,200}")`;
const ITEM = `(?:${WORD}(?::[\\w./@$-]+)*|${QUOTED})`;
const LIST = `\\[ *(?:${ITEM} *(?:, *${ITEM} *)*)?\\]`;
const ENTRY = `${KEY}: +(?:${ITEM}|${LIST})`;
const MAP = `\\{ *(?:${ENTRY} *(?:, *${ENTRY} *)*)?\\}`;
/** A number of few digits, or a text that does not look like one, without indicators where they would mean something. */
const PLAIN = `(?!0[xo]|[\\d.]+[eE]|[\\d.]{16})(?:[^\\s\\-?:,[\\]{}#&*!|>'"%@\`.+~<=]|\\.{1,2}/|\\.(?!inf|nan)[a-z])(?:[^:# ]|:(?! |$)|(?<! )#| +(?![ #]))*`;
const VALUE = `(?:${PLAIN}|${QUOTED}|${LIST}|${MAP}|[|>]-?)`;
/**
 * A line of a block mapping or sequence, or of a text that goes on; or nothing
 * but a comment. Runs of spaces are matched whole, so that a long one takes no
 * time that grows with its square.
 */
const PLAIN_LINE = new RegExp(
  `^(?:---| *(?! )(?:- +(?! ))?(?:${KEY}:(?: +${VALUE})?|${VALUE})?)(?: +#.*| *)$|^ *#`,
  'i',
);

/**
 * Reads a text of which js-yaml is known to make the same as Backstage's parser:
 * a short one, of whose lines each is plain wherever it stands, without tags,
 * anchors, aliases, merge keys, explicit keys and directives. What is not known
 * stays `undefined`; it need not be wrong.
 *
 * That the two agree is not derived from the YAML specification, which both
 * stretch, but tested with the differences found by comparing them at length.
 */
export function parsePlain(text: string): YamlFile | undefined {
  if (text.length > MAX_PLAIN_LENGTH || !isPlain(text)) return undefined;
  const documents: YamlDocument[] = [];
  for (const part of splitDocuments(text)) {
    if (part.line === undefined) continue;
    let value: unknown;
    try {
      value = load(part.text);
    } catch {
      return undefined;
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return undefined;
    }
    documents.push({
      outcome: 'value',
      value: value as JsonObject,
      line: part.line,
    });
  }
  return { documents, length: text.length, tookMs: 0 };
}

function isPlain(text: string): boolean {
  return (
    !UNCOMMON_CHARACTER.test(text) &&
    text.split(/\r?\n/).every(line => PLAIN_LINE.test(line))
  );
}

/** The text of one YAML document, with its marker line. */
interface DocumentText {
  readonly text: string;
  /** The line of the file on which the text begins, counted from 1. */
  readonly startLine: number;
  /** The line on which the first thing stands that is no marker, comment or blank line, if there is any. */
  readonly line: number | undefined;
}

/**
 * Cuts a YAML stream at its document markers: `---` begins a document, `...`
 * ends one. A marker stands at the very start of a line and is followed by white
 * space; there no scalar, quoted or not, can contain it, so that the cut needs
 * no parser.
 */
function splitDocuments(text: string): DocumentText[] {
  const documents: DocumentText[] = [];
  // The mark may begin a file; it is no part of its first document.
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  let startLine = 1;
  let contentLine: number | undefined;
  const cut = (end: number, nextLine: number) => {
    if (end > start) {
      documents.push({
        text: text.slice(start, end),
        startLine,
        line: contentLine,
      });
    }
    start = end;
    startLine = nextLine;
    contentLine = undefined;
  };
  for (let line = 1, position = start; position < text.length; line++) {
    const lineBreak = text.indexOf('\n', position);
    const next = lineBreak === -1 ? text.length : lineBreak + 1;
    if (isMarker(text, position, '---')) cut(position, line);
    if (contentLine === undefined && hasContent(text.slice(position, next))) {
      contentLine = line;
    }
    if (isMarker(text, position, '...')) cut(next, line + 1);
    position = next;
  }
  cut(text.length, 0);
  return documents;
}

function isMarker(text: string, position: number, marker: string): boolean {
  return (
    text.startsWith(marker, position) &&
    /^\s?$/.test(text.charAt(position + marker.length))
  );
}

function hasContent(line: string): boolean {
  return !/^(?:(?:---|\.\.\.)(?=\s|$))?\s*(?:#|$)/.test(line);
}

/** `startLine`: where in the file the text begins that was read; `line`: where the document does. */
function toYamlDocument(
  document: CatalogDocument,
  line?: number,
  startLine = 1,
): YamlDocument {
  if ('json' in document) {
    return {
      outcome: 'value',
      value: JSON.parse(document.json) as JsonObject,
      line,
    };
  }
  if ('problem' in document) {
    return tooLarge(JSON_PROBLEMS[document.problem], line);
  }
  const error = takeApart(document.error);
  return {
    outcome: 'rejected',
    reason: 'syntax',
    message: `not valid YAML: ${oneLine(error.message)}`,
    line: error.line === undefined ? line : error.line + startLine - 1,
    column: error.column,
  };
}

const JSON_PROBLEMS: Record<JsonProblem, string> = {
  circular:
    'the document contains itself through an alias, which cannot be stored; remove the alias',
  'too-large':
    'the document gets too large when its aliases are spelled out; use fewer of them',
  'too-deep': 'the document is nested too deeply to be stored',
};

/** Takes the parser's message apart: the reason, the position, and the excerpt of the file, which is dropped. */
function takeApart(message: string): {
  message: string;
  line?: number;
  column?: number;
} {
  const root = /^Expected object at root, got (\w+)$/.exec(message)?.[1];
  if (root !== undefined) {
    // To the parser a list is an object too.
    return {
      message: `expected an object at the root of the document, found a ${root === 'object' ? 'list' : root}`,
    };
  }
  const reason = message.replace(
    /^(?:YAML error at|Failed to parse YAML at) url:descriptor, (?:\w+: )?/,
    '',
  );
  const match = /^(.*?) at line (\d+), column (\d+)(?::\n|$)/s.exec(reason);
  return match
    ? {
        message: match[1] ?? reason,
        line: Number(match[2]),
        column: Number(match[3]),
      }
    : { message: reason };
}

function rejectFile(message: string): YamlFile {
  return { documents: [tooLarge(message)], length: 0, tookMs: 0 };
}

function tooLarge(message: string, line?: number): YamlDocument {
  return { outcome: 'rejected', reason: 'too-large', message, line };
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}

/** A parser's message on one line, of bounded length. */
function oneLine(message: string): string {
  const line = message.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
