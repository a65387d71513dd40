/**
 * Breaks a text into lines of at most `width` characters, between words only: a
 * path or an address that is longer stays in one piece, so that it can be copied.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(w => w !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** A text in lines, all but the first indented by as much as `lead` is long. */
export function hanging(lead: string, text: string, width: number): string {
  const indent = ' '.repeat(lead.length);
  return wrap(text, Math.max(20, width - lead.length))
    .map((line, i) => (i === 0 ? lead : indent) + line)
    .join('\n');
}

/**
 * Breaks a text into lines that take at most `width` columns of a terminal:
 * between words where a line is at least half full, and within a word elsewhere.
 * Spaces at a break are dropped.
 */
export function fold(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (displayWidth(rest) > width) {
    let line = '';
    for (const character of rest) {
      if (displayWidth(line + character) > width) break;
      line += character;
    }
    const space = rest.slice(0, line.length + 1).lastIndexOf(' ');
    const end = space > line.length / 2 ? space : line.length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

/** Characters that take two columns of a terminal: East Asian scripts and pictographs. */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** How many columns of a terminal a text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (!/\p{Mn}/u.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
