/**
 * Cycle model of the RTL counters for plans that send rows. Each stage processes only what the previous stage
 * has completed, and starts only if the next stage has room. Every end therefore follows from a start, and
 * every start from known ends. `docs/rtl.md` has the formulas.
 *
 * @module
 */

import { filterProgram } from "../resample/program.ts";
import { filterSteps } from "../resample/steps.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { HEADER_BYTES } from "../../../serialize/header.ts";
import type { ImageBody, PlanDraft } from "../plan/plan.ts";
import { RING_WORD, rowRing } from "../plan/row_ring.ts";
import { windowSpan } from "../plan/window_span.ts";

/** Cycles between stages, determined by the registers between them. */
const BETWEEN = {
  /** From a packet's last beat in to its first beat at the core. */
  door: 9,
  /** Two header beats and the decision of the check. */
  head: 3,
  /** From the last column step of a row to the check for completed output rows. */
  filter: 14,
  /** From one skipped output row to the next. */
  skip: 2,
  /** From a packet's last tap to its first sample behind the plane buffer. */
  planes: 8,
  /** From a packet's last sample to its first beat out. */
  out: 8,
  /** From a packet's last beat until its drop is counted. */
  drop: 7,
} as const;

/** Extra cycles for a packet at an unexpected position: at a row start, and inside a row. */
const DIVISION = { aligned: 83, refused: 42 } as const;

/** Maximum packets between their start and the output of the plane buffer. */
const BEHIND = 4;

/** Maximum arrived rows whose columns are not yet filtered. */
const PLACES = 2;

/** Work of each stage in cycles. */
export interface RowWork {
  /** Beats received. */
  input: number;
  /** Steps of the column filter. */
  columns: number;
  /** Taps of the row filter, and headers. */
  rows: number;
  /** Beats sent. */
  output: number;
}

/** Clock that packets of rows pass. Events must be reported in the order of the packets. */
export interface RowClock {
  /** Starts an exchange with an empty pipeline. */
  readonly begin: () => void;
  /** A packet with `bytes` of payload arrives. */
  readonly packet: (bytes: number) => void;
  /** The packet starts at an unexpected position; `aligned` if that is a row start. */
  readonly divide: (aligned: boolean) => void;
  /** The core refuses the packet. */
  readonly refuse: () => void;
  /** The header check drops a packet with `bytes` of payload. */
  readonly drop: (bytes: number) => void;
  /** The core reads `bytes` of one row. The flags mark the start and the end of the row. */
  readonly piece: (bytes: number, begins: boolean, ends: boolean) => void;
  /** An output row is skipped. */
  readonly skip: () => void;
  /** An output row with `taps` taps is emitted. */
  readonly give: (taps: number) => void;
  /** All output rows that the input row completes are emitted. */
  readonly done: () => void;
  /** Cycles since the exchange started. */
  readonly cycles: () => number;
  /** Work since the clock was created. */
  readonly work: RowWork;
}

/**
 * Creates a row clock.
 *
 * @param plan Plan that resamples rows; its cost and notes are not used.
 */
export function createRowClock(plan: PlanDraft): RowClock {
  const { body: { stages, geometry, layout, output } } = plan;
  const params = stages[0]!.params as ResampleParams;
  const { words, slack } = rowRing(params, plan);
  const steps = stepsOf(params, geometry.after.x);
  const growth = output.planes * output.itemBytes / layout.channels;
  const packets = words.packets.map((count, at) => {
    const bytes = at === words.packets.length - 1 ? words.lastBytes : words.bytes;
    const last = bytes - (count - 1) * RING_WORD;
    return {
      words: count,
      beats: Math.ceil((HEADER_BYTES + bytes * growth) / RING_WORD),
      // Beats that the last word of samples becomes.
      last: Math.ceil(last * growth / RING_WORD),
    };
  });
  const work: RowWork = { input: 0, columns: 0, rows: 0, output: 0 };
  // Ends of reading the last rows, of the output rows that they completed, and of the last packets in the
  // plane buffer.
  const read = new Float64Array(PLACES);
  const ended = new Float64Array(slack + 1);
  const gone = new Float64Array(BEHIND);
  let [come, taken, dropped, filtered, looked, sampled, left, final] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [payload, offset, rows, answers] = [0, 0, 0, 0];
  const beatsOf = (bytes: number) => Math.ceil((HEADER_BYTES + bytes) / RING_WORD);
  return {
    work,
    begin: () => {
      [come, taken, dropped, filtered, looked, sampled, left, final] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (const ends of [read, ended, gone]) ends.fill(0);
      [rows, answers] = [0, 0];
    },
    packet: (bytes) => {
      const beats = beatsOf(bytes);
      work.input += beats;
      come += beats;
      taken = Math.max(taken, come + BETWEEN.door) + BETWEEN.head;
      [payload, offset] = [bytes, 0];
    },
    divide: (aligned) => void (taken += aligned ? DIVISION.aligned : DIVISION.refused),
    refuse: () => void (taken += Math.ceil(payload / RING_WORD)),
    drop: (bytes) => {
      come += beatsOf(bytes);
      dropped = come + BETWEEN.drop;
    },
    piece: (bytes, begins, ends) => {
      if (begins) taken = Math.max(taken, read[rows % PLACES]!);
      taken += Math.ceil((offset + bytes) / RING_WORD) - Math.floor(offset / RING_WORD);
      offset += bytes;
      if (!ends) return;
      const begun = Math.max(taken + 1, filtered, ended[rows % (slack + 1)]! + 1);
      filtered = begun + steps;
      work.columns += steps;
      read[rows % PLACES] = filtered + 1;
      looked = Math.max(filtered + BETWEEN.filter, final + 3);
    },
    skip: () => void (looked += BETWEEN.skip),
    give: (taps) => {
      for (const each of packets) {
        const begins = Math.max(looked, gone[answers % BEHIND]!) + 1;
        const tapped = begins + 1 + each.words * taps;
        work.rows += 2 + each.words * taps;
        sampled = Math.max(sampled, tapped + BETWEEN.planes) + each.beats;
        gone[answers++ % BEHIND] = sampled - each.last;
        left = Math.max(left, sampled + BETWEEN.out) + each.beats;
        work.output += each.beats;
        looked = tapped;
      }
      looked += 1;
    },
    done: () => {
      final = ended[rows % (slack + 1)] = looked;
      rows++;
    },
    cycles: () => Math.max(taken, dropped, final, left),
  };
}

/** Steps of the column filter over a row, including fill colours. */
function stepsOf(params: ResampleParams, window: ImageBody["geometry"]["after"]["x"]): number {
  const { before, first, seen } = windowSpan(window);
  const { begin } = filterSteps(filterProgram(params).x);
  return before + begin[first + seen]! - begin[first]! + window.length - before - seen;
}
