/**
 * The candidate that somebody who wrote `word` most likely meant, without
 * regard to case; `undefined` when none is near.
 */
export function nearest(
  word: string,
  candidates: readonly string[],
): string | undefined {
  // Two letters are a slip of the fingers, a third of the letters another form of
  // the word; more, or all of a short one, is another word.
  const third = Math.max(2, Math.floor(word.length / 3));
  let shortest = Math.min(third + 1, word.length);
  let found: string | undefined;
  const from = word.toLowerCase();
  for (const candidate of candidates) {
    const to = candidate.toLowerCase();
    // No distance is less than that of the lengths; what somebody asks about may be long.
    if (Math.abs(from.length - to.length) >= shortest) continue;
    const distance = editDistance(from, to);
    if (distance < shortest) {
      shortest = distance;
      found = candidate;
    }
  }
  return found;
}

/** How many letters have to be inserted, removed or replaced to make one word of the other (Levenshtein). */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const current = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = previous[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1));
    }
    previous = current;
  }
  return previous[to.length]!;
}
