import {
  expectedObject,
  readWithCatalogParser,
  type CatalogParserReading,
} from './yaml/catalog-parser';
import { readWithJsYaml, type JsYamlReading } from './yaml/js-yaml';
import {
  CATALOG_PARSER_LIMITS,
  CatalogParserBudget,
  MAX_DOCUMENTS,
  MAX_FILE_LENGTH,
  MAX_FILE_STRUCTURE,
  countStructure,
} from './yaml/limits';
import {
  firstContentLine,
  splitDocuments,
  type DocumentText,
} from './yaml/split';

/** One document of a file that is not empty. Line and column are the file's, counted from 1. */
export type ParsedDocument =
  | {
      readonly outcome: 'value';
      /** A plain object, deep-equal to what the catalog's own parser gives. */
      readonly value: object;
      readonly line?: number;
    }
  | {
      readonly outcome: 'rejected';
      readonly reason: 'syntax' | 'too-large';
      readonly message: string;
      readonly line?: number;
      readonly column?: number;
    };

export interface ParseOptions {
  /** The catalog's `catalog.enableYamlMerge`. */
  readonly enableYamlMerge: boolean;
}

/**
 * Reads the YAML documents of a file as Backstage's `parseEntityYaml` does.
 *
 * js-yaml reads them. Where it rejects a document, or takes one of a shape of
 * which the two parsers might make different things, Backstage's own parser has
 * the last word, as long as the file keeps within {@link CATALOG_PARSER_LIMITS};
 * beyond them js-yaml alone decides. A document of which Backstage's parser throws
 * is rejected, and costs the file's other documents nothing.
 *
 * Never throws. Files beyond the limits of `yaml/limits.ts` are rejected whole.
 */
export function parseDocuments(
  content: string,
  options: ParseOptions,
): ParsedDocument[] {
  // The catalog reads bytes, in which a lone surrogate is a replacement character.
  const text = /\p{Surrogate}/u.test(content)
    ? Buffer.from(content).toString()
    : content;
  const rejection = rejectFile(text);
  if (rejection) return [rejection];
  // The mark may begin a file; it is no part of its first document.
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const parts = splitDocuments(body, MAX_DOCUMENTS);
  if (!parts) {
    return [
      tooLarge(
        `the file has more than ${format(MAX_DOCUMENTS)} documents; split it into several files`,
      ),
    ];
  }
  let small: boolean | undefined;
  const isSmall = () => (small ??= new CatalogParserBudget().take(text));
  if (hasDirectives(body) && !isSmall()) {
    return [
      tooLarge(
        `the file uses YAML directives (lines that begin with %), which are read only in small files (${describeLimits()}); remove the directives or split the file`,
      ),
    ];
  }
  const readings: JsYamlReading[] = [];
  for (const part of parts) {
    const reading = readWithJsYaml(part.text, options);
    if (!isCertain(reading) && isSmall()) {
      return readAsCatalog(text, parts, options);
    }
    readings.push(reading);
  }
  const budget = new CatalogParserBudget();
  return parts.flatMap((part, index) => {
    const reading = readings[index];
    if (!reading) return [];
    return isCertain(reading) || !budget.take(part.text)
      ? fromJsYaml(reading, part)
      : readPart(part, options);
  });
}

/**
 * The catalog's own reading of the whole file. Where its parser throws, which
 * costs the catalog the file's later documents, those are read one by one.
 */
function readAsCatalog(
  text: string,
  parts: readonly DocumentText[],
  options: ParseOptions,
): ParsedDocument[] {
  const { readings, thrown } = readWithCatalogParser(text, options);
  const nonEmpty = parts.filter(part => !isEmpty(part, options));
  const lines = nonEmpty.map(firstContentLine);
  if (thrown === undefined) {
    const known = lines.length === readings.length;
    return readings.map((reading, index) =>
      fromCatalog(reading, 1, known ? lines[index] : undefined),
    );
  }
  return [
    ...readings.map((reading, index) => fromCatalog(reading, 1, lines[index])),
    unreadable(thrown, lines[readings.length]),
    // Directives apply to later documents: without them these would read differently.
    ...(hasDirectives(text) ? [] : nonEmpty)
      .slice(readings.length + 1)
      .flatMap(part => readPart(part, options)),
  ];
}

