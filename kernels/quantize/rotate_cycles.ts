/**
 * Cycle model of `packet_rotate`. It equals the counter of the RTL for payloads of up to 1,344 bytes both ways;
 * longer ones can fill a store.
 *
 * Let a packet have a beats in and b beats out, with headers, and a vector v beats of values. Primes denote the
 * previous packet. A packet arrives at A = A′ + a, and the core begins to read it at R = max(B′, A + 9).
 *
 * Values: the core has read them at B = R + a, and makes m beats of norms behind the codes. The first vector is
 * stored, then transformed, so the answer has left the core at S = B + 2v + d + m.
 *
 * Codes: the core has read them at B = R + a + 1, with a cycle to count their vectors. It makes a beat of values a
 * cycle, so S = max(S′, R + v + e) + b.
 *
 * Both: the answer has left the card at D = max(D′, S) + b. d and e are registers.
 *
 * @module
 */

import { HEADER_BYTES } from "../../serialize/header.ts";
import type { CodebookBits } from "./formats/codebooks.ts";
import { packedBytes } from "./formats/pack.ts";
import type { GroupClock } from "./rtl_cycles.ts";

/** Sizes of a rotated plan. */
export interface RotateSizes {
  /** Whether codes become values, or values codes. */
  readonly decode: boolean;
  /** Bits of a code. */
  readonly bits: CodebookBits;
  /** Number of values in a vector. */
  readonly channels: number;
}

/** Bytes of a beat, and of a norm. */
const BEAT = 32, NORM = 2;
/** Cycles through the checks, from the core to the first beat out, and from the last beat to a counted drop. */
const BETWEEN = { in: 9, values: 44, codes: 28, drop: 7 } as const;

function beatsOf(bytes: number): number {
  return Math.ceil(bytes / BEAT);
}

/** Beats of a packet with `vectors` vectors: values; codes and norms. */
function packetBeats({ bits, channels }: RotateSizes, vectors: number) {
  const header = beatsOf(HEADER_BYTES), norms = beatsOf(vectors * NORM);
  const values = beatsOf(2 * vectors * channels), codes = beatsOf(packedBytes(vectors * channels, bits));
  return { values: header + values, codes: header + codes + norms, norms };
}

/**
 * Creates a clock at cycle 0.
 *
 * @param sizes Direction and vectors of the plan.
 */
export function createRotateClock(sizes: RotateSizes): GroupClock {
  const { decode, channels } = sizes;
  const vectorBeats = beatsOf(2 * channels);
  let [come, read, sent, left, dropped] = [0, 0, 0, 0, 0];
  /** Advances by the reading of a packet, and returns its first cycle. */
  const readPacket = (beats: number): number => {
    come += beats;
    const start = Math.max(read, come + BETWEEN.in);
    read = start + beats + (decode ? 1 : 0);
    return start;
  };
  return {
    pass: (vectors) => {
      const { values, codes, norms } = packetBeats(sizes, vectors);
      const start = readPacket(decode ? codes : values);
      if (decode) sent = Math.max(sent, start + vectorBeats + BETWEEN.codes) + values;
      else sent = read + 2 * vectorBeats + BETWEEN.values + norms;
      left = Math.max(left, sent) + (decode ? values : codes);
    },
    drop: (bytes) => {
      come += beatsOf(bytes);
      dropped = Math.max(dropped, come + BETWEEN.drop);
      read = Math.max(read, come + BETWEEN.in) + 1;
    },
    dropGroups: (bytes) => {
      readPacket(beatsOf(bytes));
      dropped = Math.max(dropped, read);
    },
    cycles: () => Math.max(left, dropped),
  };
}

/**
 * Predicts the cycles of a flow.
 *
 * @param sizes Direction and vectors of the plan.
 * @param payloads Bytes of each packet's payload, of whole vectors.
 * @param window Packets that are sent together. Default all.
 * @returns `ideal`: a beat a cycle on the busier side. `cycles`: value of the counter, with the latency of each
 * window.
 */
export function rotateFlowCycles(
  sizes: RotateSizes,
  payloads: readonly number[],
  window: number = Math.max(1, payloads.length),
): { readonly ideal: number; readonly cycles: number } {
  const { decode, bits, channels } = sizes;
  const vectorBytes = decode ? packedBytes(channels, bits) + NORM : 2 * channels;
  let [ideal, cycles] = [0, 0];
  for (let begin = 0; begin < payloads.length; begin += window) {
    const clock = createRotateClock(sizes);
    for (const payload of payloads.slice(begin, begin + window)) {
      clock.pass(payload / vectorBytes);
      const { values, codes } = packetBeats(sizes, payload / vectorBytes);
      ideal += Math.max(values, codes);
    }
    cycles += clock.cycles();
  }
  return { ideal, cycles };
}
