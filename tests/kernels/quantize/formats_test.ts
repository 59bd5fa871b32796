import assert from "node:assert/strict";
import {
  FLOAT_LIMITS,
  type FloatDType,
  narrow,
  readStored,
  roundStored,
  widen,
  writeStored,
} from "../../../kernels/quantize/formats/elements.ts";
import { packCodes, packedBytes, unpackCodes } from "../../../kernels/quantize/formats/pack.ts";
import {
  decodeSmallFloat,
  encodeSmallFloat,
  SMALL_FLOATS,
} from "../../../kernels/quantize/formats/small_float.ts";
import { random } from "../../support/random.ts";
import { refusedWith } from "./refused.ts";

// OCP OFP8 and MX v1.0: greatest value, least normal value, least positive value.
const OCP = {
  e4m3fn: [448, 2 ** -6, 2 ** -9],
  e5m2: [57_344, 2 ** -14, 2 ** -16],
  e2m3: [7.5, 1, 0.125],
  e3m2: [28, 0.25, 0.0625],
  e2m1: [6, 1, 0.5],
} as const;

for (const format of Object.values(SMALL_FLOATS)) {
  Deno.test(`decodeSmallFloat() has OCP's values of ${format.name}`, () => {
    assert.equal(decodeSmallFloat(format, format.maxCode), OCP[format.name][0]);
    assert.equal(decodeSmallFloat(format, 1 << format.mantissaBits), OCP[format.name][1]);
    assert.equal(decodeSmallFloat(format, 1), OCP[format.name][2]);
    assert.equal(2 ** format.maxExponent, 2 ** Math.floor(Math.log2(OCP[format.name][0])));
  });

  Deno.test(`encodeSmallFloat() inverts decodeSmallFloat() for every code of ${format.name}`, () => {
    let last = -1;
    for (let code = 0; code < 1 << format.bits; code++) {
      const value = decodeSmallFloat(format, code), magnitude = code & ((1 << (format.bits - 1)) - 1);
      if (Number.isNaN(value)) {
        assert(magnitude > format.maxCode);
        assert.equal(encodeSmallFloat(format, value), format.nanCode);
      } else if (Math.abs(value) === Infinity) {
        assert.equal(encodeSmallFloat(format, value), code - magnitude + format.maxCode);
      } else {
        assert.equal(encodeSmallFloat(format, value), code);
        if (code === magnitude) assert(value > last, "values ascend with codes");
        last = value;
      }
    }
  });

  Deno.test(`encodeSmallFloat() takes ties of ${format.name} to even codes`, () => {
    for (let code = 0; code < format.maxCode; code++) {
      const low = decodeSmallFloat(format, code), high = decodeSmallFloat(format, code + 1);
      const tie = (low + high) / 2, beside = (high - low) / 1024;
      assert.equal(encodeSmallFloat(format, tie), code + code % 2);
      assert.equal(encodeSmallFloat(format, tie - beside), code);
      assert.equal(encodeSmallFloat(format, -tie - beside), code + 1 + (1 << (format.bits - 1)));
    }
  });
}

Deno.test("decodeSmallFloat() reads the infinities of E5M2, and encodeSmallFloat() saturates them", () => {
  assert.equal(decodeSmallFloat(SMALL_FLOATS.e5m2, 0x7c), Infinity);
  assert.equal(decodeSmallFloat(SMALL_FLOATS.e5m2, 0xfc), -Infinity);
  assert.equal(encodeSmallFloat(SMALL_FLOATS.e5m2, -Infinity), 0xfb);
  assert.equal(encodeSmallFloat(SMALL_FLOATS.e4m3fn, Infinity), 0x7e);
});

Deno.test("encodeSmallFloat() writes 0 for NaN in formats without NaN", () => {
  for (const name of ["e2m3", "e3m2", "e2m1"] as const) {
    assert.equal(encodeSmallFloat(SMALL_FLOATS[name], NaN), 0);
  }
});

Deno.test("packCodes() and unpackCodes() are inverse for every width and count", () => {
  const next = random(8);
  for (let bits = 1; bits <= 8; bits++) {
    for (let count = 0; count < 40; count++) {
      const codes = Uint8Array.from({ length: count }, () => next() & ((1 << bits) - 1));
      const bytes = new Uint8Array(packedBytes(count, bits)), back = new Uint8Array(count);
      packCodes(codes, bits, bytes);
      const number = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      const expected = codes.reduceRight((sum, code) => (sum << BigInt(bits)) | BigInt(code), 0n);
      assert.equal(number, expected);
      unpackCodes(bytes, bits, back);
      assert.deepEqual(back, codes);
    }
  }
});

Deno.test("packCodes() and unpackCodes() refuse other lengths and widths", () => {
  refusedWith("shape", () => packCodes(new Uint8Array(3), 4, new Uint8Array(1)));
  refusedWith("shape", () => unpackCodes(new Uint8Array(3), 4, new Uint8Array(4)));
  refusedWith("size", () => packedBytes(1, 0));
  refusedWith("size", () => packedBytes(1, 9));
});

Deno.test("narrow() inverts widen() for every finite bit pattern", () => {
  for (const dtype of ["bf16", "f16"] as const) {
    const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const values = new Float32Array(bits.length), back = new Uint16Array(bits.length);
    widen(dtype, bits, values);
    narrow(dtype, values, back);
    values.forEach((value, i) => {
      if (!Number.isNaN(value)) assert.equal(back[i], bits[i]);
    });
  }
  refusedWith("shape", () => widen("f32", new Float32Array(2), new Float32Array(3)));
  refusedWith("shape", () => narrow("f32", new Float32Array(2), new Float32Array(3)));
});

Deno.test("roundStored() keeps positive scales positive and finite, and writeStored() keeps them", () => {
  for (const dtype of ["bf16", "f16", "f32"] as FloatDType[]) {
    const { greatest, least } = FLOAT_LIMITS[dtype];
    const cases = [[0, 0], [1e-300, least], [1e300, greatest], [Infinity, greatest], [greatest, greatest], [
      1,
      1,
    ]];
    for (const [value, expected] of cases) {
      assert.equal(roundStored(dtype, value!), expected, `${dtype} ${value}`);
    }
    const stored = Float32Array.of(0, least, greatest, roundStored(dtype, 0.1)), back = new Float32Array(4);
    const bytes = new Uint8Array(4 * (dtype === "f32" ? 4 : 2));
    writeStored(dtype, stored, bytes);
    readStored(dtype, bytes, back);
    assert.deepEqual(back, stored);
    refusedWith("shape", () => writeStored(dtype, stored, bytes.subarray(1)));
    refusedWith("shape", () => readStored(dtype, bytes.subarray(1), back));
  }
});
