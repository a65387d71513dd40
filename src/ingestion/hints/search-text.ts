import { braceExpand } from 'minimatch';
import type { DescriptorPath } from '../../config/patterns';

/**
 * What to ask Code Search for, so that it finds the files of a path; each text
 * is a search of its own. Empty when no search can find them: words must not
 * begin with a wildcard, and know no character classes.
 *
 * A literal path is asked for as such. Of a glob only the name of the file is
 * asked for, since what `*` means within `path:` is not what it means to Git;
 * who asks has to look at the paths of what was found.
 *
 * Source: https://learn.microsoft.com/azure/devops/project/search/functional-code-search
 */
export function searchTexts(path: DescriptorPath): string[] {
  if (path.kind === 'literal') {
    return isPlain(path.path) ? [`path:${quoted(path.path)}`] : [];
  }
  const names = new Set(
    braceExpand(path.pattern).map(pattern =>
      pattern.slice(pattern.lastIndexOf('/') + 1),
    ),
  );
  const texts = [...names].map(name =>
    /^[*?]|[[\]]/.test(name) || !isPlain(name)
      ? undefined
      : `file:${quoted(name)}`,
  );
  // Half of the names would look like all of them.
  return texts.every(text => text !== undefined) ? texts : [];
}

/** A quotation mark cannot be written within quotation marks. */
function isPlain(text: string): boolean {
  return !text.includes('"');
}

function quoted(text: string): string {
  return /\s/.test(text) ? `"${text}"` : text;
}
