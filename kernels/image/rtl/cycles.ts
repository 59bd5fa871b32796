/**
 * What the counters of the RTL show, computed: packets go through stores one behind the other, and each
 * store gives a packet when it has it whole and the one before has left.
 *
 * Let packet k have aₖ beats in, bₖ beats out, headers included, and take the core rₖ cycles to read: aₖ,
 * or more where it has fewer lanes than a beat has samples. It has come at A = A′ + aₖ, has been
 * read by the core at B = max(B′, A + d) + rₖ, has left the store of samples at C = max(C′, B + e) + bₖ
 * and the card at D = max(D′, C + f) + bₖ, primes being those of the packet before. d, e and f are the
 * registers between the stores. Stores that fill up hold nobody back who would not have waited anyway:
 * `tests/rtl/cycles_test.ts` holds all this to the counters, cycle by cycle.
 *
 * @module
 */

import { HEADER_BYTES, KIND } from "../../../serialize/header.ts";
import { itemBytes } from "../../../serialize/sampling.ts";
import { packetsOfImage } from "../plan/layouts.ts";
import { WINDOW_PACKETS } from "../plan/packets.ts";
import type { ImageBody, PlanDraft, PlanPart } from "../plan/plan.ts";
import type { RtlPageClock } from "./page_clock.ts";

/** Cycles from a store to the next: through the checks, the core, and to the CRC that stands in front. */
const BETWEEN = { in: 9, samples: 2, out: 10 };

/** What the core adds between its input and its samples, by how it resamples. */
const CORE: Readonly<Record<string, number>> = { nibble: 6, universal: 6, "row-pages": 6, products: 7 };

/** Bus words of a packet, its header's too. */
export interface PacketBeats {
  /** Of the request. */
  readonly in: number;
  /** Cycles that the core takes for them. */
  readonly read: number;
  /** Of the answer. */
  readonly out: number;
  /** 1 where the last cells' samples fill one word and begin another, which then leaves a cycle later. */
  readonly over: 0 | 1;
}

/** A clock that packets of one exchange pass. */
export interface PacketClock {
  /** A packet that is answered; its epoch matters where tables have pages. */
  readonly pass: (beats: PacketBeats, epoch?: number) => void;
  /** A packet that is dropped at the door. */
  readonly drop: (beatsIn: number) => void;
  /** Cycles from the first beat in to the last one out. */
  readonly cycles: () => number;
}

/**
 * Makes a clock at rest.
 *
 * @param plan The plan whose packets pass.
 * @param pages The clock of its pages, and its cycle in which this one begins.
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

/** Samples that a word of cells has at most, two RGB pixels: so many lanes the RTL has where nothing else is said. */
const SAMPLES = 6;

/** Bus words of a packet with a payload of so many bytes. */
export function packetBeats(payload: number, busBytes: number): number {
  return Math.ceil((HEADER_BYTES + payload) / busBytes);
}

/** Beats of a plan's packets by their number of items. */
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
  // A beat's samples, by steps of all lanes.
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

/** Cycles that the tables take: an entry a cycle, and one a table to say where they go. */
export function rtlLoadCycles(tables: ImageBody["tables"]): number {
  return tables.reduce((sum, { entries }) => sum + entries + 1, 0);
}

/**
 * Cycles of a flow of a plan with resident tables.
 *
 * @param plan The plan; its cost is not looked at.
 * @returns `ideal`: a beat a cycle on the busier side. `cycles`: what the counter shows, the latency of
 * each window included.
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
