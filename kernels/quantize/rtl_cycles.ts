/**
 * Cycle models of `packet_quantize` and `packet_dequantize`. They equal the counter of the RTL for payloads of up to
 * 1,344 bytes both ways; longer ones can fill a store.
 *
 * Let a packet have a beats in and b beats out, with headers; v beats of values; c beats of main bytes in its answer
 * and m beats of metadata behind them. Primes denote the previous packet. A packet arrives at A = A′ + a, and the
 * core has read it at B = max(B′, A + 9) + a. The lanes take a beat of values a cycle, from F on, when the first
 * group has its metadata: P = max(P′, F) + v. The answer has left the core at S = max(S′ + 2 + c, P + d) + m, and
 * the card at D = max(D′, S + e) + b.
 *
 * @module
 */

import { HEADER_BYTES } from "../../serialize/header.ts";
import { groupBytes, type GroupMethod } from "./rtl_groups.ts";

/** Clock that the packets of one exchange pass. A vector of the rotated form is a group. */
export interface GroupClock {
  /** Advances by a packet of `groups` groups that is answered. */
  readonly pass: (groups: number) => void;
  /** Advances by a packet of `bytes` bytes, its header included, that the checks of its header drop. */
  readonly drop: (bytes: number) => void;
  /** Advances by a packet of `bytes` bytes, its header included, that is dropped for its number of groups. */
  readonly dropGroups: (bytes: number) => void;
  /** Cycles from the first beat in to the last beat out. */
  readonly cycles: () => number;
}

/** Beats of a packet. */
interface PacketBeats {
  /** Beats in, with the header. */
  readonly request: number;
  /** Beats out, with the header. */
  readonly answer: number;
  /** Beats of values. */
  readonly values: number;
  /** Beats of metadata in the answer. */
  readonly metadata: number;
  /** Beats of the request behind the one that lets the lanes begin. */
  readonly behind: number;
}

/** Registers of a kernel. */
interface Registers {
  /** From a beat in the core to the lanes. */
  readonly begin: number;
  /** From the lanes to the beat in the answer. */
  readonly lanes: number;
}

/** Bytes of a beat. */
const BEAT = 32;
/** Bytes of a header in beats. */
const HEADER = HEADER_BYTES / BEAT;
/** Cycles through the checks, from the core to the first beat out, and from the last beat to a counted drop. */
const BETWEEN = { in: 9, out: 10, drop: 7 } as const;
/** Cycles that unpacking adds. */
const UNPACK = 2;
/** Cycles from the core to the lanes: with computed scales; with given ones; without. */
const TO_LANES = { computed: 25, given: 6, one: 6 } as const;

function createClock(beatsOf: (groups: number) => PacketBeats, { begin, lanes }: Registers): GroupClock {
  // `next`: when the packet after the last one may be skipped, or read.
  let [come, read, passed, sent, left, dropped] = [0, 0, 0, 0, 0, 0];
  const readPacket = (beats: number) => {
    come += beats;
    read = Math.max(read, come + BETWEEN.in) + beats;
  };
  return {
    pass: (groups) => {
      const { request, answer, values, metadata, behind } = beatsOf(groups);
      readPacket(request);
      passed = Math.max(passed, read - behind + begin) + values;
      sent = Math.max(sent + answer - metadata, passed + lanes) + metadata;
      left = Math.max(left, sent + BETWEEN.out) + answer;
    },
    drop: (bytes) => {
      come += Math.ceil(bytes / BEAT);
      dropped = Math.max(dropped, come + BETWEEN.drop);
      read = Math.max(read, come + BETWEEN.in) + 1;
    },
    dropGroups: (bytes) => {
      readPacket(Math.ceil(bytes / BEAT));
      dropped = Math.max(dropped, read);
    },
    cycles: () => Math.max(left, dropped),
  };
}

/**
 * Creates a clock of `packet_quantize` at cycle 0.
 *
 * @param method Method of the codes.
 */
export function createQuantizeClock(method: GroupMethod): GroupClock {
  const { values, codes, metadata: [first, second], given } = groupBytes(method);
  const isGiven = given > 0, isComputed = first > 0;
  const kind = isGiven ? "given" : isComputed ? "computed" : "one";
  const beatsOf = (groups: number): PacketBeats => {
    const valueBeats = groups * values / BEAT, givenBeats = Math.ceil(groups * given / BEAT);
    const metadata = Math.ceil(groups * (first + second) / BEAT);
    const starts = { given: givenBeats - 1, computed: valueBeats - values / BEAT, one: valueBeats - 1 };
    return {
      request: HEADER + valueBeats + givenBeats,
      answer: HEADER + groups * codes / BEAT + metadata,
      values: valueBeats,
      metadata,
      behind: starts[kind],
    };
  };
  return createClock(beatsOf, { begin: TO_LANES[kind], lanes: 19 });
}

/**
 * Creates a clock of `packet_dequantize` at cycle 0.
 *
 * @param method Method of the codes.
 */
export function createDequantizeClock(method: GroupMethod): GroupClock {
  const { values, codes, metadata: [first, second], given } = groupBytes(method);
  const beatsOf = (groups: number): PacketBeats => {
    const valueBeats = groups * values / BEAT, codeBeats = groups * codes / BEAT;
    const firstBytes = groups * (first + given), metadata = Math.ceil((firstBytes + groups * second) / BEAT);
    // The lanes begin once the first codes are unpacked, with the first entry of each region.
    const begins = codeBeats + (second > 0 ? Math.floor(firstBytes / BEAT) : 0) + 1;
    const behind = codeBeats + metadata - (firstBytes > 0 ? Math.max(begins, 1 + UNPACK) : 1 + UNPACK);
    return {
      request: HEADER + codeBeats + metadata,
      answer: HEADER + valueBeats,
      values: valueBeats,
      metadata: 0,
      behind,
    };
  };
  return createClock(beatsOf, { begin: TO_LANES.given, lanes: 12 });
}
