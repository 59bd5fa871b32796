import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { FLOAT_LIMITS, roundStored, writeStored } from "../../../kernels/quantize/formats/elements.ts";
import { SMALL_FLOATS, type SmallFloatName } from "../../../kernels/quantize/formats/small_float.ts";
import { createEngine } from "../../../serialize/engine.ts";
import { groupFunctions } from "../../../kernels/quantize/group_functions.ts";
import type { QuantizeMethod } from "../../../kernels/quantize/method.ts";
import { allMethods } from "../../support/caches.ts";
import { SCALES } from "./all_inputs.ts";
import {
  bodyOf,
  decodeByModel,
  decodeByReference,
  type Elements,
  encodeByModel,
  encodeByReference,
} from "./group_payloads.ts";

const FORMATS = Object.keys(SMALL_FLOATS) as SmallFloatName[];
const ALL = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

/** Scales at the ends of each stored type, and ordinary ones. */
function scalesOf(stored: "bf16" | "f16" | "f32"): number[] {
  const { greatest, least } = FLOAT_LIMITS[stored];
  const middle = [...SCALES, 1 / 3, 447.9, 3e-39, 1e30];
  return [...new Set([least, ...middle.map((scale) => roundStored(stored, scale)), greatest])];
}

/** Compares bytes quickly, and names the first difference. */
function assertSameBytes(found: Uint8Array, expected: Uint8Array, message: string): void {
  if (Buffer.compare(found, expected) === 0) return;
  const at = found.findIndex((byte, n) => byte !== expected[n]);
  assert.fail(`${message}: byte ${at} is ${found[at]}, expected ${expected[at]}`);
}

for (const dtype of ["bf16", "f16"] as const) {
  for (const format of FORMATS) {
    Deno.test(`the model encodes every ${dtype} value as ${format} like encodeScaledFloats(), at every scale`, () => {
      for (const stored of ["bf16", "f16", "f32"] as const) {
        const body = bodyOf({ kind: "float", format, scale: "block", stored }, dtype);
        for (const scale of scalesOf(stored)) {
          const scales = new Float32Array(ALL.length / 32).fill(scale);
          assertSameBytes(
            encodeByModel(body, ALL, scales),
            encodeByReference(body, ALL, scales),
            `scale ${scale} in ${stored}`,
          );
        }
      }
      const body = bodyOf({ kind: "float", format, scale: "one", stored: "f16" }, dtype);
      assertSameBytes(encodeByModel(body, ALL), encodeByReference(body, ALL), "scale 1");
    });

    Deno.test(`the model decodes every ${format} code to ${dtype} like decodeScaledFloats(), at every scale`, () => {
      const { bits } = SMALL_FLOATS[format];
      for (const stored of ["bf16", "f16", "f32"] as const) {
        const body = bodyOf({ kind: "float", format, scale: "block", stored }, dtype);
        const scales = Float32Array.from(scalesOf(stored));
        const perScale = 256 / 32;
        const codes = Uint8Array.from(
          { length: scales.length * perScale * 4 * bits },
          (_, n) => allCodes(bits, n),
        );
        const repeated = Float32Array.from(
          { length: scales.length * perScale },
          (_, n) => scales[n / perScale | 0]!,
        );
        const payload = new Uint8Array(codes.length + repeated.length * (stored === "f32" ? 4 : 2));
        payload.set(codes);
        writeStored(stored, repeated, payload.subarray(codes.length));
        assertSameBytes(
          decodeByModel(body, payload, repeated.length),
          decodeByReference(body, payload, repeated.length),
          `scales in ${stored}`,
        );
      }
    });
  }
}

/** Byte n of all codes of `bits` bits, packed and repeated. */
function allCodes(bits: number, n: number): number {
  let byte = 0;
  for (let bit = 0; bit < 8; bit++) {
    const position = 8 * n + bit;
    byte |= ((position / bits | 0) >> (position % bits) & 1) << bit;
  }
  return byte;
}

const grouped = allMethods(64).filter(({ kind }) => kind !== "float" && kind !== "rotated")
  .map((method) => ({ ...method, axis: "channels" }) as QuantizeMethod);
const kinds = [...new Map(grouped.map((method) => [JSON.stringify(method), method])).values()];

