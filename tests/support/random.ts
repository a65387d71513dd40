/** Random numbers from 0 (included) to 1 that repeat with their seed. */
export function seededRandom(seed: number): () => number {
  // A linear congruential generator modulo 2^32, Knuth's constants.
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
