/**
 * What the counters of the RTL show where rows are sent, computed. Each stage takes what the one before has
 * done whole and begins only what the one behind has room for; so when something ends follows from when it
 * begins, and that from ends that are known by then. `docs/rtl.md` has the formulas.
 *
 * @module
 */

import { filterAxis } from "../resample/coefficients.ts";
import { filterSteps } from "../resample/steps.ts";
import type { ResampleParams } from "../resample/spec.ts";
import { HEADER_BYTES } from "../../../serialize/header.ts";
import type { ImageBody, PlanDraft } from "../plan/plan.ts";
import { RING_WORD, rowRing } from "../plan/row_ring.ts";
import { windowSpan } from "../plan/window_span.ts";

/** Cycles from one stage to the next, by the registers between them. */
const BETWEEN = {
  /** From a packet's last beat in to its first one at the core. */
  door: 9,
  /** Two beats of header and the judgement. */
  head: 3,
  /** From the last step of a row's columns to the look at what the row completes. */
  filter: 13,
  /** From one output row to the next that is left out. */
  skip: 2,
  /** From a packet's last tap to its first sample behind the store of planes. */
  planes: 6,
  /** From a packet's last sample to its first beat out. */
  out: 8,
  /** From a packet's last beat until its drop is counted. */
  drop: 7,
} as const;

/** Cycles that a place takes that is not the expected one: where a row begins, and inside one. */
const DIVISION = { aligned: 83, refused: 42 } as const;

/** Packets from their beginning until the store of planes has given them, at most. */
const BEHIND = 4;

/** Rows that come, at most, before their columns are filtered. */
const PLACES = 2;

/** Cycles that stages were at work. */
export interface RowWork {
  /** Beats that came. */
  input: number;
  /** Steps of the columns' filter. */
  columns: number;
  /** Taps of the rows' filter, and headers. */
  rows: number;
  /** Beats that left. */
  output: number;
}

/** A clock that packets of rows pass. Its events are told in the order in which they happen to packets. */
export interface RowClock {
  /** An exchange begins, and nothing is inside. */
  readonly begin: () => void;
  /** A packet with so many bytes of payload is at the door. */
  readonly packet: (bytes: number) => void;
  /** It begins at a place that is not the expected one; `aligned` where a row does. */
  readonly divide: (aligned: boolean) => void;
  /** It is refused by the core. */
  readonly refuse: () => void;
  /** It is dropped at the door. */
  readonly drop: (bytes: number) => void;
  /** Some of its bytes are taken: those of one row. */
  readonly piece: (bytes: number, begins: boolean, ends: boolean) => void;
  /** An output row that the row might have completed is left out. */
  readonly skip: () => void;
  /** An output row of so many taps is given. */
  readonly give: (taps: number) => void;
  /** All is given that the row completes. */
  readonly done: () => void;
  /** Cycles since the exchange has begun. */
  readonly cycles: () => number;
  /** Cycles of work since the clock was made. */
  readonly work: RowWork;
}

/**
 * Makes a clock.
 *
 * @param plan A plan that resamples rows; its cost is not looked at.
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
  // Ends of the last rows' reading and of what they completed, and of the last packets behind.
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

/** Steps of the columns' filter over a row, fill colours included. */
function stepsOf({ x }: ResampleParams, window: ImageBody["geometry"]["after"]["x"]): number {
  const { before, first, seen } = windowSpan(window);
  const { begin } = filterSteps(filterAxis(x));
  return before + begin[first + seen]! - begin[first]! + window.length - before - seen;
}
