/**
 * Synthetic KV caches with the two features that decide what a format loses (KIVI, section 3): a few channels of
 * K stand out in all tokens and have an offset, while V has no such channels but tokens of different magnitude.
 *
 * @module
 */

/** Cache with queries, each layers x heads x rows x channels. */
export interface SyntheticCache {
  readonly keys: Float32Array;
  readonly values: Float32Array;
  readonly queries: Float32Array;
}

/** Shape of a synthetic cache. */
export interface SyntheticShape {
  readonly layers: number;
  readonly heads: number;
  readonly tokens: number;
  readonly channels: number;
  /** Number of queries of each head. */
  readonly queries: number;
}

/** Number of channels of K that stand out, in each head. */
export const OUTLIER_CHANNELS = 4;

/**
 * Makes a cache from a seed. All draws are sums of twelve integers, near a normal distribution, so every engine
 * makes the same values.
 *
 * Keys are normal; outlier channels are 3 to 8 times as wide, with an offset of 5 to 12 times their width. Half of
 * the queries are normal, the others add the key of a token (without outliers) to noise, so that its logit leads.
 *
 * @param shape Shape of the cache.
 * @param seed Seed of the draws.
 */
export function syntheticCache(shape: SyntheticShape, seed: number): SyntheticCache {
  const { layers, heads, tokens, channels } = shape, count = layers * heads;
  const { integer, normals } = createDraws(seed);
  const uniform = () => integer() / 2 ** 32;
  const row = new Float64Array(2 * channels), query = row.subarray(0, channels);
  const keys = new Float32Array(count * tokens * channels), values = new Float32Array(keys.length);
  const queries = new Float32Array(count * shape.queries * channels);
  for (let head = 0; head < count; head++) {
    const width = new Float64Array(channels).fill(1), offset = new Float64Array(channels);
    for (let i = 0; i < OUTLIER_CHANNELS; i++) {
      const channel = integer() % channels;
      width[channel] = 3 + 5 * uniform();
      offset[channel] = width[channel]! * (5 + 7 * uniform()) * (uniform() < 0.5 ? -1 : 1);
    }
    const start = head * tokens * channels;
    for (let t = 0; t < tokens; t++) {
      const magnitude = 0.3 + uniform();
      normals(row);
      for (let c = 0; c < channels; c++) {
        const at = start + t * channels + c;
        keys[at] = offset[c]! + width[c]! * row[2 * c]!;
        values[at] = magnitude * row[2 * c + 1]!;
      }
    }
    for (let q = 0; q < shape.queries; q++) {
      const token = start + (integer() % tokens) * channels, lead = q % 2 === 0 ? 0 : 0.4;
      normals(query);
      for (let c = 0; c < channels; c++) {
        const key = width[c] === 1 ? keys[token + c]! : 0;
        queries[(head * shape.queries + q) * channels + c] = lead * key + query[c]!;
      }
    }
  }
  return { keys, values, queries };
}

/** Draws of a seed, in one sequence: integers of 32 bits by xorshift, and nearly normal numbers. */
function createDraws(seed: number): { integer: () => number; normals: (out: Float64Array) => void } {
  let state = (seed ^ 0x9e37_79b9) | 0 || 1;
  return {
    integer: () => {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      return state >>> 0;
    },
    normals: (out) => {
      // A local state stays in a register.
      let local = state;
      for (let at = 0; at < out.length; at++) {
        let sum = 0;
        for (let i = 0; i < 12; i++) {
          local ^= local << 13;
          local ^= local >>> 17;
          local ^= local << 5;
          sum += local >>> 0;
        }
        out[at] = sum / 2 ** 32 - 6;
      }
      state = local;
    },
  };
}