function isEmpty(part: DocumentText, options: ParseOptions): boolean {
  const reading = readWithJsYaml(part.text, options);
  return reading.outcome === 'value' && reading.value === null;
}

function readPart(part: DocumentText, options: ParseOptions): ParsedDocument[] {
  const result = readWithCatalogParser(part.text, options);
  const line = firstContentLine(part);
  return [
    ...result.readings.map(reading => fromCatalog(reading, part.line, line)),
    ...(result.thrown === undefined ? [] : [unreadable(result.thrown, line)]),
  ];
}

function unreadable(thrown: string, line?: number): ParsedDocument {
  return {
    outcome: 'rejected',
    reason: 'syntax',
    message: `the document cannot be read: ${oneLine(thrown)}`,
    line,
  };
}

function hasDirectives(text: string): boolean {
  return /^\uFEFF?%/m.test(text);
}

function isCertain(reading: JsYamlReading): boolean {
  return reading.outcome === 'value' && reading.certain;
}

function fromJsYaml(
  reading: JsYamlReading,
  part: DocumentText,
): ParsedDocument[] {
  if (reading.outcome === 'rejected') {
    return [
      {
        outcome: 'rejected',
        reason: 'syntax',
        message: `not valid YAML: ${oneLine(reading.message)} (the file is too large to ask the catalog's own parser, which takes some YAML that is rejected here)`,
        line: part.line + (reading.line ?? 1) - 1,
        column: reading.column,
      },
    ];
  }
  const { value } = reading;
  if (value === null) return [];
  const line = firstContentLine(part);
  if (typeof value !== 'object' || Array.isArray(value)) {
    return [
      {
        outcome: 'rejected',
        reason: 'syntax',
        message: expectedObject(Array.isArray(value) ? 'list' : typeof value),
        line,
      },
    ];
  }
  return [{ outcome: 'value', value, line }];
}

/** `textLine`: where the text that was read begins; `line`: where the document does. */
function fromCatalog(
  reading: CatalogParserReading,
  textLine: number,
  line?: number,
): ParsedDocument {
  if (reading.outcome === 'value') {
    return { outcome: 'value', value: reading.value, line };
  }
  return {
    outcome: 'rejected',
    reason: 'syntax',
    message: `not valid YAML: ${oneLine(reading.message)}`,
    line: reading.line === undefined ? line : reading.line + textLine - 1,
    column: reading.column,
  };
}

function rejectFile(text: string): ParsedDocument | undefined {
  if (text.length > MAX_FILE_LENGTH) {
    return tooLarge(
      `the file has ${format(text.length)} characters, and at most ${format(MAX_FILE_LENGTH)} are read; split it into several files`,
    );
  }
  const structure = countStructure(text);
  if (structure > MAX_FILE_STRUCTURE) {
    return tooLarge(
      `the file has ${format(structure)} line breaks and indicators (such as : - , [ and quotes), and files with at most ${format(MAX_FILE_STRUCTURE)} are read; split it into several files`,
    );
  }
  return undefined;
}

function tooLarge(message: string): ParsedDocument {
  return { outcome: 'rejected', reason: 'too-large', message };
}

function describeLimits(): string {
  const { length, structure } = CATALOG_PARSER_LIMITS;
  return `at most ${format(length)} characters and ${format(structure)} line breaks and indicators`;
}

function format(count: number): string {
  return count.toLocaleString('en-US');
}

/** A parser's message on one line, of bounded length. */
function oneLine(message: string): string {
  const line = message.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
