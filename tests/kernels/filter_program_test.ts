import fc from "fast-check";
import assert from "node:assert/strict";
import { compile } from "../../kernels/compile.ts";
import type { FormName } from "../../kernels/image/kernel.ts";
import { parsePipeline } from "../../kernels/image/pipeline.ts";
import { boundOf } from "../../kernels/image/resample/bound.ts";
import { chooseResize } from "../../kernels/image/resample/choose.ts";
import type { AxisFilter } from "../../kernels/image/resample/coefficients.ts";
import { resampleKernel } from "../../kernels/image/resample/model.ts";
import { columnResult, filterProgram, rowResult, WIDE_LIMIT } from "../../kernels/image/resample/program.ts";
import { resampleReference } from "../../kernels/image/resample/reference.ts";
import type { ResampleParams } from "../../kernels/image/resample/spec.ts";
import { filterTable } from "../../kernels/image/resample/tables.ts";
import type { AxisScale } from "../../kernels/image/resize/spec.ts";

import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { anyChannels, noise } from "../support/images.ts";
import { rtlRounding } from "../../kernels/image/rtl/rows.ts";
import { LIBRARY_RESIZES, throughRows } from "../support/resample.ts";

/** Parameters of every library's filter that runs on rows, for any lengths up to a limit. */
function anyParams(most: number): fc.Arbitrary<ResampleParams> {
  const axis = fc.record({
    input: fc.integer({ min: 1, max: most }),
    output: fc.integer({ min: 1, max: most }),
  });
  return fc.record({ resize: fc.constantFrom(...LIBRARY_RESIZES), y: axis, x: axis }).map((
    { resize, y, x },
  ) => chooseResize(resize, y, x)).filter(({ kernel }) => kernel === "resample").map(({ params }) =>
    params as ResampleParams
  );
}

/** Sums of the positive weights and of the magnitudes of the negative ones, of each output. */
function signedSums({ taps, start, weights }: AxisFilter): { positive: number; negative: number }[] {
  return Array.from(taps, (count, o) => {
    const own = [...weights.subarray(start[o], start[o]! + count)];
    const sum = (sign: number) => own.reduce((total, weight) => total + Math.max(0, sign * weight), 0);
    return { positive: sum(1), negative: sum(-1) };
  });
}

