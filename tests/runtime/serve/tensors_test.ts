import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { decodeRequest } from "../../../runtime/serve/request.ts";
import { encodeMessage } from "../../../runtime/serve/response.ts";
import {
  DATATYPES,
  FIXED,
  type FixedDatatype,
  type InferenceTensor,
} from "../../../runtime/serve/tensors.ts";
import { refusal } from "../../support/failure.ts";
import { sized } from "../../support/long.ts";

const utf8 = new TextEncoder();

/** Decodes a request whose JSON is given. */
function decode(json: unknown, binary: Uint8Array = new Uint8Array()) {
  const head = utf8.encode(JSON.stringify(json));
  const body = new Uint8Array([...head, ...binary]);
  return decodeRequest(body, head.length);
}

/** Decodes one input. */
function decodeInput(input: object, binary?: Uint8Array): InferenceTensor {
  return decode({ inputs: [{ name: "x", ...input }] }, binary).inputs[0]!;
}

/** Tensor of random elements. Floats are finite, and 64-bit integers are exact in JSON. */
const tensors: fc.Arbitrary<InferenceTensor> = fc.tuple(
  fc.constantFrom(...DATATYPES),
  fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
  fc.string({ minLength: 1, maxLength: 20 }),
).chain(([datatype, shape, name]) => {
  const count = shape.reduce((product, length) => product * length, 1);
  const of = <T>(element: fc.Arbitrary<T>) => fc.array(element, { minLength: count, maxLength: count });
  const fixed = (elements: fc.Arbitrary<number | bigint>) =>
    of(elements).map((values) => {
      const { bytes, view } = FIXED[datatype as FixedDatatype];
      const data = view(new ArrayBuffer(count * bytes), 0, count);
      values.forEach((value, at) => (data as unknown as (number | bigint)[])[at] = value);
      return { name, datatype, shape, data } as InferenceTensor;
    });
  switch (datatype) {
    case "BYTES":
      return of(fc.string().map((text) => utf8.encode(text.toWellFormed()))).map((data) =>
        ({ name, datatype, shape, data }) as InferenceTensor
      );
    case "BOOL":
      return fixed(fc.integer({ min: 0, max: 1 }));
    case "FP16":
      return fixed(fc.integer({ min: 0, max: 0x7bff }));
    case "BF16":
      return fixed(fc.integer({ min: 0, max: 0x7f7f }));
    case "FP32":
      return fixed(fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
    case "FP64":
      return fixed(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
    case "INT64":
      return fixed(fc.maxSafeInteger().map(BigInt));
    case "UINT64":
      return fixed(fc.maxSafeNat().map(BigInt));
    default:
      return fixed(fc.integer());
  }
});

Deno.test("decodeRequest() reads what encodeMessage() writes, as JSON and as binary data, of every datatype", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(tensors, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }),
      fc.nat(),
      (list, pick) => {
        const isBinary = (name: string) => ((name.length + pick) & 1) === 0;
        const { parts, jsonBytes, bytes } = encodeMessage({ id: "7" }, "inputs", list, isBinary);
        // A body that arrives at once is a Buffer, as Node gives it; one of parts is an array.
        const all = parts.flatMap((part) => [...part]);
        const body = (pick & 2) === 0 ? new Uint8Array(all) : Buffer.from(all);
        assert.equal(body.length, bytes);
        const { id, inputs } = decodeRequest(body, jsonBytes ?? body.length);
        assert.equal(id, "7");
        // -0 has no JSON.
        const plain = (tensor: InferenceTensor) => ({
          ...tensor,
          data: Array.from(
            tensor.data as Iterable<unknown>,
            (v) => v === 0 ? 0 : v instanceof Uint8Array ? [...v] : v,
          ),
        });
        assert.deepEqual(inputs.map(plain), list.map(plain));
      },
    ),
    { numRuns: sized(5000, 300) },
  );
});

Deno.test("decodeRequest() reads nested arrays as flat ones, and refuses another nesting", () => {
  const data = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]];
  const head = { datatype: "UINT8", shape: [2, 2, 2] };
  assert.deepEqual(decodeInput({ ...head, data }), decodeInput({ ...head, data: data.flat(2) }));
  for (
    const wrong of [
      [[1, 2, 3, 4], [5, 6, 7, 8]],
      [[[1, 2], [3]], [[5, 6], [7, 8]]],
      [1, 2, 3],
      [[], []],
      "12345678",
      {},
      null,
    ]
  ) {
    assert.throws(() => decodeInput({ ...head, data: wrong }), (error: { code: string }) => {
      assert(["shape", "dtype"].includes(error.code), `${JSON.stringify(wrong)}: ${error}`);
      return refusal(error.code as "shape")(error);
    });
  }
});

