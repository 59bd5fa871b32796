import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type ScalarFormat,
  scalarFormat,
  writeScalar,
} from "../../../runtime/device/xrt/binding/argument.ts";

Deno.test("scalarFormat() reads C types, and goes by the size where the name says less", () => {
  const cases: [type: string, bytes: number, format: ScalarFormat][] = [
    ["uint", 4, "u32"],
    ["unsigned int", 4, "u32"],
    ["unsigned", 4, "u32"],
    ["int", 4, "i32"],
    ["const int", 4, "i32"],
    ["uint8_t", 1, "u8"],
    ["char", 1, "i8"],
    ["short", 2, "i16"],
    ["unsigned short", 2, "u16"],
    ["size_t", 8, "u64"],
    ["long", 8, "i64"],
    ["uint", 8, "u64"],
    ["float", 4, "f32"],
    ["double", 8, "f64"],
    ["ap_uint<32>", 4, "u32"],
    ["bool", 1, "u8"],
    ["my_struct", 24, "bytes"],
  ];
  for (const [type, bytes, format] of cases) assert.equal(scalarFormat({ type, bytes }), format, type);
});

Deno.test("writeScalar() writes what a reader of the same type reads", () => {
  const view = new DataView(new ArrayBuffer(8));
  const readers: Record<string, () => number | bigint> = {
    u8: () => view.getUint8(0),
    i8: () => view.getInt8(0),
    u16: () => view.getUint16(0, true),
    i16: () => view.getInt16(0, true),
    u32: () => view.getUint32(0, true),
    i32: () => view.getInt32(0, true),
    u64: () => view.getBigUint64(0, true),
    i64: () => view.getBigInt64(0, true),
  };
  for (const [format, read] of Object.entries(readers)) {
    const bits = BigInt(format.slice(1));
    const signed = format[0] === "i";
    const [min, max] = signed ? [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n] : [0n, 2n ** bits - 1n];
    fc.assert(fc.property(fc.bigInt({ min, max }), (value) => {
      assert.equal(writeScalar(view, format as ScalarFormat, value, "n"), Number(bits) / 8);
      assert.equal(BigInt(read()), value);
      if (value <= 2n ** 53n && value >= -(2n ** 53n)) {
        writeScalar(view, format as ScalarFormat, Number(value), "n");
        assert.equal(BigInt(read()), value);
      }
    }));
    for (const wrong of [min - 1n, 2n ** bits, 0.5, NaN, Infinity]) {
      assert.throws(() => writeScalar(view, format as ScalarFormat, wrong, "n"), {
        code: "size",
        message: /argument n/,
      });
    }
  }
  fc.assert(fc.property(fc.float(), (value) => {
    assert.equal(writeScalar(view, "f32", value, "n"), 4);
    assert(Object.is(view.getFloat32(0, true), value));
  }));
  fc.assert(fc.property(fc.double(), (value) => {
    assert.equal(writeScalar(view, "f64", value, "n"), 8);
    assert(Object.is(view.getFloat64(0, true), value));
  }));
});

Deno.test("writeScalar() takes a register's bits without a sign too", () => {
  const view = new DataView(new ArrayBuffer(8));
  writeScalar(view, "i32", 0xffff_fffe, "n");
  assert.equal(view.getInt32(0, true), -2);
  assert.throws(() => writeScalar(view, "bytes", 1, "n"), { code: "size", message: /expected bytes/ });
});
