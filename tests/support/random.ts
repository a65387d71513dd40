/** Random numbers from 0 (included) to 1 that repeat with their seed. */
export function seededRandom(seed: number): () => number {
  // A linear congruential generator modulo 2^32, Knuth's constants.
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Bytes that are neither all the same nor smaller when they are compressed. */
export function incompressible(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const random = seededRandom(1);
  for (let i = 0; i < length; i += 4) {
    bytes.writeUInt32LE(random() * 2 ** 32, i);
  }
  return bytes;
}
