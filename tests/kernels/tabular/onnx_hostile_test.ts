import assert from "node:assert/strict";
import { importOnnx } from "../../../kernels/tabular/onnx/import.ts";
import type { ErrorCode } from "../../../serialize/errors.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { refusal } from "../../support/failure.ts";
import { random } from "../../support/random.ts";
import { encodeModel, type ModelNode, type ModelParts, ROOT } from "./onnx_models.ts";

const ml = (
  op: string,
  attributes: ModelNode["attributes"] = {},
  inputs = ["X"],
  output = "Y",
): ModelNode => {
  return { op, inputs, output, domain: "ai.onnx.ml", attributes };
};
const core = (
  op: string,
  attributes: ModelNode["attributes"] = {},
  inputs = ["X"],
  output = "Y",
): ModelNode => {
  return { op, inputs, output, attributes };
};

const GOOD: ModelParts = {
  nodes: [
    ml("Imputer", { imputed_value_floats: [1, 2], replaced_value_float: NaN }, ["X"], "A"),
    ml("Scaler", { offset: [0.5, 1], scale: [2, 3] }, ["A"], "B"),
    ml("OneHotEncoder", { cats_strings: ["a", "b"] }, ["W"], "C"),
    core("Reshape", {}, ["C", "shape"], "D"),
    core("Concat", { axis: 1n }, ["B", "D"], "Y"),
  ],
  inputs: { X: { type: "float", columns: 2 }, W: { type: "string", columns: 1 } },
  outputs: ["Y"],
  initializers: { shape: { type: "int64", dims: [2], values: [-1, 2] } },
};

/** Asserts that a model is refused. */
async function refuse(
  code: ErrorCode,
  message: RegExp,
  parts: Partial<ModelParts> & { nodes: readonly ModelNode[] },
): Promise<void> {
  const { inputs = { X: { type: "float", columns: 2 } }, outputs = ["Y"] } = parts;
  await assert.rejects(
    importOnnx(encodeModel({ ...parts, inputs, outputs })),
    refusal(code, message),
    `expected ${message}`,
  );
}

Deno.test("importOnnx: refuses other operators by name", async () => {
  for (
    const op of ["Normalizer", "TreeEnsembleClassifier", "FeatureVectorizer", "constructor", "__proto__"]
  ) {
    await refuse("pipeline", new RegExp(`node ai\\.onnx\\.ml\\.${op}: its operator is not supported`), {
      nodes: [ml(op)],
    });
  }
  for (const op of ["MatMul", "Where", "If", "Loop", "toString", ""]) {
    await refuse("pipeline", new RegExp(`node ${op}: its operator is not supported`), { nodes: [core(op)] });
  }
  await refuse("pipeline", /node com\.evil\.Scaler/, {
    nodes: [{ ...ml("Scaler"), domain: "com.evil" as never }],
  });
});