Deno.test("decodeRequest() takes the least and greatest value of each datatype, and refuses the next", () => {
  const limits: [string, number, number, number, number][] = [
    ["UINT8", 0, 255, -1, 256],
    ["INT8", -128, 127, -129, 128],
    ["UINT16", 0, 65_535, -1, 65_536],
    ["UINT32", 0, 2 ** 32 - 1, -1, 2 ** 32],
    ["INT32", -(2 ** 31), 2 ** 31 - 1, -(2 ** 31) - 1, 2 ** 31],
    ["UINT64", 0, 2 ** 53 - 1, -1, 2 ** 53],
    ["INT64", 1 - 2 ** 53, 2 ** 53 - 1, -(2 ** 53), 2 ** 53],
    ["FP16", -65_504, 65_519, -65_520, 65_520],
    ["FP32", -3.4028234663852886e38, 3.4028234663852886e38, -3.41e38, 3.41e38],
  ];
  for (const [datatype, least, most, below, above] of limits) {
    const { data } = decodeInput({ datatype, shape: [2], data: [least, most] });
    assert.equal(data.length, 2, datatype);
    for (const value of [below, above]) {
      assert.throws(
        () => decodeInput({ datatype, shape: [2], data: [0, value] }),
        refusal("dtype", /element 1 is/),
        `${datatype} ${value}`,
      );
    }
  }
  for (const datatype of DATATYPES) {
    for (
      const value of [
        null,
        [1],
        {},
        ...datatype === "BYTES" ? [1] : ["1"],
        ...datatype === "BOOL" ? [1] : [true],
      ]
    ) {
      assert.throws(
        () => decodeInput({ datatype, shape: [1], data: [value] }),
        /^OnpathError: Cannot /,
        datatype,
      );
    }
  }
  for (const datatype of ["UINT8", "INT64"]) {
    assert.throws(
      () => decodeInput({ datatype, shape: [1], data: [1.5] }),
      refusal("dtype", /element 0 is 1.5/),
    );
  }
});

Deno.test("decodeRequest() reads strings of base64, and refuses what is none", () => {
  const head = { datatype: "BYTES", shape: [2], parameters: { content_type: "base64" } };
  assert.deepEqual(decodeInput({ ...head, data: ["/9j/", "AQ=="] }).data, [
    Uint8Array.of(255, 216, 255),
    Uint8Array.of(1),
  ]);
  for (const wrong of ["a b=", "====", "A", "é"]) {
    assert.throws(
      () => decodeInput({ ...head, data: ["AQ==", wrong] }),
      refusal("dtype", /element 1 is not base64/),
    );
  }
});

Deno.test("decodeRequest() refuses binary data that does not hold its tensor", () => {
  const u16 = (size: unknown, bytes: number) => () =>
    decodeInput(
      { datatype: "UINT16", shape: [2], parameters: { binary_data_size: size } },
      new Uint8Array(bytes),
    );
  assert.equal(u16(4, 4)().data.length, 2);
  assert.throws(u16(3, 3), refusal("dtype", /3 bytes of binary data, expected 4/));
  assert.throws(u16(4, 3), refusal("dtype", /binary_data_size is 4, and 3 bytes are left/));
  assert.throws(u16(4, 5), refusal("size", /1 bytes of binary data belong to no tensor/));
  for (const size of [-1, 1.5, "4", 2 ** 60]) assert.throws(u16(size, 4), /^OnpathError: Cannot read/);
  const strings = (...bytes: number[]) => () =>
    decodeInput(
      { datatype: "BYTES", shape: [2], parameters: { binary_data_size: bytes.length } },
      Uint8Array.from(bytes),
    );
  assert.deepEqual(strings(0, 0, 0, 0, 1, 0, 0, 0, 9)().data, [new Uint8Array(), Uint8Array.of(9)]);
  assert.throws(strings(0, 0, 0, 0, 1, 0, 0, 0), refusal("dtype", /ends within element 1 of 2/));
  assert.throws(strings(0, 0, 0, 0, 1, 0), refusal("dtype", /ends within element 1 of 2/));
  assert.throws(strings(255, 255, 255, 255), refusal("dtype", /ends within element 0 of 2/));
  assert.throws(strings(0, 0, 0, 0, 0, 0, 0, 0, 1), refusal("dtype", /1 bytes follow its 2 elements/));
  const both = { datatype: "UINT8", shape: [1], data: [1], parameters: { binary_data_size: 1 } };
  assert.throws(
    () => decodeInput(both, new Uint8Array(1)),
    refusal("dtype", /both data and binary_data_size/),
  );
});

