import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeSafetensors, encodeTensors, MAX_SAFETENSORS_HEADER } from "../../scripts/io/safetensors.ts";
import { readSafetensors, tensorOf } from "../../scripts/io/safetensors_read.ts";
import { DTYPE_BYTES, DTYPES, viewElements } from "../../serialize/dtype.ts";
import { type ErrorCode, OnpathError } from "../../serialize/errors.ts";
import { type Tensor, tensor } from "../../serialize/tensor.ts";
import { randomBytes } from "../support/random.ts";

function joined(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
}

/** A file with any header. */
function fileOf(header: unknown, dataBytes: number): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  return joined([length, json, new Uint8Array(dataBytes)]);
}

function refused(bytes: Uint8Array<ArrayBuffer>, code: ErrorCode, message: RegExp): void {
  assert.throws(() => readSafetensors(bytes, "x.safetensors"), (error) => {
    assert(error instanceof OnpathError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, /^Cannot read x\.safetensors: /);
    assert.match(error.message, message);
    return true;
  });
}

const entry = (dtype: string, shape: readonly number[], begin: number, end: number) => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

Deno.test("readSafetensors() returns what encodeTensors() wrote: tensors of every type, aligned, and texts", () => {
  const tensors = new Map<string, Tensor>();
  for (const [seed, dtype] of DTYPES.entries()) {
    const bytes = randomBytes(15 * DTYPE_BYTES[dtype], seed);
    tensors.set(`of ${dtype}`, tensor(viewElements(dtype, bytes.buffer, 0, 15), { dtype, shape: [3, 5] }));
  }
  tensors.set("none", tensor(new Uint8Array(0), { dtype: "u8", shape: [0, 4] }));
  const texts = { format: "pt", "käse": '🧀 " \\ : {' };
  const bytes = joined(encodeTensors(tensors, texts));
  const file = readSafetensors(bytes, "x");
  assert.deepEqual(Object.fromEntries(file.metadata), texts);
  assert.deepEqual([...file.entries.keys()].sort(), [...tensors.keys()].sort());
  for (const [name, source] of tensors) {
    assert.deepEqual(tensorOf(file, name), source);
    assert.equal(file.entries.get(name)!.bytes.byteOffset % DTYPE_BYTES[source.dtype], 0, name);
  }
});

Deno.test("encodeSafetensors() gives one tensor without metadata, and refuses the reserved name", () => {
  const source = tensor(Uint8Array.of(1, 2, 3), { dtype: "u8", shape: [3] });
  const file = readSafetensors(joined(encodeSafetensors("output", source)), "x");
  assert.equal(file.metadata.size, 0);
  assert.deepEqual(tensorOf(file, "output"), source);
  assert.throws(() => encodeSafetensors("__metadata__", source), { code: "file" });
  const long = { text: "x".repeat(MAX_SAFETENSORS_HEADER) };
  assert.throws(() => encodeTensors(new Map(), long), { code: "size" });
});

Deno.test("tensorOf() copies tensors that are not aligned, and refuses missing ones and unknown types", () => {
  const header = { a: entry("U8", [3], 0, 3), b: entry("F32", [1], 3, 7), c: entry("F64", [1], 7, 15) };
  const text = JSON.stringify(header);
  const file = readSafetensors(fileOf(text.padEnd(Math.ceil(text.length / 8) * 8), 15), "x");
  assert.deepEqual([...tensorOf(file, "b").data as Float32Array], [0]);
  assert.throws(() => tensorOf(file, "d"), { code: "file", message: /"d" is missing, found "a", "b", "c"$/ });
  assert.throws(() => tensorOf(file, "c"), { code: "dtype", message: /"F64", expected one of U8/ });
});

Deno.test("readSafetensors() refuses truncated files, of every length", () => {
  const whole = joined(encodeSafetensors("k", tensor(new Uint16Array(6), { dtype: "bf16", shape: [2, 3] })));
  readSafetensors(whole, "x.safetensors");
  for (let length = 0; length < whole.length; length++) {
    refused(whole.slice(0, length), "file", /truncated|needs 12 bytes|bytes 0 to 12 of the data/);
  }
  refused(joined([whole, Uint8Array.of(0)]), "file", /tensors end at byte 12 of the data, which has 13/);
});

