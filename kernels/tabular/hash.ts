/**
 * MurmurHash3 of strings, as scikit-learn's FeatureHasher uses it.
 *
 * @module
 */

const encoder = new TextEncoder();

/**
 * Computes the 32-bit MurmurHash3 of a string's UTF-8, with seed 0.
 *
 * @returns Hash as a signed number.
 */
export function murmur3(text: string): number {
  const bytes = encoder.encode(text);
  const view = new DataView(bytes.buffer);
  const blocks = bytes.length >>> 2;
  let hash = 0;
  for (let i = 0; i < blocks; i++) {
    hash ^= scramble(view.getInt32(4 * i, true));
    hash = Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64 | 0;
  }
  let tail = 0;
  for (let i = bytes.length - 1; i >= 4 * blocks; i--) tail = (tail << 8) | bytes[i]!;
  if (bytes.length > 4 * blocks) hash ^= scramble(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
}

/** Bucket of a hash: its magnitude modulo the number of buckets. */
export function bucketOf(hash: number, buckets: number): number {
  return hash === -(2 ** 31) ? (2 ** 31 - 1 - (buckets - 1)) % buckets : Math.abs(hash) % buckets;
}
