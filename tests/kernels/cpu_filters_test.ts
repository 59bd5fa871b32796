import assert from "node:assert/strict";
import fc from "fast-check";
import { filtered, type FilterPasses } from "../../kernels/image/cpu/filtered.ts";
import { finisherOf } from "../../kernels/image/cpu/finish.ts";
import { createArena } from "../../kernels/image/cpu/module.ts";
import { randomBytes } from "../support/random.ts";

/** Filter of an axis with any taps; `most` bounds the magnitude of a weight. */
function anyAxis(length: number, most: number) {
  const output = fc.tuple(
    fc.nat({ max: length - 1 }),
    fc.array(fc.integer({ min: -most, max: most }), { minLength: 1, maxLength: 7 }),
  );
  return fc.array(output, { minLength: 1, maxLength: 9 }).map((outputs) => {
    const sorted = outputs.map(([first, weights]) => ({ first, weights: weights.slice(0, length - first) }))
      .sort((a, b) => a.first - b.first || a.weights.length - b.weights.length);
    // Neither end of a span decreases, as in every resize.
    let end = 0;
    for (const each of sorted) {
      while (each.first + each.weights.length < end) each.weights.push(0);
      end = each.first + each.weights.length;
    }
    const starts = sorted.map((_, o) =>
      sorted.slice(0, o).reduce((sum, { weights }) => sum + weights.length, 0)
    );
    return {
      skipped: false,
      first: Int32Array.from(sorted, ({ first }) => first),
      taps: Int32Array.from(sorted, ({ weights }) => weights.length),
      start: Int32Array.from(starts),
      weights: Int32Array.from(sorted.flatMap(({ weights }) => weights)),
    };
  });
}

const clamp = (level: number) => Math.min(255, Math.max(0, level));
const drop = (value: number, bits: number) => bits === 0 ? value : Math.floor(value / 2 ** bits + 0.5);

/** Straight transcription of both passes for one sample. */
function sampleOf(
  passes: FilterPasses,
  sample: (row: number, column: number) => number,
  o: number,
  p: number,
) {
  const { x, y, columnShift, between, snapShift, rowShift, ties } = passes;
  let sum = 0;
  for (let t = 0; t < y.taps[o]!; t++) {
    let columns = 0;
    for (let u = 0; u < x.taps[p]!; u++) {
      columns += x.weights[x.start[p]! + u]! * sample(y.first[o]! + t, x.first[p]! + u);
    }
    const result = drop(columns, columnShift);
    sum += y.weights[y.start[o]! + t]! * (between === "u8" ? clamp(result) : result);
  }
  const snapped = drop(sum, snapShift);
  const level = drop(snapped, rowShift);
  const isTie = snapped * 2 === (2 * level - 1) * 2 ** rowShift;
  return clamp(ties === "even" && isTie && level % 2 !== 0 ? level - 1 : level);
}

const SIZE = { height: 11, width: 13 };
const narrow = { columnShift: 22, between: "u8", snapShift: 0, rowShift: 22, ties: "up" } as const;
const whole = { columnShift: 0, between: "i32", snapShift: 0, rowShift: 22 } as const;
const snapped = { columnShift: 8, between: "i32", snapShift: 22, rowShift: 14, ties: "even" } as const;
const programs = fc.oneof(
  fc.record({ bits: fc.constant(20), rounding: fc.constant(narrow) }),
  fc.record({
    bits: fc.constant(11),
    rounding: fc.constantFrom({ ...whole, ties: "up" as const }, { ...whole, ties: "even" as const }),
  }),
  fc.record({ bits: fc.constant(20), rounding: fc.constant(snapped) }),
).chain(({ bits, rounding }) =>
  fc.record({ x: anyAxis(SIZE.width, 2 ** bits), y: anyAxis(SIZE.height, 2 ** bits) })
    .map((axes): FilterPasses => ({ ...axes, ...rounding }))
);

Deno.test("filtered() gives the sums and roundings of any program of two filters", () => {
  fc.assert(
    fc.property(programs, fc.constantFrom(1, 3, 4), fc.nat(), (passes, channels, seed) => {
      const { height, width } = SIZE;
      const [rows, columns] = [passes.y.first.length, passes.x.first.length];
      const arena = createArena();
      const data = randomBytes(height * width * channels, seed);
      const image = arena.put(data), out = arena.reserve(columns * channels);
      const range = (end: number) => ({ start: 0, end });
      const sampler = filtered(arena, passes, channels, range(rows), range(columns));
      const memory = arena.build();
      const { take, give } = sampler.connect(memory);
      const pitch = width * channels, left = sampler.columns.start * channels;
      for (const { row, rows: count, output, outputs } of sampler.blocks) {
        const loaded = { row, address: image + row * pitch + left, pitch };
        take!(loaded, count);
        for (let o = output; o < output + outputs; o++) {
          give(o, out, 0, loaded);
          for (let i = 0; i < columns * channels; i++) {
            const c = i % channels;
            const expected = sampleOf(
              passes,
              (y, x) => data[(y * width + x) * channels + c]!,
              o,
              Math.floor(i / channels),
            );
            assert.equal(memory.bytes[out + i], expected, `row ${o}, sample ${i}`);
          }
        }
      }
    }),
    { numRuns: 300, seed: 20260118 },
  );
});

Deno.test("finisherOf() computes f32 of usual means and deviations, and looks other types up", () => {
  const params = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], planar: true } as const;
  for (const range of ["0-1", "0-255"] as const) {
    assert(finisherOf(createArena(), { ...params, range, dtype: "f32" }, 3).isArithmetic, range);
    assert(!finisherOf(createArena(), { ...params, range, dtype: "f16" }, 3).isArithmetic, range);
  }
});
