/** The text of one YAML document, with its marker line. */
export interface DocumentText {
  readonly text: string;
  /** The line of the file on which the text begins, counted from 1. */
  readonly line: number;
}

/**
 * Cuts a YAML stream at its document markers: `---` begins a document, `...`
 * ends one. A marker stands at the very start of a line and is followed by white
 * space; there no scalar, quoted or not, can contain it, so that the cut needs
 * no parser.
 *
 * Returns `undefined` when there are more than `limit` documents.
 */
export function splitDocuments(
  text: string,
  limit: number,
): DocumentText[] | undefined {
  const documents: DocumentText[] = [];
  let start = 0;
  let startLine = 1;
  let line = 1;
  const cut = (end: number, nextLine: number): boolean => {
    if (end > start) {
      if (documents.length === limit) return false;
      documents.push({ text: text.slice(start, end), line: startLine });
    }
    start = end;
    startLine = nextLine;
    return true;
  };
  for (let position = 0; position < text.length; line++) {
    const newline = text.indexOf('\n', position);
    const next = newline === -1 ? text.length : newline + 1;
    if (isMarker(text, position, '-')) {
      if (!cut(position, line)) return undefined;
    } else if (isMarker(text, position, '.')) {
      if (!cut(next, line + 1)) return undefined;
    }
    position = next;
  }
  return cut(text.length, line) ? documents : undefined;
}

function isMarker(text: string, position: number, character: string): boolean {
  return (
    text[position] === character &&
    text[position + 1] === character &&
    text[position + 2] === character &&
    /^[ \t\r\n]?$/.test(text.charAt(position + 3))
  );
}

/** The line of the file on which the first thing stands that is no marker, comment or blank line. */
export function firstContentLine(document: DocumentText): number | undefined {
  let line = document.line;
  for (const text of document.text.split('\n')) {
    const content = text.replace(/^(?:---|\.\.\.)(?=\s|$)/, '').trim();
    if (content !== '' && !content.startsWith('#')) return line;
    line++;
  }
  return undefined;
}
