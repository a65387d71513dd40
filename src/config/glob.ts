import { braceExpand, Minimatch } from 'minimatch';

/** Any number of elements: `*` of characters, `**` of folders. */
const ANY = Symbol('any number');

type Token<T> = typeof ANY | ((element: T) => boolean);

/** The longest pattern, in characters. */
const LONGEST_PATTERN = 1_000;
/** How many alternatives its braces may stand for. */
const MOST_ALTERNATIVES = 100;

/** As minimatch has them. */
interface GlobOptions {
  /** Whether wildcards match a dot at the beginning of a name. Default: false. */
  readonly dot?: boolean;
  /** Whether parentheses after `?`, `*`, `+`, `@` and `!` are ordinary characters. Default: false; then they cannot be matched. */
  readonly noext?: boolean;
}

/**
 * A glob that minimatch takes apart, and that is matched here: the regular
 * expressions of minimatch take longer than anybody waits for patterns with many
 * wildcards, and whoever may name a file chooses what they are matched with.
 */
export interface Glob {
  /** Alternatives, each with a part for each folder; texts are to be found as they are. */
  readonly set: Minimatch['set'];
  /** The same as they are written. */
  readonly parts: readonly (readonly string[])[];
  /** The deepest folder below which every match lies; `/` when that is the root. */
  readonly scopePath: string;
  matches(path: string): boolean;
}

/**
 * A glob, or what it should have been, to be read after "to be".
 *
 * @param pattern - of absolute paths, with a leading slash
 */
export function readGlob(
  pattern: string,
  { dot = false, noext = false }: GlobOptions = {},
): Glob | string {
  if (pattern.length > LONGEST_PATTERN) {
    return `at most ${LONGEST_PATTERN} characters long`;
  }
  if (!noext && /[?*+@!]\(/.test(pattern)) {
    return 'a pattern of `*`, `**`, `?`, `[…]` and `{a,b}`, without parentheses after `?`, `*`, `+`, `@` or `!`';
  }
  const braceExpandMax = MOST_ALTERNATIVES + 1;
  if (braceExpand(pattern, { braceExpandMax }).length > MOST_ALTERNATIVES) {
    return `a pattern whose braces stand for at most ${MOST_ALTERNATIVES} alternatives`;
  }
  const glob = new Minimatch(pattern, {
    dot,
    noext: true,
    nocomment: true,
    nonegate: true,
    braceExpandMax,
    // On Windows, too, slashes part folders.
    platform: 'linux',
  });
  const alternatives = glob.globParts.map(parts => tokensOfPath(parts, dot));
  const mayBeAny = (name: string) => dot || !name.startsWith('.');
  return {
    set: glob.set,
    parts: glob.globParts,
    scopePath: scopeOf(glob.set),
    matches(path) {
      // As minimatch has it, several slashes are one.
      const names = path.split(/\/+/);
      return alternatives.some(tokens =>
        matchesSequence(tokens, names, mayBeAny),
      );
    },
  };
}

/** The folders that all alternatives have in common before the first wildcard. */
function scopeOf(set: Glob['set']): string {
  const folders = set.map(parts => {
    const end = parts.findIndex(part => typeof part !== 'string');
    return parts.slice(
      0,
      end < 0 ? parts.length - 1 : Math.min(end, parts.length - 1),
    );
  });
  return commonStart(folders).join('/') || '/';
}

/** The elements with which all lists begin. */
export function commonStart<T>(lists: ReadonlyArray<readonly T[]>): T[] {
  const [first = [], ...others] = lists;
  const end = first.findIndex((element, i) =>
    others.some(other => other[i] !== element),
  );
  return first.slice(0, end < 0 ? undefined : end);
}

/**
 * Whether elements match tokens one by one. Where they do not, only the last
 * "any number" has to take one element more, so that no pattern takes longer
 * than its length times the number of elements.
 */
export function matchesSequence<T>(
  tokens: readonly Token<T>[],
  elements: readonly T[],
  mayBeAny: (element: T) => boolean = () => true,
): boolean {
  let t = 0;
  let e = 0;
  let any = -1;
  let taken = 0;
  while (e < elements.length) {
    const token = tokens[t];
    if (token === ANY) {
      any = t++;
      taken = e;
    } else if (token?.(elements[e] as T)) {
      t++;
      e++;
    } else if (any >= 0 && mayBeAny(elements[taken] as T)) {
      t = any + 1;
      e = ++taken;
    } else {
      return false;
    }
  }
  while (tokens[t] === ANY) t++;
  return t === tokens.length;
}

/** `*` stands for any number of characters, `?` for one; everything else for itself. */
export function wildcardTokens(characters: readonly string[]): Token<string>[] {
  return characters.map(character =>
    character === '*'
      ? ANY
      : character === '?'
        ? () => true
        : given => given === character,
  );
}

function tokensOfPath(parts: readonly string[], dot: boolean): Token<string>[] {
  return parts.flatMap((part, index): Token<string>[] => {
    if (part !== '**') {
      return [nameMatcher(part, dot)];
    }
    // At the end it stands for one name at least.
    return index === parts.length - 1 ? [ANY, nameMatcher('*', dot)] : [ANY];
  });
}

/** Whether a file or folder has a name that matches. */
function nameMatcher(glob: string, dot: boolean): (name: string) => boolean {
  const tokens = tokensOfName(glob);
  const needsText = /^[*?[]/.test(glob);
  const hidesDot = !dot && needsText;
  return name =>
    !(hidesDot && name.startsWith('.')) &&
    !(needsText && name === '') &&
    matchesSequence(tokens, [...name]);
}

/** A set of characters in brackets, among them classes such as `[:alpha:]`. */
const BRACKETS = /^\[[!^]?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\]/;

function tokensOfName(glob: string): Token<string>[] {
  const tokens: Token<string>[] = [];
  for (let rest = glob; rest !== '';) {
    const brackets = BRACKETS.exec(rest)?.[0];
    if (brackets) {
      tokens.push(bracketMatcher(brackets));
      rest = rest.slice(brackets.length);
      continue;
    }
    const isEscaped = rest.startsWith('\\') && rest.length > 1;
    const [character = ''] = isEscaped ? rest.slice(1) : rest;
    tokens.push(
      ...(isEscaped
        ? [(given: string) => given === character]
        : wildcardTokens([character])),
    );
    rest = rest.slice(character.length + (isEscaped ? 1 : 0));
  }
  return tokens;
}

/**
 * What minimatch makes of one set of characters takes no time for one character.
 * The character is not matched alone: `.` would be a folder, which no pattern matches.
 */
function bracketMatcher(brackets: string): (character: string) => boolean {
  const set = new Minimatch(`x${brackets}`, {
    nocomment: true,
    nonegate: true,
    noext: true,
    nobrace: true,
    platform: 'linux',
  });
  return character => set.match(`x${character}`);
}
