import assert from "node:assert/strict";
import { encodeBlock } from "../../../kernels/quantize/block.ts";
import { blockBytes, type QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { countSaturated } from "../../../kernels/quantize/saturation.ts";
import { random } from "../../support/random.ts";
import { refusedWith } from "./refused.ts";

const SHAPE = { tokens: 64, channels: 64 };

const METHODS: QuantizeMethod[] = [
  ...(["e4m3fn", "e5m2", "e2m3", "e3m2", "e2m1"] as const).flatMap((format) =>
    (["one", "block", "channel"] as const).map((scale) =>
      ({ kind: "float", format, scale, stored: "bf16" }) as const
    )
  ),
  ...(["absmax", "asymmetric"] as const).flatMap((kind) =>
    ([4, 8] as const).flatMap((bits) => [
      { kind, bits, axis: "channels", group: 32, stored: "bf16" } as const,
      { kind, bits, axis: "tokens", group: 64, stored: "f16" } as const,
    ])
  ),
  ...(["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4", "mxint8"] as const).flatMap((
    format,
  ) => [
    { kind: "mx", format, axis: "tokens" } as const,
    { kind: "mx", format, axis: "channels" } as const,
  ]),
  { kind: "kivi", bits: 2, axis: "tokens", stored: "bf16" },
  { kind: "kivi", bits: 4, axis: "channels", stored: "f16" },
  { kind: "rotated", bits: 3, stored: "f16" },
];

/** Values of four magnitudes up to 2^(most + 1). */
function wideValues(seed: number, most: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: SHAPE.tokens * SHAPE.channels }, (_, i) => {
    const sign = next() & 1 ? 1 : -1, mantissa = 1 + (next() % 256) / 256;
    return sign * 2 ** (i % 5 === 0 ? most : most - next() % 4) * mantissa;
  });
}

Deno.test("countSaturated() equals the count of encodeBlock() for every method", () => {
  const total = new Map<string, number>();
  for (const method of METHODS) {
    const bytes = blockBytes(method, SHAPE);
    for (let seed = 0; seed < 8; seed++) {
      const block = { codes: new Uint8Array(bytes.codes), metadata: new Uint8Array(bytes.metadata) };
      const values = wideValues(seed, [0, 1, 2, 13, 14, 15, 22, 30][seed]!);
      const expected = encodeBlock(method, values, SHAPE, block);
      assert.equal(countSaturated(method, values, block.metadata, SHAPE), expected, JSON.stringify(method));
      total.set(method.kind, (total.get(method.kind) ?? 0) + expected);
    }
  }
  // The data saturates values of every kind, the norms of the rotated form too.
  assert.deepEqual([...total].filter(([, count]) => count === 0), []);
});

Deno.test("countSaturated() follows the encoder's rules for NaN and infinity", () => {
  const methods = METHODS.filter((method) =>
    method.kind === "mx" || (method.kind === "float" && method.scale === "one")
  );
  for (const method of methods) {
    const bytes = blockBytes(method, SHAPE);
    const block = { codes: new Uint8Array(bytes.codes), metadata: new Uint8Array(bytes.metadata) };
    const values = wideValues(9, 2);
    values.set([NaN, Infinity, -Infinity, -0, 1e38], 100);
    const expected = encodeBlock(method, values, SHAPE, block);
    assert.equal(countSaturated(method, values, block.metadata, SHAPE), expected, JSON.stringify(method));
  }
});

Deno.test("countSaturated() refuses lengths that do not fit", () => {
  const method = { kind: "mx", format: "mxfp4", axis: "tokens" } as const;
  const values = new Float32Array(64 * 64), metadata = new Uint8Array(128);
  assert.equal(countSaturated(method, values, metadata, SHAPE), 0);
  refusedWith("shape", () => countSaturated(method, values.subarray(1), metadata, SHAPE));
  refusedWith("shape", () => countSaturated(method, values, metadata.subarray(1), SHAPE));
});
