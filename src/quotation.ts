/**
 * The one way for words from outside into messages, logs, the task's state and
 * the ledger. Whoever answers in place of the service, or of a proxy, may repeat
 * what it was sent, the credential included, in whatever encoding; so nothing
 * passes that could be a part of one.
 */
export interface QuotationOptions {
  /** What is never quoted, not even in pieces: the credential, as it was sent and decoded. */
  readonly secrets?: readonly string[];
  /** What the answer may repeat: names and paths that were asked for. */
  readonly known?: readonly string[];
  /** The longest that comes out, in characters. Default: 500; the service's own messages are shorter. */
  readonly maxLength?: number;
}

const HIDDEN = '***';
/** Shorter runs are too few characters of a credential to matter. */
const LONGEST_RUN = 15;
/** Pieces of a secret of so many characters are found in a text. */
const PIECE = 10;
const LONGEST_WORD = 24;

/** What encodings of a credential are made of, base64, percent-encoding and HTML's references among them. */
const RUN = /[^\s'"`<>()[\]{},:|\u2018-\u201f\u00ab\u00bb]{16,}/gu;
const GUID =
  /(?<![\da-z])[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?![\da-z])/gi;
/** As a dictionary has it: no digit, and no capital but the first letter. */
const WORD = /^\p{L}?[\p{Ll}\p{Lo}\p{M}]*$/u;
/** The service's and Microsoft Entra's own numbers: `TF401174`, `AADSTS7000215`. */
const CODE = /^(?:TF|VS|AADSTS)\d{3,8}$/;
/** The service's names of exceptions. */
const EXCEPTION = /^(?:[A-Z][a-z]+)+Exception$/;
/** Other names that the service's messages have: of resources and namespaces when it throttles, of a project's address. */
const IDENTIFIERS: ReadonlySet<string> = new Set([
  'TotalRequestsByServiceName',
  'ServiceNameUser',
  'TeamProject',
]);

/** A text from outside in one line; `undefined` when nothing is left of it. */
export function quote(
  text: string,
  { secrets = [], known = [], maxLength = 500 }: QuotationOptions = {},
): string | undefined {
  // Control characters would let an answer write lines of its own into a log,
  // and invisible ones would part what belongs together.
  const line = text
    .replace(/\p{Cf}+/gu, '')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  const names = known.map(name => name.toLowerCase());
  const quoted = hidePieces(line, secrets).replace(RUN, run =>
    isHarmless(run, names) ? run : HIDDEN,
  );
  return quoted.length > maxLength
    ? `${quoted.slice(0, maxLength)}…`
    : quoted || undefined;
}

function isHarmless(run: string, known: readonly string[]): boolean {
  // What is left round a piece of the credential is of the same credential: its padding, say.
  if (run.includes(HIDDEN)) {
    return false;
  }
  const bare = run.replace(/^[^\p{L}\p{N}/]+|[^\p{L}\p{N}]+$/gu, '');
  if (bare.length <= LONGEST_RUN) {
    return true;
  }
  if (known.some(name => name.includes(bare.toLowerCase()))) {
    return true;
  }
  return bare
    .replace(GUID, '')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .every(
      part =>
        (WORD.test(part) && part.length <= LONGEST_WORD) ||
        CODE.test(part) ||
        EXCEPTION.test(part) ||
        IDENTIFIERS.has(part),
    );
}

/** Hides every piece of a secret that is long enough to be one. */
function hidePieces(text: string, secrets: readonly string[]): string {
  const pieces = new Set(secrets.flatMap(piecesOf));
  const hidden = new Array<boolean>(text.length).fill(false);
  for (const piece of pieces) {
    for (
      let at = text.indexOf(piece);
      at >= 0;
      at = text.indexOf(piece, at + 1)
    ) {
      hidden.fill(true, at, at + piece.length);
    }
  }
  return hidden.includes(true)
    ? Array.from({ length: text.length }, (_, i) =>
        hidden[i] ? (hidden[i - 1] ? '' : HIDDEN) : text.charAt(i),
      ).join('')
    : text;
}

function piecesOf(secret: string): string[] {
  return secret.length <= PIECE
    ? [secret].filter(piece => piece !== '')
    : Array.from({ length: secret.length - PIECE + 1 }, (_, i) =>
        secret.slice(i, i + PIECE),
      );
}
