/**
 * int8, uint8, int4 and uint4 against onnxruntime, for every bf16 and f16 value.
 *
 * Differences in rule:
 * - NaN: onnxruntime's x86-64 build gives the least integer, or the greatest in the case below; here NaN becomes
 *   the zero point, which decodes to 0. The test checks both.
 * - Quotients of a magnitude from 2^31: onnxruntime's 4-bit formats with a scale per channel or group may give
 *   the wrong end, as its conversion to 32 bits overflows; here they saturate at the end of their sign.
 * - A scale of 0: onnxruntime divides by it; here it is refused.
 * - Infinities: equal, the least or greatest integer.
 */

import assert from "node:assert/strict";
import { asymmetricScales } from "../../../kernels/quantize/formats/group_scales.ts";
import { encodeInteger, integerOf, INTEGERS } from "../../../kernels/quantize/formats/integer_format.ts";
import { decodeScaledIntegers, encodeScaledIntegers } from "../../../kernels/quantize/formats/scaled.ts";
import type { ScaleMap } from "../../../kernels/quantize/formats/scale_map.ts";
import { allValues, assertSameValues, HALF_TYPES, SCALES } from "./all_inputs.ts";
import { refusedWith } from "./refused.ts";
import { ONNX_TYPES, type OnnxNode, runGraph } from "./onnx_graphs.ts";

const COUNT = 65_536;
type Name = keyof typeof INTEGERS;

/** Integers and decoded values by onnxruntime. */
async function quantize(
  name: Name,
  x: Float32Array,
  map: ScaleMap,
  shape: readonly number[] = [COUNT],
  scaleShape: readonly number[] = [],
  attributes: Record<string, number> = {},
) {
  const zeros = map.zeros ?? new Int16Array(map.scales.length);
  const nodes: OnnxNode[] = [
    { op: "Cast", inputs: ["z32"], outputs: ["z"], attributes: { to: ONNX_TYPES[name] } },
    { op: "QuantizeLinear", inputs: ["x", "s", "z"], outputs: ["y"], attributes },
    { op: "DequantizeLinear", inputs: ["y", "s", "z"], outputs: ["values"], attributes },
    { op: "Cast", inputs: ["y"], outputs: ["integers"], attributes: { to: ONNX_TYPES.int32 } },
  ];
  const made = await runGraph(nodes, {
    x: { type: "float", shape, data: x },
    s: { type: "float", shape: scaleShape, data: map.scales },
    z32: { type: "int32", shape: scaleShape, data: Int32Array.from(zeros) },
  }, { integers: { type: "int32", shape }, values: { type: "float", shape } });
  return { integers: made["integers"] as Int32Array, values: made["values"] as Float32Array };
}

/** Compares all integers and decoded values; NaN follows its rule. */
async function compare(
  name: Name,
  x: Float32Array,
  map: ScaleMap,
  ...rest: [number[], number[], object] | []
) {
  const format = INTEGERS[name];
  const expected = await quantize(name, x, map, ...rest as []);
  const codes = new Uint8Array(x.length), values = new Float32Array(x.length);
  encodeScaledIntegers(format, x, map, codes);
  decodeScaledIntegers(format, codes, map, values);
  // With many scales, onnxruntime's 4-bit formats convert to 32 bits, which overflows to either end.
  const overflow = format.bits === 4 && map.scales.length > 1 ? format.max : format.min;
  let missing = 0;
  for (let i = 0; i < x.length; i++) {
    const found = integerOf(format, codes[i]!);
    if (Number.isNaN(x[i])) {
      missing++;
      assert.equal(values[i], 0);
      assert([format.min, overflow].includes(expected.integers[i]!), "onnxruntime gives an end for NaN");
      expected.values[i] = values[i]!;
    } else if (found !== expected.integers[i]) {
      const quotient = x[i]! / map.scales[Math.floor(i / map.run) % map.scales.length]!;
      assert(
        overflow === format.max && Math.abs(quotient) >= 2 ** 31,
        `input ${i} (${x[i]}), quotient ${quotient}: found ${found}, expected ${expected.integers[i]}`,
      );
      assert.equal(found, quotient > 0 ? format.max : format.min);
      assert.equal(expected.integers[i], quotient > 0 ? format.min : format.max);
      expected.values[i] = values[i]!;
    }
  }
  assertSameValues(values.map((value) => value + 0), expected.values.map((value) => value + 0), x);
  return missing;
}