Deno.test("filterProgram() has rows that never fall, weights that sum to 1 and column results below their limit", () => {
  fc.assert(
    fc.property(anyParams(500), (params) => {
      const program = filterProgram(params);
      // Both axes have weights of as many fraction bits, and the three shifts drop all of them.
      const one = 2 ** ((program.columnShift + program.snapShift + program.rowShift) / 2);
      for (const axis of [program.x, program.y]) {
        const { first, taps, start, weights } = axis;
        const input = axis === program.x ? params.x.input : params.y.input;
        for (let o = 0; o < first.length; o++) {
          assert(first[o]! >= 0 && taps[o]! >= 1 && first[o]! + taps[o]! <= input);
          const sum = weights.subarray(start[o]!, start[o]! + taps[o]!).reduce((all, each) => all + each, 0);
          assert(Math.abs(sum - one) <= 8 + taps[o]!, `${params.match} ${params.filter}: ${sum} of ${one}`);
          if (o > 0) {
            assert(first[o]! >= first[o - 1]! && first[o]! + taps[o]! >= first[o - 1]! + taps[o - 1]!);
          }
        }
      }
      for (const { positive, negative } of signedSums(program.x)) {
        assert(255 * Math.max(positive, negative) + 2 ** 21 < 2 ** 31);
        assert(Math.abs(columnResult(program, 255 * positive)) < WIDE_LIMIT);
        assert(Math.abs(columnResult(program, -255 * negative)) < WIDE_LIMIT);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("filterProgram() of INTER_CUBIC and INTER_LANCZOS4 has sums below 2^31, as OpenCV's 32 bits need", () => {
  const axis = fc.record({
    input: fc.integer({ min: 1, max: 900 }),
    output: fc.integer({ min: 1, max: 900 }),
  });
  fc.assert(
    fc.property(axis, axis, fc.constantFrom("bicubic" as const, "lanczos4" as const), (y, x, filter) => {
      const program = filterProgram({ match: "opencv", filter, y, x });
      const [down, across] = [signedSums(program.y), signedSums(program.x)];
      const most = (sums: typeof down, key: "positive" | "negative") =>
        Math.max(...sums.map((each) => each[key]));
      const [p, n, q, m] = [
        most(down, "positive"),
        most(down, "negative"),
        most(across, "positive"),
        most(across, "negative"),
      ];
      assert(255 * (p * q + n * m) + 2 ** 21 < 2 ** 31);
      assert(255 * (p * m + n * q) < 2 ** 31);
    }),
    { numRuns: 200 },
  );
});

Deno.test("resampleRows() equals resampleReference() for random images, in all libraries' filters and forms", () => {
  const forms = fc.constantFrom<FormName>("distinct", "nibble", "multiply");
  fc.assert(
    fc.property(anyParams(32), anyChannels, forms, fc.nat(), (params, channels, form, seed) => {
      const image = noise(1, params.y.input, params.x.input, channels, seed);
      // Images of extremes take sums to both ends.
      if (seed % 3 === 0) image.data.set((image.data as Uint8Array).map((level) => level < 128 ? 0 : 255));
      if (seed % 7 === 0) image.data.fill(255);
      assert.deepEqual(throughRows(image, params, form), resampleReference(image, params).data);
    }),
    { numRuns: 300 },
  );
});

Deno.test("resampleReference() keeps a picture of one colour, in all libraries' filters", () => {
  fc.assert(
    fc.property(anyParams(40), fc.constantFrom(0, 1, 127, 254, 255), (params, level) => {
      const image = noise(1, params.y.input, params.x.input, 1, 0);
      image.data.fill(level);
      assert(resampleReference(image, params).data.every((found) => found === level));
    }),
    { numRuns: 200 },
  );
});

Deno.test("rowResult() takes ties up or to even, after its first rounding", () => {
  const axis = { input: 4, output: 4 };
  const cubic = filterProgram({ match: "opencv", filter: "bicubic", y: axis, x: axis });
  const lanczos = filterProgram({ match: "opencv", filter: "lanczos4", y: axis, x: axis });
  const area = filterProgram({ match: "opencv", filter: "area", y: axis, x: axis });
  const level = (levels: number, bits: number) => Math.round(levels * 2 ** bits);
  assert.deepEqual([2.5, 3.5, -4, 300].map((at) => rowResult(cubic, level(at, 22))), [2, 4, 0, 255]);
  assert.deepEqual([2.5, 3.5, 3.49].map((at) => rowResult(lanczos, level(at, 22))), [3, 4, 3]);
  // Sums within 2^-12 of a tie count as ties.
  const near = 2 ** -13;
  assert.deepEqual([2.5 + near, 2.5 - near, 3.5 - near].map((at) => rowResult(area, level(at, 36))), [
    2,
    2,
    4,
  ]);
  assert.deepEqual([2.5 + 8 * near, 3.5 - 8 * near].map((at) => rowResult(area, level(at, 36))), [3, 3]);
});

Deno.test("filterForms() states the tables that are made, with three lookups a tap for wide rows", () => {
  const axis: AxisScale = { input: 500, output: 224 };
  for (const resize of LIBRARY_RESIZES) {
    const { kernel, params } = chooseResize(resize, axis, axis);
    if (kernel !== "resample") continue;
    const program = filterProgram(params);
    const forms = resampleKernel.forms(params);
    const wide = program.between === "i32";
    assert.deepEqual(forms.map(({ form }) => form), ["distinct", "nibble", "multiply"]);
    for (const { form, tables } of forms.filter(({ form }) => form !== "multiply")) {
      for (const [name, filter] of [["column", program.x], ["row", program.y]] as const) {
        const { products } = filterTable(filter, form === "nibble" ? 16 : 256);
        const stated = tables.find((table) => table.name === `${name} terms`)!;
        assert.equal(stated.entries, products.length);
        const limit = products.some((product) => product < 0) ? 2 ** (stated.bits - 1) : 2 ** stated.bits;
        assert(products.every((product) => Math.abs(product) < limit));
      }
      const taps = program.y.weights.length / axis.output;
      const lookups = tables.find(({ name }) => name === "row terms")!.lookups;
      assert.equal(lookups, taps * (form === "nibble" ? 2 : 1) * (wide ? 3 : 1));
    }
  }
});

Deno.test("boundOf() states a level for photographs, and more for axes whose binary32 positions are coarse", () => {
  const levels = (
    match: "opencv" | "torchvision",
    filter: "bicubic" | "area",
    input: number,
    output: number,
  ) => boundOf({ match, filter, y: { input, output }, x: { input, output } }).levels;
  assert.equal(levels("torchvision", "bicubic", 4032, 224), 1);
  assert.equal(levels("torchvision", "bicubic", 60_000, 61_000), 8);
  assert.equal(levels("opencv", "bicubic", 60_000, 61_000), 1);
  assert.equal(levels("opencv", "area", 65_535, 65_535), 1);
  // Two axes of 65,535 taps, 2^-13 levels each.
  assert.equal(levels("opencv", "area", 65_535, 1), 16);
});

Deno.test("filterProgram() of INTER_AREA keeps white at any reduction", () => {
  for (const input of [65_535, 65_028, 62_600, 40_000, 4_099, 97]) {
    const axis = { input, output: 1 }, one = { input: 1, output: 1 };
    const image = noise(1, 1, input, 1, 0);
    image.data.fill(255);
    const { data } = resampleReference(image, { match: "opencv", filter: "area", y: one, x: axis });
    assert.equal(data[0], 255, `${input} columns to one`);
  }
});

/** Sizes that `deno task offload sizes` plans for, and enlargements. */
const USUAL = [
  [720, 1280, 224],
  [375, 500, 224],
  [719, 1279, 224],
  [3024, 4032, 224],
  [3024, 4032, 336],
  [480, 640, 640],
  [224, 224, 448],
] as const;

Deno.test("compile() has a plan for usual sizes with every filter of OpenCV and torchvision", () => {
  for (const resize of LIBRARY_RESIZES) {
    for (const [height, width, size] of USUAL) {
      const plan = compile({ steps: [{ op: "resize", size: [size, size], ...resize }] }, {
        input: { dtype: "u8", shape: [height, width, 3], layout: "HWC" },
        device: MODEL_PROFILE,
      });
      assert.match(
        plan.body.bounds[0]!.versus,
        resize.match === "opencv" ? /OpenCV 4.6/ : /torchvision 0.14/,
      );
      assert(plan.body.bounds[0]!.levels <= 1);
    }
  }
});

Deno.test("rtlRounding() raises weights of 11 bits to the RTL's 22, within its sums of 32 and 48 bits", () => {
  fc.assert(
    fc.property(anyParams(500), (params) => {
      const program = filterProgram(params);
      const { factor, values } = rtlRounding(program);
      assert.equal(factor, params.match === "opencv" && /cubic|lanczos/.test(params.filter) ? 2 ** 11 : 1);
      assert.equal(values.wide === 1, program.between === "i32");
      assert.equal(values.even === 1, program.ties === "even");
      const most = (axis: AxisFilter) =>
        factor * Math.max(...signedSums(axis).map(({ positive, negative }) => Math.max(positive, negative)));
      assert(most(program.x) * 255 + 2 ** 21 < 2 ** 31);
      assert(most(program.y) * WIDE_LIMIT + 2 ** 24 < 2 ** 47);
    }),
    { numRuns: 200 },
  );
});

Deno.test("rtlRounding() refuses a program that the RTL cannot round, by its shifts", () => {
  const program = filterProgram({ filter: "box", y: { input: 8, output: 4 }, x: { input: 8, output: 4 } });
  for (
    const change of [{ columnShift: 8 }, { columnShift: 9, between: "i32" }, {
      snapShift: 20,
      rowShift: 16,
    }] as const
  ) {
    assert.throws(() => rtlRounding({ ...program, ...change }), {
      code: "device",
      message: /the RTL does not round sums of columns by \d+ bits and those of rows by \d+ and \d+/,
    });
  }
});

Deno.test("parsePipeline() has the filters of each match, and antialias for torchvision alone", () => {
  const parse = (step: object) => () => parsePipeline({ steps: [{ op: "resize", size: 8, ...step }] });
  const letterbox = (step: object) => () =>
    parsePipeline({ steps: [{ op: "letterbox", size: [8, 8], ...step }] });
  for (const resize of LIBRARY_RESIZES) {
    parse(resize)();
    letterbox(resize)();
  }
  for (
    const [match, filter, needs] of [
      ["exact", "area", '"opencv"'],
      ["exact", "bicubic", '"pillow" or "opencv" or "torchvision"'],
      ["pillow", "lanczos4", '"opencv"'],
      ["opencv", "lanczos", '"pillow"'],
      ["opencv", "box", '"pillow"'],
      ["torchvision", "nearest", '"pillow" or "opencv"'],
    ]
  ) {
    const message = new RegExp(`filter ${filter} needs match ${needs}, found match "${match}"`);
    assert.throws(parse({ match, filter }), message);
    assert.throws(letterbox({ match, filter }), message);
  }
  for (const match of ["exact", "pillow", "opencv"]) {
    assert.throws(
      parse({ match, antialias: true }),
      /steps\.0\.antialias: antialias needs match "torchvision"/,
    );
  }
  assert.throws(parse({ match: "torchvision", antialias: "yes" }), /steps\.0\.antialias/);
});

Deno.test("resampleKernel refuses parameters that no step has", () => {
  const axis = { input: 8, output: 4 }, grown = { input: 4, output: 8 };
  const accepts = (params: object) =>
    resampleKernel.params.safeParse({ y: axis, x: axis, ...params }).success;
  assert(accepts({ filter: "box" }));
  assert(accepts({ filter: "area", match: "opencv" }));
  for (
    const params of [
      { filter: "area" },
      { filter: "lanczos4" },
      { filter: "area", match: "opencv", x: grown },
      { filter: "bilinear", match: "opencv" },
      { filter: "bilinear", match: "torchvision" },
      { filter: "bicubic", match: "opencv", antialias: true },
      { filter: "bicubic", antialias: true },
      { filter: "nearest", match: "torchvision" },
    ]
  ) assert(!accepts(params), JSON.stringify(params));
});
