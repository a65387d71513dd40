/** A text percent-decoded; as it is where a % does not begin an encoded character. */
export function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