Deno.test("importOnnx: refuses attributes and inputs that do not fit", async () => {
  const bad: [ModelNode, RegExp][] = [
    [ml("Scaler", { offset: [1, 2, 3], scale: [1] }), /3 values of offset for 2 columns/],
    [ml("Scaler", { offset: [NaN], scale: [1] }), /its offset is not finite/],
    [ml("Scaler", { offset: [0], scale: [Infinity] }), /its scale is not finite/],
    [ml("Scaler", {}, [""]), /its input 0 is absent/],
    [ml("Imputer", { replaced_value_float: 0 }), /0 values of imputed value/],
    [ml("Imputer", { imputed_value_floats: [NaN], replaced_value_float: 0 }), /not finite/],
    [ml("Binarizer", { threshold: NaN }), /its threshold is not finite/],
    [ml("LabelEncoder", { keys_floats: [1, 2], values_floats: [1] }), /not as many values as keys/],
    [ml("LabelEncoder", { keys_strings: ["a"], values_floats: [1] }), /its keys are text, its input is f32/],
    [ml("LabelEncoder", { keys_int64s: [1n], values_floats: [1] }), /its keys are int/],
    [ml("LabelEncoder", { keys_floats: [1, 2, 1], values_floats: [1, 2, 3] }), /category 1 is given twice/],
    [ml("OneHotEncoder", { cats_int64s: [1n, 1n] }), /category 1 is given twice/],
    [ml("OneHotEncoder", { cats_strings: ["a"] }), /its input is f32/],
    [ml("OneHotEncoder"), /not one list of categories/],
    [core("Cast", { to: 8n }), /converts f32 to text/],
    [core("Cast", { to: 9n }), /element type 9 has no columns/],
    [core("Concat", { axis: 0n }, ["X", "X"]), /expected the last axis/],
    [core("Gather", { axis: 0n }, ["X", "one"]), /gathers on axis 0/],
    [core("Gather", { axis: 1n }, ["X", "X"]), /its input 1 depends on rows/],
    [core("Gather", { axis: 1n }, ["X", "nine"]), /index 9 is out of 2 columns/],
    [core("Reshape", {}, ["X", "three"]), /moves values between rows/],
    [core("Flatten", { axis: 0n }), /moves values between rows/],
    [core("Squeeze", {}, ["X", "one"]), /not of length 1/],
    [core("Unsqueeze", {}, ["X", "nought"]), /before the rows/],
    [core("Add", {}, ["X", "wide"]), /its constant has shape \[2, 1\]/],
    [core("Sub", {}, ["one", "X"]), /its input 0 is a constant/],
    [core("Add", {}, ["X"]), /it has one input/],
    [core("Clip", {}, ["X", "three"]), /its minimum has 2 elements/],
  ];
  const initializers = {
    one: { type: "int64", dims: [1], values: [1] },
    nine: { type: "int64", dims: [1], values: [9] },
    nought: { type: "int64", dims: [1], values: [0] },
    three: { type: "int64", dims: [2], values: [-1, 3] },
    wide: { type: "float", dims: [2, 1], values: [1, 2] },
  } as const;
  for (const [node, message] of bad) await refuse("pipeline", message, { nodes: [node], initializers });
});

Deno.test("importOnnx: refuses graphs whose values are missing or written twice", async () => {
  await refuse("file", /reads "Z", which no node before it writes/, { nodes: [core("Identity", {}, ["Z"])] });
  await refuse("file", /has not one new output/, { nodes: [core("Identity", {}, ["X"], "X")] });
  await refuse("file", /has not one new output/, { nodes: [core("Identity", {}, ["X"], "")] });
  await refuse("file", /output "Q" is no tensor of rows/, { nodes: [core("Identity")], outputs: ["Q"] });
  await refuse("file", /a tensor of shape \[3\] has 1 elements/, {
    nodes: [core("Identity")],
    initializers: { t: { type: "float", dims: [3], values: [1] } },
  });
  await refuse("pipeline", /version 99 of ONNX operators ai\.onnx\.ml/, {
    nodes: [ml("Scaler")],
    mlOpset: 99,
  });
  await refuse("shape", /expected at most 16384/, {
    nodes: [core("Identity")],
    inputs: { X: { type: "float", columns: 20_000 } },
  });
  await refuse("pipeline", /expected a tensor of rows/, {
    nodes: [core("Identity")],
    inputs: { X: { type: "float", columns: 0 } },
  });
});

Deno.test("importOnnx: bounds nodes, columns and keys", async () => {
  const chain = (count: number) =>
    Array.from(
      { length: count },
      (_, index) => core("Identity", {}, [index === 0 ? "X" : `v${index - 1}`], `v${index}`),
    );
  await refuse("size", /graph of 4097 nodes/, { nodes: chain(4097), outputs: ["v0"] });
  assert.equal(
    (await importOnnx(encodeModel({ nodes: chain(4096), inputs: GOOD.inputs, outputs: ["v4095"] }))).outputs
      .length,
    2,
  );
  const doubled = Array.from({ length: 30 }, (_, index) => {
    const from = index === 0 ? "X" : `v${index - 1}`;
    return core("Concat", { axis: 1n }, [from, from], `v${index}`);
  });
  await refuse("pipeline", /needs 32768 columns, expected at most 16384/, {
    nodes: doubled,
    outputs: ["v29"],
  });
  const keys = Array.from({ length: 600 }, (_, index) => index);
  await refuse("pipeline", /600 keys for 2000 columns/, {
    nodes: [ml("LabelEncoder", { keys_floats: keys, values_floats: keys })],
    inputs: { X: { type: "float", columns: 2000 } },
  });
  await refuse("pipeline", /needs \d+ columns/, {
    nodes: [ml("OneHotEncoder", { cats_int64s: keys.map(BigInt) })],
    inputs: { X: { type: "int64", columns: 200 } },
  });
  await assert.rejects(
    importOnnx(new Uint8Array(16 * 2 ** 20 + 1)),
    refusal("size", /expected at most 16777216/),
  );
});

