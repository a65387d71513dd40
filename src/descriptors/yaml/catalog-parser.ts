import { parseEntityYaml } from '@backstage/plugin-catalog-node';

/** What the catalog's own parser makes of one document. */
export type CatalogParserReading =
  | { readonly outcome: 'value'; readonly value: object }
  | {
      readonly outcome: 'rejected';
      readonly message: string;
      /** Counted from 1, from the beginning of the text. */
      readonly line?: number;
      readonly column?: number;
    };

export interface CatalogParserResult {
  /** One reading for each document that is not empty, up to the one that made the parser throw. */
  readonly readings: CatalogParserReading[];
  /** Why the parser threw, which ends its reading of the whole text. */
  readonly thrown?: string;
}

const LOCATION = { type: 'url', target: 'descriptor' };
const SYNTAX_ERROR = 'YAML error at url:descriptor, ';

/**
 * Reads a text with the very function with which the catalog reads the files of
 * its locations. Its time is not bounded by the length of the text: ask the
 * budget first.
 */
export function readWithCatalogParser(
  text: string,
  options: { enableYamlMerge: boolean },
): CatalogParserResult {
  const readings: CatalogParserReading[] = [];
  // The parser reports keys that are collections as process warnings; what is
  // wrong with a repository's file is no warning about this process.
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    for (const result of parseEntityYaml(text, LOCATION, options)) {
      if (result.type === 'entity') {
        readings.push({ outcome: 'value', value: result.entity });
      } else if (result.type === 'error') {
        readings.push({
          outcome: 'rejected',
          ...describeError(result.error.message),
        });
      }
    }
    return { readings };
  } catch (error) {
    return {
      readings,
      thrown: error instanceof Error ? error.message : String(error),
    };
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** What to say of a document that holds something else. */
export function expectedObject(found: string): string {
  return `expected an object at the root of the document, found a ${found}`;
}

/** Takes the parser's message apart: the reason, the position, and the excerpt of the file, which is dropped. */
function describeError(message: string): {
  message: string;
  line?: number;
  column?: number;
} {
  const root = /^Expected object at root, got (\w+)$/.exec(message)?.[1];
  if (root !== undefined) {
    // To the parser a list is an object too.
    return { message: expectedObject(root === 'object' ? 'list' : root) };
  }
  const reason = message.startsWith(SYNTAX_ERROR)
    ? message.slice(SYNTAX_ERROR.length).replace(/^\w+: /, '')
    : message;
  const match = /^(.*?) at line (\d+), column (\d+)(?::\n|$)/s.exec(reason);
  return match
    ? {
        message: match[1] ?? reason,
        line: Number(match[2]),
        column: Number(match[3]),
      }
    : { message: reason };
}
