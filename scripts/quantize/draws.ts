/**
 * Seeded draws for synthetic data. Every engine makes the same ones.
 *
 * @module
 */

/** Draws of a seed, in one sequence. */
export interface Draws {
  /** Returns an integer of 32 bits. */
  readonly integer: () => number;
  /** Returns a number from 0 to 1, without 1. */
  readonly uniform: () => number;
  /** Fills an array with nearly normal numbers: sums of twelve integers. */
  readonly normals: (out: Float64Array) => void;
}

/**
 * Starts a sequence, by xorshift.
 *
 * @param seed Any integer.
 */
export function createDraws(seed: number): Draws {
  let state = (seed ^ 0x9e37_79b9) | 0 || 1;
  const integer = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  return {
    integer,
    uniform: () => integer() / 2 ** 32,
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