Deno.test("importOnnx: names the columns of inputs", async () => {
  const { inputs } = await importOnnx(encodeModel(GOOD), { columns: { X: ["age", "income"] } });
  assert.deepEqual(inputs, [
    { name: "age", type: "f32" },
    { name: "income", type: "f32" },
    { name: "W", type: "text" },
  ]);
  const refuse = (columns: unknown, message: RegExp) =>
    assert.rejects(importOnnx(encodeModel(GOOD), { columns: columns as never }), refusal("shape", message));
  await refuse({ X: ["age"] }, /1 names are given/);
  await refuse({ X: ["age", "age"] }, /"age" is taken/);
  await refuse({ X: ["age", ""] }, /expected a list of names/);
  await refuse({ X: "ab" }, /expected a list of names/);
  await refuse({ Q: ["a"] }, /the model has no such input/);
});

Deno.test("importOnnx: a model cut off anywhere is refused, or lacks only what its end holds", async () => {
  const model = encodeModel(GOOD);
  const whole = await importOnnx(model);
  let refused = 0;
  for (let length = 0; length < model.length; length++) {
    try {
      assert.notDeepEqual(await importOnnx(model.subarray(0, length)), { ...whole, id: 0 });
    } catch (error) {
      assert(error instanceof OnpathError, String(error));
      refused++;
    }
  }
  assert(refused >= model.length - 30, `${refused} of ${model.length}`);
});

Deno.test("importOnnx: changed bytes are refused or imported, without any other error", async () => {
  const model = encodeModel(GOOD);
  const next = random(21);
  let refused = 0;
  for (let round = 0; round < 4000; round++) {
    const bytes = model.slice();
    for (let times = 1 + next() % 4; times > 0; times--) bytes[next() % bytes.length] = next() & 255;
    try {
      await importOnnx(bytes);
    } catch (error) {
      assert(error instanceof OnpathError, `${error}`);
      assert.match(error.message, /^Cannot /);
      refused++;
    }
  }
  assert(refused > 2000, `${refused}`);
});

Deno.test("importOnnx: refuses groups, wrong wire types, lists that overrun, long integers and other files", async () => {
  const bytes = (...list: number[]) => Uint8Array.from(list);
  const refuseBytes = (list: Uint8Array, message: RegExp) =>
    assert.rejects(importOnnx(list), refusal("file", message));
  await refuseBytes(bytes(), /it has no graph/);
  await refuseBytes(new Uint8Array(100_000).fill(0x0b), /wire type 3/); // groups within groups
  await refuseBytes(bytes(0x3d, 0, 0, 0, 0), /wire type 5/); // the graph as a fixed 32-bit field
  await refuseBytes(bytes(0x3a, 0x05, 0x0a), /breaks off/);
  await refuseBytes(
    bytes(0x08, ...new Array<number>(9).fill(0xff), 0x01, 0x08, ...new Array<number>(8).fill(0xff), 0x7f),
    /exceeds 2\^53/,
  );
  const type = ROOT.lookupType("ModelProto");
  const external = type.encode(
    type.fromObject({ graph: { initializer: [{ name: "t", dims: [1], dataType: 1, floatData: [1] }] } }),
  ).finish();
  assert.equal((await importOnnx(external)).outputs.length, 0);
  // Tag 13 of the tensor, external_data, within the initializer and the graph.
  const inner = [0x08, 0x01, 0x10, 0x01, 0x6a, 0x00];
  await refuseBytes(bytes(0x3a, inner.length + 2, 0x2a, inner.length, ...inner), /in another file/);
  await assert.rejects(importOnnx("model" as never), refusal("file", /it is of type string/));
});
