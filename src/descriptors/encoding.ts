/** How much of a file shows how it is encoded, in characters. */
const HEAD = 400;

/** The first line of a Git LFS pointer. Source: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md */
const LFS_POINTER =
  /^version https:\/\/(?:git-lfs\.github\.com\/spec|hawser\.github\.com\/spec)\//;

/**
 * Why a file is no text in UTF-8 at all, and what to do: a sentence without a
 * full stop, or `undefined`. No entity could be read of such a file.
 *
 * @param text - its bytes, decoded as UTF-8, as Backstage's readers do
 */
export function describeForeignFile(text: string): string | undefined {
  if (LFS_POINTER.test(text)) {
    return 'the file is a Git LFS pointer, and its content is not in the repository; take it out of LFS (git lfs untrack, git add --renormalize)';
  }
  const encoding = wideEncodingOf(text);
  return (
    encoding &&
    `the file is ${encoding}; save it as UTF-8 (Windows PowerShell 5 writes UTF-16 unless it is told -Encoding utf8)`
  );
}

/** A hint at the encoding, to be added to what is wrong with a document; empty where there is none. */
export function encodingHint(text: string): string {
  if (text.includes('\uFFFD')) {
    return '; the file has bytes that are not UTF-8, as in Latin-1 or Windows-1252: save it as UTF-8';
  }
  return text.includes('\0')
    ? '; the file has zero bytes: it is binary, or not saved as UTF-8'
    : '';
}

/**
 * UTF-16 or UTF-32 by the zero bytes that ASCII has in them: one of two, or three
 * of four. In UTF-8 a byte order mark of either becomes replacement characters.
 */
function wideEncodingOf(text: string): string | undefined {
  const head = text.slice(0, HEAD).replace(/^\uFFFD{1,2}/, '');
  const zeros = head.split('\0').length - 1;
  if (head.length < 8 || zeros < head.length / 4) {
    return undefined;
  }
  return zeros > head.length * 0.6 ? 'UTF-32' : 'UTF-16';
}
