import assert from "node:assert/strict";
import { domainOf } from "../../kernels/memoize/domain.ts";
import { decodeElement } from "../../kernels/memoize/element.ts";
import { expandMemo, memoize } from "../../kernels/memoize/memo.ts";
import { fromBFloat16Bits, fromFloat16Bits } from "../../serialize/dtype.ts";
import { refusal } from "../support/failure.ts";
import { random } from "../support/random.ts";

const randomByte = (x: number) => random(x)() & 255;

Deno.test("memoize() finds the form that a function was made of", () => {
  const nameOf = (fn: (a: number, b: number) => number, options: Parameters<typeof memoize>[1]) =>
    memoize(fn, { ...options, prefer: "bytes" }).form.name;
  assert.equal(nameOf((a, b) => a + b, { input: ["u8", "u8"], output: "u16" }), "split");
  assert.equal(nameOf((a, b) => a * 256 + (b ^ 90), { input: ["u8", "u8"], output: "u16" }), "split");
  assert.equal(
    nameOf((x) => (x >> 6) % 2 === 0 ? (x * 37) & 63 : (x * 91) & 63, { input: { bits: 12 }, output: "u8" }),
    "shared",
  );
  assert.equal(nameOf((x) => randomByte(x), { input: { bits: 10 }, output: "u8" }), "direct");
  assert.equal(nameOf((x) => 2 * x, { input: "bf16", output: "bf16", overflow: "infinity" }), "exponent");
  const root = memoize((x) => Math.round(3.7 * x + 4 * Math.sin(x)), {
    input: { bits: 12 },
    output: "u16",
    tolerance: 5,
    prefer: "bytes",
  });
  assert.equal(root.form.name, "linear");
  assert(root.form.error.ulps > 0 && root.form.error.ulps <= 5, JSON.stringify(root.form.error));
});

Deno.test("memoize() prefers forms that the RTL holds, and has no error without a tolerance", () => {
  for (const prefer of ["device", "bytes"] as const) {
    const memo = memoize((x) => x, { input: "f16", output: "bf16", prefer });
    const fits = memo.forms.filter((form) => form.fits && form.error.ulps === 0);
    assert(fits.length > 0);
    assert.equal(memo.form.error.codes, 0);
    if (prefer === "device") assert(memo.form.fits);
    const others = prefer === "device" ? fits : memo.forms.filter(({ error }) => error.ulps === 0);
    assert.equal(memo.form.bytes, Math.min(...others.map(({ bytes }) => bytes)));
  }
});

Deno.test("memoize() passes decoded operands, the first one in the upper bits", () => {
  const seen: number[][] = [];
  const pair = memoize((a, b) => {
    seen.push([a, b]);
    return 10 * a + b;
  }, { input: [{ bits: 2 }, { bits: 3 }], output: "u8" });
  assert.deepEqual(seen[0], [0, 0]);
  assert.deepEqual(seen[8], [1, 0]);
  assert.equal(seen.length, 64);
  assert.equal(expandMemo(pair)[(3 << 3) | 5], 35);
  assert.deepEqual(pair.domain.itemBytes, 2);
  for (const [input, decode] of [["f16", fromFloat16Bits], ["bf16", fromBFloat16Bits]] as const) {
    const same = expandMemo(memoize((x) => x, { input, output: "f32" }));
    for (let code = 0; code < 65536; code++) assert(Object.is(same[code], decode(code)), `${input} ${code}`);
  }
});

Deno.test("memoize() encodes values, or takes bits, and saturates or overflows as told", () => {
  const four = (fn: (x: number) => number, options: object) =>
    Array.from(expandMemo(memoize(fn, { input: { bits: 2 }, output: "u8", ...options })));
  assert.deepEqual(four((x) => 200 * x - 100, { overflow: "saturate" }), [0, 100, 255, 255]);
  assert.deepEqual(four((x) => x - 2, { output: "i8" }), [-2, -1, 0, 1]);
  assert.deepEqual(four((x) => 0xfe + (x & 1), { output: "i8", result: "bits" }), [-2, -1, -2, -1]);
  assert.deepEqual(four((x) => x * 65504, { output: "f16", overflow: "saturate" }), [
    0,
    0x7bff,
    0x7bff,
    0x7bff,
  ]);
  assert.deepEqual(four((x) => x * -65504, { output: "f16", overflow: "infinity" }), [
    0x8000,
    0xfbff,
    0xfc00,
    0xfc00,
  ]);
  assert.deepEqual(four((x) => x === 0 ? Infinity : 1, { output: "f16" }), [0x7c00, 0x3c00, 0x3c00, 0x3c00]);
  assert.deepEqual(four((x) => 2 ** 31 * x - 2 ** 31, { output: "i32", overflow: "saturate" }), [
    -(2 ** 31),
    0,
    2 ** 31 - 1,
    2 ** 31 - 1,
  ]);
  assert.deepEqual(
    four((x) => x * 2 ** 126, { output: "bf16" }),
    [0, 0x7e80, 0x7f00, 0x7f40].map((bits, x) => decodeElement(bits, "u16") * Math.sign(x)),
  );
});

