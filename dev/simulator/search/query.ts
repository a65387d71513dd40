/** What a search text asks for, taken apart. */
export interface SearchQuery {
  readonly paths: readonly string[];
  readonly projects: readonly string[];
  readonly repositories: readonly string[];
  readonly files: readonly string[];
  readonly extensions: readonly string[];
  /** Words that must stand in the file. */
  readonly words: readonly string[];
}

const TERM = /(?:(path|proj|repo|file|ext):)?(?:"([^"]*)"|(\S+))/gi;

/**
 * Takes a search text apart: `path:`, `proj:`, `repo:`, `file:`, `ext:`, with or
 * without quotes, and words.
 *
 * Source: https://learn.microsoft.com/azure/devops/project/search/functional-code-search
 */
export function parseSearchText(text: string): SearchQuery {
  const found: Record<string, string[]> = {};
  for (const [, filter = 'word', quoted, bare] of text.matchAll(TERM)) {
    (found[filter.toLowerCase()] ??= []).push(quoted ?? bare ?? '');
  }
  return {
    paths: found['path'] ?? [],
    projects: found['proj'] ?? [],
    repositories: found['repo'] ?? [],
    files: found['file'] ?? [],
    extensions: found['ext'] ?? [],
    words: found['word'] ?? [],
  };
}

/** Whether a text is what was asked for. */
export type Test = (text: string) => boolean;

/** Tests whole names against a pattern with `*` (any characters) and `?` (one), without regard to case. */
export function nameTest(pattern: string): Test {
  const expression = new RegExp(`^${wildcards(pattern)}$`, 'isu');
  return name => expression.test(name);
}

/**
 * Tests whether paths lie at or below a `path:` filter. One that begins with a
 * slash is looked for from the root, any other at every depth, by whole segments.
 */
export function pathTest(filter: string): Test {
  const inner = wildcards(filter.replace(/^\/+|\/+$/g, ''));
  if (inner === '') return () => true;
  const start = filter.startsWith('/') ? '^/' : '^/(?:.*/)?';
  const expression = new RegExp(`${start}${inner}(?:/.*)?$`, 'isu');
  return path => expression.test(path);
}

function wildcards(pattern: string): string {
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
}
