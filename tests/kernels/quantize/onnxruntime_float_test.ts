/**
 * FP8 against onnxruntime, for every bf16 and f16 value. Codes are compared through their decoded values, which
 * are different for all codes but NaN.
 *
 * Differences in rule:
 * - NaN: onnxruntime keeps its sign (codes 0x7f and 0xff); here the code is 0x7f.
 * - Infinity: equal under `saturate=1`, the greatest finite value, also for E5M2, which has infinities. Under
 *   `saturate=0` onnxruntime gives NaN (E4M3FN) and infinity (E5M2) for values out of range; nothing here does.
 */

import assert from "node:assert/strict";
import { decodeScaledFloats, encodeScaledFloats } from "../../../kernels/quantize/formats/scaled.ts";
import {
  decodeSmallFloat,
  encodeSmallFloat,
  SMALL_FLOATS,
} from "../../../kernels/quantize/formats/small_float.ts";
import { allValues, assertSameValues, HALF_TYPES, SCALES } from "./all_inputs.ts";
import { ONNX_TYPES, type OnnxNode, runGraph } from "./onnx_graphs.ts";

const FORMATS = ["e4m3fn", "e5m2"] as const;
const COUNT = 65_536;

function cast(input: string, output: string, type: keyof typeof ONNX_TYPES, saturate = 1): OnnxNode {
  const to = ONNX_TYPES[type];
  const attributes = type === "e4m3fn" || type === "e5m2" ? { to, saturate } : { to };
  return { op: "Cast", inputs: [input], outputs: [output], attributes };
}

/** Result of nodes that make `z`, values of binary32, from `x`. */
async function run(
  nodes: OnnxNode[],
  x: Float32Array,
  shape = [COUNT],
  scale?: Float32Array,
  scaleShape = [1],
) {
  const inputs = {
    x: { type: "float" as const, shape, data: x },
    ...(scale ? { s: { type: "float" as const, shape: scaleShape, data: scale } } : {}),
  };
  return (await runGraph(nodes, inputs, { z: { type: "float", shape } }))["z"] as Float32Array;
}

for (const name of FORMATS) {
  const format = SMALL_FLOATS[name];
  for (const dtype of HALF_TYPES) {
    Deno.test(`encodeSmallFloat() equals Cast to ${name} for all ${dtype} values`, async () => {
      const x = allValues(dtype);
      const expected = await run([cast("x", "y", name), cast("y", "z", "float")], x);
      assertSameValues(
        x.map((value) => decodeSmallFloat(format, encodeSmallFloat(format, value))),
        expected,
        x,
      );
      assert(new Set(expected).size > 200, "the casts give all kinds of values");
    });

    Deno.test(`encodeScaledFloats() equals QuantizeLinear to ${name} for all ${dtype} values`, async () => {
      const x = allValues(dtype);
      for (const scale of SCALES) {
        const scales = new Float32Array([scale]);
        const quantize = (output: string): OnnxNode => ({
          op: "QuantizeLinear",
          inputs: ["x", "s"],
          outputs: [output],
          attributes: { output_dtype: ONNX_TYPES[name], saturate: 1 },
        });
        const codes = new Uint8Array(COUNT), values = new Float32Array(COUNT);
        encodeScaledFloats(format, x, { run: COUNT, scales }, codes);
        const expected = await run([quantize("y"), cast("y", "z", "float")], x, [COUNT], scales, []);
        assertSameValues(Float32Array.from(codes, (code) => decodeSmallFloat(format, code)), expected, x);
        decodeScaledFloats(format, codes, { run: COUNT, scales }, values);
        const dequantize = { op: "DequantizeLinear", inputs: ["y", "s"], outputs: ["z"] };
        assertSameValues(values, await run([quantize("y"), dequantize], x, [COUNT], scales, []), x);
      }
    });
  }

  for (const dtype of HALF_TYPES) {
    Deno.test(`encodeSmallFloat() equals Cast of ${dtype} tensors to ${name}`, async () => {
      const x = allValues(dtype);
      const type = dtype === "f16" ? "float16" : "bfloat16";
      const expected = await run([cast("x", "h", type), cast("h", "y", name), cast("y", "z", "float")], x);
      assertSameValues(
        x.map((value) => decodeSmallFloat(format, encodeSmallFloat(format, value))),
        expected,
        x,
      );
    });
  }

  Deno.test(`encodeScaledFloats() equals QuantizeLinear to ${name} with a scale per channel and per group`, async () => {
    const x = allValues("f16");
    for (
      const [attributes, run_, count, shape, scaleShape] of [
        [{ axis: 1 }, 1, 64, [1024, 64], [64]],
        [{ axis: 0 }, 64, 1024, [1024, 64], [1024]],
        [{ axis: 1, block_size: 32 }, 32, 2048, [1024, 64], [1024, 2]],
      ] as const
    ) {
      const scales = Float32Array.from({ length: count }, (_, i) => SCALES[i % SCALES.length]!);
      const codes = new Uint8Array(COUNT), values = new Float32Array(COUNT);
      encodeScaledFloats(format, x, { run: run_, scales }, codes);
      decodeScaledFloats(format, codes, { run: run_, scales }, values);
      const expected = await run(
        [
          {
            op: "QuantizeLinear",
            inputs: ["x", "s"],
            outputs: ["y"],
            attributes: { ...attributes, output_dtype: ONNX_TYPES[name], saturate: 1 },
          },
          { op: "DequantizeLinear", inputs: ["y", "s"], outputs: ["z"], attributes },
        ],
        x,
        [...shape],
        scales,
        [...scaleShape],
      );
      assertSameValues(values, expected, x);
    }
  });

  Deno.test(`Cast to ${name} keeps the sign of NaN, which encodeSmallFloat() drops`, async () => {
    const nan = new Float32Array(new Uint32Array([0x7fc0_0000, 0xffc0_0000]).buffer);
    const expected = await run([cast("x", "y", name), cast("y", "z", "float")], nan, [2]);
    assert.deepEqual(
      [...new Uint32Array(expected.buffer, expected.byteOffset, 2)].map((word) => word >>> 31),
      [0, 1],
    );
    assert.deepEqual(Array.from(nan, (value) => encodeSmallFloat(format, value)), [0x7f, 0x7f]);
  });

  Deno.test(`Cast to ${name} without saturation differs as the rule states`, async () => {
    const x = allValues("bf16");
    const unlimited = await run([cast("x", "y", name, 0), cast("y", "z", "float")], x);
    const greatest = decodeSmallFloat(format, format.maxCode);
    let different = 0;
    x.forEach((value, i) => {
      const own = decodeSmallFloat(format, encodeSmallFloat(format, value));
      if (Object.is(own, unlimited[i])) return;
      different++;
      assert(Math.abs(value) > greatest, `${value} differs, and is in range`);
      assert.equal(Math.abs(own), greatest);
      assert(!Number.isFinite(unlimited[i]), `onnxruntime gives ${unlimited[i]} for ${value}`);
    });
    assert(different > 1000, "values out of range are among the inputs");
  });
}