Deno.test("memoize() refuses a function that throws, is not pure, or leaves its output type", () => {
  const u8 = { input: "u8", output: "u8" } as const;
  const throws = (x: number) => {
    if (x === 9) throw new Error("nine");
    return x;
  };
  assert.throws(() => memoize(throws, u8), refusal("pipeline", /at \(9\): the function throws: nine/));
  let calls = 0;
  assert.throws(() => memoize(() => calls++ & 1, u8), refusal("pipeline", /not pure/));
  // A function that counts its calls is not pure either, though both passes count alike.
  let count = 0;
  assert.throws(() => memoize(() => count++ % 256, u8), refusal("pipeline", /at \(255\): .*not pure/));
  assert.throws(() => memoize((x) => x + 1, u8), refusal("dtype", /at \(255\): cannot hold 256 in u8/));
  assert.throws(() => memoize((x) => x - 1, u8), refusal("dtype", /at \(0\): cannot hold -1 in u8/));
  assert.throws(() => memoize((x) => x / 2, u8), refusal("dtype", /at \(1\): cannot hold 0\.5 in u8/));
  assert.throws(() => memoize(() => NaN, { ...u8, overflow: "saturate" }), refusal("dtype", /hold NaN/));
  assert.throws(
    () => memoize((x) => x * 1000, { ...u8, output: "f16" }),
    refusal("dtype", /at \(66\): .*65504/),
  );
  assert.throws(
    () => memoize((x) => x + 1, { ...u8, result: "bits" }),
    refusal("dtype", /hold bits 256 in u8/),
  );
  assert.throws(
    () => memoize((() => "1") as never, u8),
    refusal("dtype", /of type string, expected a number/),
  );
  assert.throws(() => memoize((() => 1n) as never, u8), refusal("dtype", /of type bigint/));
});

Deno.test("memoize() refuses operands and options outside their limits", () => {
  const refuses = (options: object, code: "dtype" | "size" | "pipeline", message: RegExp) =>
    assert.throws(
      () => memoize((x) => x & 1, { input: "u8", output: "u8", ...options } as never),
      refusal(code, message),
    );
  refuses({ input: { bits: 17 } }, "dtype", /1 to 16/);
  refuses({ input: { bits: 0 } }, "dtype", /1 to 16/);
  refuses({ input: { bits: 2.5 } }, "dtype", /1 to 16/);
  refuses({ input: "f32" }, "dtype", /operand "f32"/);
  refuses({ input: undefined }, "dtype", /operand undefined/);
  refuses({ input: [] }, "size", /one or two operands, found 0/);
  refuses({ input: ["u8", "u8", "u8"] }, "size", /found 3/);
  refuses({ input: ["f16", { bits: 5 }] }, "size", /21 bits/);
  assert.equal(domainOf(["f16", { bits: 4 }]).bits, 20);
  refuses({ output: "f64" }, "dtype", /output "f64"/);
  refuses({ overflow: "infinity" }, "dtype", /overflow "infinity": expected one of refuse, saturate$/);
  refuses({ result: "value " }, "dtype", /result/);
  refuses({ prefer: 5 }, "dtype", /prefer/);
  refuses({ tolerance: NaN }, "size", /tolerance/);
  refuses({ tolerance: -1 }, "size", /tolerance/);
  for (const fn of [undefined, null, 5, "x", {}]) {
    assert.throws(
      () => memoize(fn as never, { input: "u8", output: "u8" }),
      refusal("pipeline", /the function is/),
    );
  }
  for (const options of [undefined, null, 5]) {
    assert.throws(() => memoize((x) => x, options as never), refusal("dtype", /output/));
  }
});

Deno.test("memoize() gives equal ids for equal tables, and another id for another function, type or form", () => {
  const idOf = (fn: (x: number) => number, options: object = {}) =>
    memoize(fn, { input: { bits: 6 }, output: "u8", ...options }).id;
  const id = idOf((x) => x);
  assert.equal(idOf((x) => +x), id);
  const others = [
    idOf((x) => x ^ (x === 63 ? 1 : 0)),
    idOf((x) => x, { output: "i8" }),
    idOf((x) => x, { input: { bits: 7 } }),
    idOf((x) => x, { tolerance: 1, prefer: "bytes" }),
  ];
  assert.equal(new Set([id, ...others]).size, 5);
});