Deno.test("readSafetensors() refuses offsets that overlap, leave holes, or leave the data", () => {
  const two = (begin: number, end: number) => ({
    a: entry("U8", [4], 0, 4),
    b: entry("U8", [4], begin, end),
  });
  readSafetensors(fileOf(two(4, 8), 8), "x");
  refused(fileOf(two(3, 7), 8), "file", /"b" begins at byte 3 of the data, expected 4/);
  refused(fileOf(two(0, 4), 4), "file", /begins at byte 0 of the data, expected 4/);
  refused(fileOf(two(5, 9), 9), "file", /"b" begins at byte 5/);
  refused(fileOf(two(4, 8), 7), "file", /"b" has bytes 4 to 8 of the data, which has 7/);
  refused(fileOf(two(8, 4), 8), "file", /"b" has bytes 8 to 4/);
  refused(fileOf({ a: entry("U8", [2], 0, 2 ** 60) }, 2), "file", /is not \{"dtype"/);
  refused(fileOf({ a: entry("U8", [1], 0, 2 ** 52) }, 1), "file", /to 4503599627370496 of the data/);
});

Deno.test("readSafetensors() refuses a type or shape that the bytes do not fit", () => {
  refused(fileOf({ a: entry("F32", [4], 0, 8) }, 8), "file", /shape \[4\] of F32 needs 16 bytes, it has 8/);
  refused(fileOf({ a: entry("U8", [], 0, 2) }, 2), "file", /needs 1 bytes/);
  refused(fileOf({ a: entry("U8", Array(17).fill(1), 0, 1) }, 1), "file", /is not \{"dtype"/);
  for (const shape of [[-1], [1.5], ["1"], [null], [2 ** 53]]) {
    refused(fileOf({ a: entry("U8", shape as number[], 0, 1) }, 1), "file", /is not \{"dtype"/);
  }
  assert.throws(() => readSafetensors(fileOf({ a: entry("U8", [2 ** 31], 0, 1) }, 1), "x"), { code: "size" });
});

Deno.test("readSafetensors() refuses headers that are no JSON object, repeat a name, or are huge", () => {
  for (
    const header of ["", "[]", "null", "{", '{"a": 1}', '{"a":{"dtype":"U8","shape":[],"data_offsets":[0]}}']
  ) {
    refused(fileOf(header, 0), "file", /expected a JSON header|is not \{"dtype"/);
  }
  const one = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
  readSafetensors(fileOf(`{"a:":${one}}`, 1), "x");
  refused(fileOf(`{"a":${one},"a":${one}}`, 1), "file", /expected a JSON header/);
  refused(fileOf(`{"a":${one.replace("}", ',"dtype":"I8"}')}}`, 1), "file", /expected a JSON header/);
  refused(fileOf(`{"a":${one.replace("}", ',"more":1}')}}`, 1), "file", /is not \{"dtype"/);
  refused(fileOf(`{"__metadata__":{"a":1}}`, 0), "file", /is not an object of texts/);
  refused(fileOf(`{"__metadata__":"a"}`, 0), "file", /is not an object of texts/);
  refused(fileOf("[".repeat(100_000) + "]".repeat(100_000), 0), "file", /expected a JSON header/);
  refused(fileOf(`{"a":${"[".repeat(9e4)}${"]".repeat(9e4)}}`, 0), "file", /expected a JSON header/);
  const huge = new Uint8Array(16);
  new DataView(huge.buffer).setBigUint64(0, BigInt(MAX_SAFETENSORS_HEADER + 1), true);
  refused(huge, "size", /header has 8388609 bytes, expected at most 8388608/);
  huge.fill(0xff, 0, 8);
  refused(huge, "size", /header has 18446744073709551615 bytes/);
});

Deno.test("readSafetensors() throws only OnpathErrors on changed bytes, and every tensor lies in the data", () => {
  const tensors = new Map<string, Tensor>([
    ["k", tensor(new Uint16Array(12), { dtype: "bf16", shape: [3, 4] })],
    ["v", tensor(new Uint8Array(5), { dtype: "u8", shape: [5] })],
  ]);
  const whole = joined(encodeTensors(tensors, { a: "b" }));
  const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bytes = whole.slice();
      for (const [at, value] of changes) bytes[at] = value;
      try {
        const { entries } = readSafetensors(bytes, "x");
        const total = [...entries.values()].reduce((sum, entry) => sum + entry.bytes.length, 0);
        assert(total <= bytes.length);
      } catch (error) {
        assert(error instanceof OnpathError, String(error));
      }
    }),
    { numRuns: 2000, seed: 14 },
  );
});