/** Elements of a type from bits: any exponent, finite unless the method takes others. */
function elementsOf(dtype: "bf16" | "f16" | "f32", words: readonly number[], isFinite: boolean): Elements {
  const mask = { bf16: 0x7f80, f16: 0x7c00, f32: 0x7f80_0000 }[dtype];
  const lowest = { bf16: 0x80, f16: 0x400, f32: 0x80_0000 }[dtype];
  const bits = words.map((word) => {
    const own = dtype === "f32" ? word : word & 0xffff;
    return isFinite && (own & mask) === mask ? own - lowest : own;
  });
  return dtype === "f32" ? new Float32Array(Uint32Array.from(bits).buffer) : Uint16Array.from(bits);
}

Deno.test("the model encodes and decodes groups of any finite values like encodeBlock() and decodeBlock()", () => {
  const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  // Groups of near values have small ranges; groups of any words have the greatest ones.
  const near = fc.tuple(word, fc.array(fc.integer({ min: 0, max: 4095 }), { minLength: 64, maxLength: 64 }))
    .map(([base, steps]) => steps.map((step) => ((base & 0xffff_f000) | step) >>> 0));
  const group = fc.oneof(
    fc.array(word, { minLength: 64, maxLength: 64 }),
    near,
    fc.constant(Array(64).fill(0)),
  );
  const dtypes = fc.constantFrom("bf16" as const, "f16" as const, "f32" as const);
  fc.assert(
    fc.property(fc.constantFrom(...kinds), dtypes, group, group, (method, dtype, first, second) => {
      const isFinite = method.kind !== "mx";
      const elements = elementsOf(dtype, [...first, ...second].map((bits) => bits >>> 0), isFinite);
      const body = bodyOf(method, dtype, 64);
      const codes = encodeByModel(body, elements);
      assertSameBytes(codes, encodeByReference(body, elements), "encoded");
      const groups = elements.length / body.packing.values;
      assertSameNumbers(dtype, decodeByModel(body, codes, groups), decodeByReference(body, codes, groups));
    }),
    { numRuns: 1500 },
  );
});

/** Compares elements; NaN of f32 has no fixed bits. */
function assertSameNumbers(dtype: string, found: Uint8Array, expected: Uint8Array): void {
  if (dtype !== "f32") return assertSameBytes(found, expected, "decoded");
  assert.deepEqual(new Float32Array(found.slice().buffer), new Float32Array(expected.slice().buffer));
}

Deno.test("the model decodes every scale code and element of MX like decodeMx()", () => {
  for (const method of kinds.filter(({ kind }) => kind === "mx")) {
    for (const dtype of ["bf16", "f16"] as const) {
      const body = bodyOf(method, dtype);
      const groups = 256 * 8, { codeBytes } = body.packing;
      const payload = new Uint8Array(groups * (codeBytes + 1));
      for (let n = 0; n < groups * codeBytes; n++) payload[n] = allCodes(codeBytes / 4, n);
      for (let n = 0; n < groups; n++) payload[groups * codeBytes + n] = n >> 3;
      assertSameBytes(
        decodeByModel(body, payload, groups),
        decodeByReference(body, payload, groups),
        JSON.stringify(method),
      );
    }
  }
});

Deno.test("the compiled transpositions move every element, whatever the shape and the pitches", () => {
  const engine = createEngine(2 ** 18);
  const { transpose16, transpose32 } = groupFunctions(engine);
  const from = engine.reserve(2 ** 16), to = engine.reserve(2 ** 16);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(5),
      fc.nat(5),
      fc.constantFrom(2 as const, 4 as const),
      (rows, columns, extra, toExtra, size) => {
        const [pitch, toPitch] = [columns + extra, rows + toExtra];
        const View = size === 2 ? Uint16Array : Uint32Array;
        const source = new View(engine.bytes.buffer, from, 2 ** 14).map((_, n) => n + 1);
        new View(engine.bytes.buffer, from, 2 ** 14).set(source);
        const target = new View(engine.bytes.buffer, to, 2 ** 14).fill(0);
        (size === 2 ? transpose16 : transpose32)(from, pitch * size, rows, columns, to, toPitch * size);
        const expected = new View(2 ** 14);
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c++) expected[c * toPitch + r] = source[r * pitch + c]!;
        }
        assert.deepEqual(target, expected);
      },
    ),
  );
});
