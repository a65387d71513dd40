/**
 * What one file may cost. Every number is a bound on the time for which reading
 * a file blocks the process; `docs/descriptors.md` says how each was measured.
 */

/** Characters of one file. Beyond them nothing is read. */
export const MAX_FILE_LENGTH = 1024 * 1024;

/** Structural characters (see {@link countStructure}) of one file. Beyond them nothing is read. */
export const MAX_FILE_STRUCTURE = 60_000;

/** Documents of one file, empty ones included. Beyond them nothing is read. */
export const MAX_DOCUMENTS = 3_000;

/**
 * Characters that all documents of one file may have as JSON, roughly, with their
 * aliases spelled out.
 */
export const MAX_FILE_JSON_LENGTH = 4 * 1024 * 1024;

/** Nesting of collections that js-yaml follows. */
export const MAX_DEPTH = 100;

/** Aliases of one document that js-yaml resolves. */
export const MAX_ALIASES = 1_000;

/** Aliases of one anchor: with more the catalog's own parser rejects the document. */
export const MAX_ALIASES_OF_ONE_ANCHOR = 99;

/** Keys that js-yaml copies for the merge keys (`<<`) of one document. */
export const MAX_MERGED_KEYS = 10_000;

/**
 * What the catalog's own parser may be asked to read, in all documents of one
 * file together. Its time grows with the square of the keys of a map, of the
 * errors in a line and of the aliases of a document, and with the fourth power
 * of the nesting of keys that are collections: 2 KB of `? ? ? ?` end the process.
 */
export const CATALOG_PARSER_LIMITS = {
  /** Characters. */
  length: 32 * 1024,
  /** Structural characters. */
  structure: 2_000,
  /** How deep collections that could be keys may nest: see {@link boundNesting}. */
  nesting: 24,
  /** Aliases, counted only where there is an anchor. */
  aliases: 24,
} as const;

/** What a text costs, in the units of {@link CATALOG_PARSER_LIMITS}. */
export interface Cost {
  readonly length: number;
  readonly structure: number;
  readonly nesting: number;
  readonly aliases: number;
}

const STRUCTURAL = new Uint8Array(128);
for (const character of '\n\r:,?"\'{}[]&*!%@`|>#-\\') {
  STRUCTURAL[character.charCodeAt(0)] = 1;
}

/**
 * The number of characters that can begin, end or separate something in YAML,
 * wherever they stand: an upper bound on the keys, items, tokens and errors that
 * a parser can find.
 */
export function countStructure(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 128) count += STRUCTURAL[code] ?? 0;
  }
  return count;
}

/** A flow collection on one line, around nothing in which its end could hide. */
const INNERMOST = /\[[^[\]{}"'#!\n\r]*\]|\{[^[\]{}"'#!\n\r]*\}/g;
const MAX_PASSES = 8;

/**
 * An upper bound on how deep flow collections and explicit keys nest: what is
 * open and close on one line is taken away from the inside out, one level in each
 * pass, and of what is then left everything might be nested.
 */
export function boundNesting(text: string): number {
  let rest = text;
  let levels = 0;
  while (levels < MAX_PASSES) {
    const outer = rest.replace(INNERMOST, 'x');
    if (outer === rest) break;
    rest = outer;
    levels++;
  }
  return levels + countMatches(rest, /[[{]|\?(?=\s|$)/g);
}

/** The cost of having the catalog's own parser read a text. */
export function costOf(text: string): Cost {
  return {
    length: text.length,
    structure: countStructure(text),
    nesting: boundNesting(text),
    // An alias without any anchor ends the reading of its document at once.
    aliases: text.includes('&')
      ? countMatches(text, /(?:^|[\s[{,:])\*(?=[^\s,[\]{}])/g)
      : 0,
  };
}

/** Keeps account of what the catalog's own parser has been asked in one file. */
export class CatalogParserBudget {
  #spent: Cost = { length: 0, structure: 0, nesting: 0, aliases: 0 };

  /** Whether the text may be read; if so, its cost is booked. */
  take(text: string): boolean {
    if (this.#spent.length + text.length > CATALOG_PARSER_LIMITS.length) {
      return false;
    }
    const cost = costOf(text);
    const spent: Cost = {
      length: this.#spent.length + cost.length,
      structure: this.#spent.structure + cost.structure,
      nesting: Math.max(this.#spent.nesting, cost.nesting),
      aliases: this.#spent.aliases + cost.aliases,
    };
    if (
      spent.structure > CATALOG_PARSER_LIMITS.structure ||
      spent.nesting > CATALOG_PARSER_LIMITS.nesting ||
      spent.aliases > CATALOG_PARSER_LIMITS.aliases
    ) {
      return false;
    }
    this.#spent = spent;
    return true;
  }
}

function countMatches(text: string, pattern: RegExp): number {
  let count = 0;
  for (const _match of text.matchAll(pattern)) count++;
  return count;
}