for (const name of Object.keys(INTEGERS) as Name[]) {
  const { min, max } = INTEGERS[name];
  for (const dtype of HALF_TYPES) {
    Deno.test(`encodeScaledIntegers() equals QuantizeLinear to ${name} for all ${dtype} values`, async () => {
      const x = allValues(dtype);
      for (const [i, scale] of SCALES.entries()) {
        const scales = new Float32Array([scale]);
        const missing = await compare(name, x, { run: COUNT, scales });
        assert.equal(missing, dtype === "bf16" ? 254 : 2046);
        const zeros = Int16Array.of(min + Math.round((max - min) * (i + 1) / (SCALES.length + 1)));
        await compare(name, x, { run: COUNT, scales, zeros });
      }
    });
  }

  Deno.test(`encodeScaledIntegers() equals QuantizeLinear to ${name} per channel and per group`, async () => {
    const x = allValues("f16");
    for (
      const [run, count, scaleShape, attributes] of [
        [1, 64, [64], { axis: 1 }],
        [64, 1024, [1024], { axis: 0 }],
        [32, 2048, [1024, 2], { axis: 1, block_size: 32 }],
        [16, 4096, [1024, 4], { axis: 1, block_size: 16 }],
      ] as const
    ) {
      const scales = Float32Array.from({ length: count }, (_, i) => SCALES[i % SCALES.length]!);
      const zeros = Int16Array.from({ length: count }, (_, i) => min + i % (max - min + 1));
      await compare(name, x, { run, scales, zeros }, [1024, 64], [...scaleShape], attributes);
    }
  });
}

Deno.test("QuantizeLinear divides by a scale of 0, which encodeScaledIntegers() refuses", async () => {
  const x = Float32Array.of(1, -1), map = { run: 2, scales: Float32Array.of(0) };
  const { integers } = await quantize("int8", x, map, [2]);
  assert.deepEqual([...integers], [127, -128]);
  refusedWith("size", () => encodeScaledIntegers(INTEGERS.int8, x, map, new Uint8Array(2)), /scale 0 is 0/);
});

Deno.test("asymmetricScales() equals DynamicQuantizeLinear", async () => {
  const format = INTEGERS.uint8;
  const all = allValues("f16").filter((value) => Number.isFinite(value));
  const cases = [
    all,
    all.filter((value) => value > -3 && value < 5),
    all.filter((value) => value > 0.25 && value < 0.75),
    all.filter((value) => value < -17 && value > -1000),
    Float32Array.of(1e-30, -3e-31, 0),
  ];
  for (const x of cases) {
    const made = await runGraph(
      [
        { op: "DynamicQuantizeLinear", inputs: ["x"], outputs: ["y", "scale", "z"] },
        { op: "Cast", inputs: ["y"], outputs: ["integers"], attributes: { to: ONNX_TYPES.int32 } },
        { op: "Cast", inputs: ["z"], outputs: ["zero"], attributes: { to: ONNX_TYPES.int32 } },
      ],
      { x: { type: "float", shape: [x.length], data: x } },
      {
        integers: { type: "int32", shape: [x.length] },
        scale: { type: "float", shape: [] },
        zero: { type: "int32", shape: [] },
      },
    );
    const scales = new Float32Array(1), zeros = new Int16Array(1);
    asymmetricScales(format, x, x.length, "f32", scales, zeros);
    assert.equal(scales[0], made["scale"]![0]);
    assert.equal(zeros[0], made["zero"]![0]);
    const found = Array.from(x, (value) => encodeInteger(format, value, scales[0]!, zeros[0]!));
    assert.deepEqual(found, [...made["integers"]!]);
  }
});
