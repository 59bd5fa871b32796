/**
 * Cycle model of `packet_lookup`. It equals the counter of the RTL.
 *
 * Let a packet have a beats in and b beats out, with headers. The core takes a beat in each cycle, and makes a
 * beat of results each cycle, so it needs the greater number of cycles. Primes denote the previous packet. A
 * packet arrives at A = A′ + a. The core has read it at B = max(B′, A + d) + max(a, b). It has left the card at
 * D = max(D′, B + e) + b. d and e are the registers between the buffers.
 *
 * This is exact for requests and answers of up to 1,344 bytes, two of which a packet store holds at any time. Longer
 * packets can also wait for room in a store, which is not counted: 7 cycles a packet at the longest. The sum is then
 * a lower bound.
 *
 * A dropped packet is skipped in a cycle between two packets. The last beat of the previous one hides that cycle
 * if the core needs several cycles for it.
 *
 * @module
 */

import { HEADER_BYTES } from "../../serialize/header.ts";

/** Bytes of an item and of its result. */
export interface LookupSizes {
  /** Bytes of an item, which holds the code. */
  readonly itemBytes: 1 | 2;
  /** Bytes of a result. */
  readonly outputBytes: 1 | 2 | 4;
}

/** Clock that the packets of one exchange pass. */
export interface LookupClock {
  /** Advances by a packet that is answered, with `payload` bytes. */
  readonly pass: (payload: number) => void;
  /** Advances by a packet of `bytes` bytes, its header included, that the checks drop. */
  readonly drop: (bytes: number) => void;
  /** Cycles from the first beat in to the last beat out. */
  readonly cycles: () => number;
}

/** Bytes of a beat. */
const BEAT = 32;
/** Cycles through the checks, from the core to the first beat out, and from the last beat to a counted drop. */
const BETWEEN = { in: 9, out: 12, drop: 7 } as const;

function beatsOf(bytes: number): number {
  return Math.ceil(bytes / BEAT);
}

/**
 * Beats of a packet with `payload` bytes and of its answer, with their headers, and the cycles that the core needs
 * for its last beat.
 */
function packetBeats({ itemBytes, outputBytes }: LookupSizes, payload: number) {
  const ratio = outputBytes / itemBytes;
  const lastBytes = (payload - 1) % BEAT + 1;
  return {
    request: beatsOf(HEADER_BYTES + payload),
    answer: beatsOf(HEADER_BYTES + payload * ratio),
    last: beatsOf(lastBytes * Math.max(1, ratio)),
  };
}

/**
 * Creates a clock at cycle 0.
 *
 * @param sizes Bytes of items and results.
 */
export function createLookupClock(sizes: LookupSizes): LookupClock {
  // `next`: when the packet after the last one may be skipped, or read.
  let [come, next, read, left, dropped] = [0, 0, 0, 0, 0];
  return {
    pass: (payload) => {
      const { request, answer, last } = packetBeats(sizes, payload);
      come += request;
      read = Math.max(read, next, come + BETWEEN.in) + Math.max(request, answer);
      next = read - last + 1;
      left = Math.max(left, read + BETWEEN.out) + answer;
    },
    drop: (bytes) => {
      come += beatsOf(bytes);
      dropped = come + BETWEEN.drop;
      next = Math.max(next, come + BETWEEN.in) + 1;
    },
    cycles: () => Math.max(left, dropped),
  };
}

/**
 * Predicts the cycles of a flow whose tables are loaded.
 *
 * @param sizes Bytes of items and results.
 * @param payloads Bytes of each packet's payload.
 * @param window Packets that are sent together. Default all.
 * @returns `ideal`: a beat a cycle on the busier side. `cycles`: value of the counter, with the latency of each
 * window.
 */
export function lookupFlowCycles(
  sizes: LookupSizes,
  payloads: readonly number[],
  window: number = Math.max(1, payloads.length),
): { readonly ideal: number; readonly cycles: number } {
  let [ideal, cycles] = [0, 0];
  for (let sent = 0; sent < payloads.length; sent += window) {
    const clock = createLookupClock(sizes);
    for (const payload of payloads.slice(sent, sent + window)) {
      clock.pass(payload);
      const { request, answer } = packetBeats(sizes, payload);
      ideal += Math.max(request, answer);
    }
    cycles += clock.cycles();
  }
  return { ideal, cycles };
}
