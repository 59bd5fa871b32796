/**
 * Cycle model of the RTL counters. Packets pass through buffers in sequence. A buffer emits a packet once it
 * holds all of it and the previous one has left.
 *
 * Let packet k have aₖ beats in and bₖ beats out, including headers. Let the core need rₖ cycles to read it:
 * aₖ, or more if it has fewer lanes than a beat has samples. Primes denote the previous packet.
 * It arrives at A = A′ + aₖ. The core has read it at B = max(B′, A + d) + rₖ. It leaves the sample buffer at
 * C = max(C′, B + e) + bₖ, and the card at D = max(D′, C + f) + bₖ. d, e and f are the registers between the
 * buffers.
 * Full buffers only delay packets that would have stalled anyway. `tests/rtl/cycles_test.ts` compares this
 * model with the counters, cycle by cycle.
 *
 * @module
 */

import { HEADER_BYTES, KIND } from "../../../serialize/header.ts";
import { itemBytes } from "../../../serialize/sampling.ts";
import { packetsOfImage } from "../plan/layouts.ts";
import { WINDOW_PACKETS } from "../plan/packets.ts";
import type { ImageBody, PlanDraft, PlanPart } from "../plan/plan.ts";
import type { RtlPageClock } from "./page_clock.ts";

/** Cycles between buffers: through the checks, through the core, and to the CRC at the front. */
const BETWEEN = { in: 9, samples: 2, out: 10 };

/** Cycles that the core adds between its input and its samples, for each table form. */
const CORE: Readonly<Record<string, number>> = { nibble: 6, universal: 6, "row-pages": 6, products: 7 };

/** Bus words of a packet, including its header. */
export interface PacketBeats {
  /** Bus words of the request. */
  readonly in: number;
  /** Cycles that the core needs to read the request. */
  readonly read: number;
  /** Bus words of the answer. */
  readonly out: number;
  /**
   * 1 if the samples of the last cells fill one word and start another, which then leaves one cycle later.
   */
  readonly over: 0 | 1;
}

/** Clock that the packets of one exchange pass. */
export interface PacketClock {
  /** Advances by a packet that is answered. Its epoch matters if tables have pages. */
  readonly pass: (beats: PacketBeats, epoch?: number) => void;
  /** Advances by a packet that the header check drops. */
  readonly drop: (beatsIn: number) => void;
  /** Cycles from the first beat in to the last beat out. */
  readonly cycles: () => number;
}

/**
 * Creates a clock at cycle 0.
 *
 * @param plan Plan of the packets.
 * @param pages Clock of the plan's pages, and its cycle when this clock starts.
 */
export function createPacketClock(
  { body: { stages } }: PlanPart<"stages">,
  pages?: { readonly clock: RtlPageClock; readonly base: number },
): PacketClock {
  const core = CORE[stages[0]?.form ?? ""] ?? 0;
  let [come, read, sampled, left, dropped] = [0, 0, 0, 0, 0];
  return {
    pass: (beats, epoch = 0) => {
      come += beats.in;
      const begins = Math.max(read, come + BETWEEN.in);
      read = beats.read +
        (pages === undefined ? begins : pages.clock.pass(epoch, pages.base + begins) - pages.base);
      sampled = Math.max(sampled, read + core + beats.over + BETWEEN.samples) + beats.out;
      left = Math.max(left, sampled + BETWEEN.out) + beats.out;
    },
    drop: (beatsIn) => {
      come += beatsIn;
      dropped = come + DROP_CYCLES;
    },
    cycles: () => Math.max(left, dropped),
  };
}

/** Cycles from a packet's last beat until its drop is counted. */
const DROP_CYCLES = 7;

/**
 * Maximum samples in a word of cells: two RGB pixels. This is also the default number of lanes in the RTL.
 */
const SAMPLES = 6;

/** Returns the bus words of a packet with `payload` bytes. */
export function packetBeats(payload: number, busBytes: number): number {
  return Math.ceil((HEADER_BYTES + payload) / busBytes);
}

/** Returns the beats of a plan's packet with `items` items. */
export function beatsOf(
  { target: device, body: { layout, output } }: PlanPart<"layout" | "output">,
  items: number,
): PacketBeats {
  const { kind, channels } = layout;
  const coming = packetBeats(items * itemBytes(kind, channels), device.busBytes);
  const beats = {
    in: coming,
    out: packetBeats(items * output.planes * output.itemBytes, device.busBytes),
  };
  if (kind !== KIND.cells) return { ...beats, read: coming, over: 0 };
  // Cycles of a beat's samples: one for each group of lanes.
  const lanes = device.lanes ?? SAMPLES;
  const cells = channels === 3 ? 2 : channels === 1 ? 4 : 1;
  const last = channels * ((items - 1) % cells + 1);
  const steps = (samples: number) => Math.ceil(samples / lanes);
  const whole = Math.ceil(items / cells) - 1;
  const final = last - (steps(last) - 1) * lanes;
  return {
    ...beats,
    over: (items * channels - final) % 32 + final > 32 ? 1 : 0,
    read: coming + whole * (steps(cells * channels) - 1) + steps(last) - 1,
  };
}

/** Returns the cycles to load tables: one for each entry, and one for each table header. */
export function rtlLoadCycles(tables: ImageBody["tables"]): number {
  return tables.reduce((sum, { entries }) => sum + entries + 1, 0);
}

/**
 * Returns the cycles of a flow of a plan with resident tables.
 *
 * @param plan Plan without cost and notes.
 * @returns `ideal`: one beat a cycle on the busier side. `cycles`: value of the counter, including the
 * latency of each window.
 */
export function rtlFlowCycles(plan: PlanDraft): { readonly ideal: number; readonly cycles: number } {
  const { cut } = plan.body.layout;
  const beats = packetsOfImage(cut).map((items) => beatsOf(plan, items));
  let [ideal, cycles] = [0, 0];
  for (let sent = 0; sent < cut.packets; sent += WINDOW_PACKETS) {
    const clock = createPacketClock(plan);
    for (let at = sent; at < Math.min(cut.packets, sent + WINDOW_PACKETS); at++) {
      const each = beats[at % beats.length]!;
      clock.pass(each);
      ideal += Math.max(each.read, each.out);
    }
    cycles += clock.cycles();
  }
  return { ideal, cycles };
}