Deno.test("decodeRequest() bounds axes, elements, strings, inputs and outputs", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ name: `x${at}`, datatype: "UINT8", shape: [0], data: [] }));
  assert.equal(decode({ inputs: many(64) }).inputs.length, 64);
  assert.throws(() => decode({ inputs: many(65) }), refusal("size", /65 tensors, expected at most 64/));
  assert.throws(() => decode({ inputs: many(1), outputs: many(65) }), refusal("size", /request.outputs/));
  assert.throws(() => decode({ inputs: [] }), refusal("pipeline", /request\.inputs/));
  const axes = (count: number) => ({ datatype: "UINT8", shape: new Array(count).fill(1), data: [1] });
  assert.throws(() => decodeInput(axes(9)), refusal("size", /9 axes, expected at most 8/));
  assert.equal(decodeInput({ ...axes(8), data: [[[[[[[[1]]]]]]]] }).data.length, 1);
  for (const shape of [[2 ** 28 + 1], [2 ** 14, 2 ** 15], [-1], [1.5], [2 ** 60, 0]]) {
    assert.throws(
      () => decodeInput({ datatype: "UINT8", shape, data: [] }),
      refusal("size", /Cannot use tensor x/),
    );
  }
  assert.throws(
    () => decodeInput({ datatype: "BYTES", shape: [65_537], data: [] }),
    refusal("size", /65536 elements/),
  );
});

Deno.test("decodeRequest() refuses repeated names, unknown datatypes, and parameters that are not built", () => {
  const x = { name: "x", datatype: "UINT8", shape: [0], data: [] };
  assert.throws(() => decode({ inputs: [x, x] }), refusal("pipeline", /input "x" is repeated/));
  assert.throws(
    () => decode({ inputs: [x], outputs: [{ name: "y" }, { name: "y" }] }),
    refusal("pipeline", /output "y" is repeated/),
  );
  assert.throws(
    () => decodeInput({ datatype: "FP8", shape: [0], data: [] }),
    refusal("pipeline", /datatype/),
  );
  for (
    const parameter of [
      "shared_memory_region",
      "shared_memory_offset",
      "shared_memory_byte_size",
      "classification",
    ]
  ) {
    const parameters = { [parameter]: 1 };
    assert.throws(
      () => decodeInput({ ...x, parameters }),
      refusal("pipeline", new RegExp(`${parameter} .* not built`)),
    );
    assert.throws(
      () => decode({ inputs: [x], outputs: [{ name: "y", parameters }] }),
      refusal("pipeline", new RegExp(`${parameter} .* not built`)),
    );
  }
});

Deno.test("decodeRequest() reads timeout in microseconds, and which outputs are binary", () => {
  const inputs = [{ name: "x", datatype: "UINT8", shape: [0], data: [] }];
  const outputs = [{ name: "a" }, { name: "b", parameters: { binary_data: false } }, {
    name: "c",
    parameters: { binary_data: true },
  }];
  const names = (request: object) =>
    decode({ inputs, outputs, ...request }).outputs!.map(({ isBinary }) => isBinary);
  assert.deepEqual(names({}), [false, false, true]);
  assert.deepEqual(names({ parameters: { binary_data_output: true } }), [true, false, true]);
  assert.equal(decode({ inputs, outputs: [] }).outputs, undefined);
  assert.equal(decode({ inputs, parameters: { timeout: 1500 } }).timeoutMs, 2);
  assert.throws(() => decode({ inputs, parameters: { timeout: 0 } }), refusal("pipeline", /timeout/));
});

Deno.test("encodeMessage() refuses JSON for values that have none", () => {
  const cases: InferenceTensor[] = [
    { name: "x", datatype: "FP32", shape: [2], data: Float32Array.of(0, NaN) },
    { name: "x", datatype: "FP16", shape: [2], data: Uint16Array.of(0, 0x7c00) },
    { name: "x", datatype: "BYTES", shape: [1], data: [Uint8Array.of(255)] },
  ];
  for (const tensor of cases) {
    assert.throws(
      () => encodeMessage({ id: "" }, "outputs", [tensor], () => false),
      refusal("dtype", /request it as binary/),
    );
    assert(encodeMessage({ id: "" }, "outputs", [tensor], () => true).jsonBytes! > 0);
  }
});
