import assert from "node:assert/strict";
import { importOnnx } from "../../../kernels/tabular/onnx/import.ts";
import { type Cell, type ColumnType, records } from "../../../kernels/tabular/table.ts";
import { transformRecords } from "../../../kernels/tabular/transform.ts";
import { random } from "../../support/random.ts";
import { column, valuesOf } from "./columns.ts";
import { type Element, encodeModel, type ModelNode, type ModelParts, runModel } from "./onnx_models.ts";

const TYPES: Readonly<Record<Element, ColumnType>> = {
  float: "f32",
  double: "f64",
  int32: "i32",
  int64: "i32",
  string: "text",
};

const ml = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: ModelNode["attributes"] = {},
): ModelNode => {
  return { op, inputs, output, domain: "ai.onnx.ml", attributes };
};
const core = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: ModelNode["attributes"] = {},
): ModelNode => {
  return { op, inputs, output, attributes };
};

const next = random(5);
const draw = () => next() / 2 ** 32;

/** Draws a value of a type; floats are now and then NaN, infinite, zero or tiny. */
function drawCell(type: Element, text: readonly string[]): Cell {
  if (type === "string") return text[Math.floor(draw() * text.length)]!;
  if (type === "int64" || type === "int32") return Math.floor(draw() * 12) - 3;
  const special = [NaN, Infinity, -Infinity, 0, -0, 1e-42, 3.4e38, -1, 2];
  const value = draw() < 0.2
    ? special[Math.floor(draw() * special.length)]!
    : (draw() - 0.5) * 10 ** Math.floor(draw() * 6);
  return type === "float" ? Math.fround(value) : value;
}

/** Compares an import with onnxruntime on drawn rows. */
async function compare(
  parts: ModelParts,
  { rows = 300, finite = false, words = ["a", "bb", "Zürich", "x", ""] }: {
    rows?: number;
    finite?: boolean;
    words?: readonly string[];
  } = {},
): Promise<void> {
  const model = encodeModel(parts);
  const inputs = Object.entries(parts.inputs).map(([name, { type, columns }]) => {
    const drawn = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => {
        let cell = drawCell(type, words);
        while (finite && typeof cell === "number" && !(Math.abs(cell) < 1e9)) cell = drawCell(type, words);
        return cell;
      }));
    return { name, type, columns, rows: drawn };
  });
  const expected = await runModel(model, Object.fromEntries(inputs.map((input) => [input.name, input])));
  const fitted = await importOnnx(model);
  const table = records(
    inputs.flatMap(({ name, type, columns, rows }) =>
      Array.from({ length: columns }, (_, index) => {
        return column(columns === 1 ? name : `${name}_${index}`, TYPES[type], rows.map((row) => row[index]!));
      })
    ),
  );
  const found = transformRecords(fitted, table);
  let at = 0;
  for (const name of parts.outputs) {
    const { values, dims } = expected[name]!;
    const width = dims.slice(1).reduce((product, length) => product * length, 1);
    for (let index = 0; index < width; index++) {
      const output = found.columns[at++]!;
      assert.equal(output.name, width === 1 ? name : `${name}_${index}`);
      const wanted = Array.from({ length: rows }, (_, row) => values[row * width + index]!);
      assert.deepEqual(valuesOf(output, rows), wanted);
    }
  }
  assert.equal(at, found.columns.length);
}

Deno.test("importOnnx: Scaler equals onnxruntime for all types of numbers", async () => {
  for (const type of ["float", "double", "int64", "int32"] as const) {
    await compare({
      nodes: [ml("Scaler", ["X"], "Y", { offset: [1.25, -3e5, 0.1], scale: [0.3, 7.7, -1 / 3] })],
      inputs: { X: { type, columns: 3 } },
      outputs: ["Y"],
    });
    await compare({
      nodes: [ml("Scaler", ["X"], "Y", { offset: [0.7], scale: [1.1] })],
      inputs: { X: { type, columns: 2 } },
      outputs: ["Y"],
    });
  }
});

Deno.test("importOnnx: Imputer equals onnxruntime for NaN, a sentinel and integers", async () => {
  await compare({
    nodes: [ml("Imputer", ["X"], "Y", { imputed_value_floats: [1.5, -2.25], replaced_value_float: NaN })],
    inputs: { X: { type: "float", columns: 2 } },
    outputs: ["Y"],
  });
  await compare({
    nodes: [ml("Imputer", ["X"], "Y", { imputed_value_floats: [0.1], replaced_value_float: -1 })],
    inputs: { X: { type: "float", columns: 2 } },
    outputs: ["Y"],
  });
  await compare({
    nodes: [ml("Imputer", ["X"], "Y", { imputed_value_int64s: [7n, -9n], replaced_value_int64: 2n })],
    inputs: { X: { type: "int64", columns: 2 } },
    outputs: ["Y"],
  });
});

Deno.test("importOnnx: Binarizer equals onnxruntime", async () => {
  await compare({
    nodes: [ml("Binarizer", ["X"], "Y", { threshold: -1 })],
    inputs: { X: { type: "float", columns: 2 } },
    outputs: ["Y"],
  }, { finite: true });
});

Deno.test("importOnnx: LabelEncoder equals onnxruntime for all pairs of types", async () => {
  const keys = {
    string: { keys_strings: ["a", "Zürich", ""] },
    int64: { keys_int64s: [0n, 3n, -2n] },
    float: { keys_floats: [2, NaN, 0] },
  };
  const values = [
    { values_strings: ["eins", "", "drei"], default_string: "other" },
    { values_int64s: [5n, -6n, 7n], default_int64: -5n },
    { values_floats: [0.1, -0.5, 2], default_float: -7.25 },
    { values_floats: [0.1, -0.5, 2] },
    { values_strings: ["x", "y", "z"] },
    { values_int64s: [1n, 2n, 3n] },
  ];
  for (const [type, own] of Object.entries(keys)) {
    for (const attributes of values) {
      await compare({
        nodes: [ml("LabelEncoder", ["X"], "Y", { ...own, ...attributes })],
        inputs: { X: { type: type as Element, columns: 2 } },
        outputs: ["Y"],
      });
    }
  }
});

Deno.test("importOnnx: LabelEncoder with classes and with tensors equals onnxruntime", async () => {
  const classes = { classes_strings: ["a", "bb", "Zürich"] };
  await compare({
    nodes: [ml("LabelEncoder", ["X"], "Y", { ...classes, default_int64: 9n })],
    inputs: { X: { type: "string", columns: 1 } },
    outputs: ["Y"],
    mlOpset: 1,
  });
  await compare({
    nodes: [ml("LabelEncoder", ["X"], "Y", { ...classes, default_string: "?" })],
    inputs: { X: { type: "int64", columns: 1 } },
    outputs: ["Y"],
    mlOpset: 1,
  });
  await compare({
    nodes: [ml("LabelEncoder", ["X"], "Y", {
      keys_tensor: { type: "double", dims: [2], values: [-1, 0] },
      values_tensor: { type: "double", dims: [2], values: [0.1, 0.2] },
      default_tensor: { type: "double", dims: [1], values: [0.3] },
    })],
    inputs: { X: { type: "double", columns: 1 } },
    outputs: ["Y"],
  });
});

Deno.test("importOnnx: OneHotEncoder equals onnxruntime for strings, integers and floats", async () => {
  await compare({
    nodes: [ml("OneHotEncoder", ["X"], "Y", { cats_strings: ["bb", "a", "none"], zeros: 1n })],
    inputs: { X: { type: "string", columns: 2 } },
    outputs: ["Y"],
  });
  await compare({
    nodes: [ml("OneHotEncoder", ["X"], "Y", { cats_int64s: [4n, -1n, 0n], zeros: 1n })],
    inputs: { X: { type: "int64", columns: 1 } },
    outputs: ["Y"],
  });
  await compare({
    nodes: [ml("OneHotEncoder", ["X"], "Y", { cats_int64s: [4n, -1n, 0n] })],
    inputs: { X: { type: "float", columns: 1 } },
    outputs: ["Y"],
  }, { finite: true });
});

Deno.test("importOnnx: Cast equals onnxruntime", async () => {
  const types = { float: 1n, double: 11n, int32: 6n, int64: 7n, float16: 10n };
  for (const from of ["float", "double", "int64", "int32"] as const) {
    for (const to of [types.float, types.double, types.int32, types.int64]) {
      await compare({
        nodes: [core("Cast", ["X"], "Y", { to })],
        inputs: { X: { type: from, columns: 1 } },
        outputs: ["Y"],
      }, { finite: true });
    }
    await compare({
      nodes: [
        core("Cast", ["X"], "H", { to: types.float16 }),
        core("Cast", ["H"], "Y", { to: types.double }),
      ],
      inputs: { X: { type: from, columns: 1 } },
      outputs: ["Y"],
    });
  }
});

Deno.test("importOnnx: arithmetic with constants and Clip equal onnxruntime", async () => {
  for (const type of ["float", "double"] as const) {
    const row = { type, dims: [1, 3], values: [0.1, -7.5, 3e4] };
    const one = { type, dims: [], values: [1.7] };
    for (const op of ["Add", "Mul", "Sub", "Div"]) {
      await compare({
        nodes: [core(op, ["X", "row"], "A"), core(op, ["A", "one"], "Y")],
        inputs: { X: { type, columns: 3 } },
        outputs: ["Y"],
        initializers: { row, one },
      });
    }
    await compare({
      nodes: [core("Mul", ["row", "X"], "A"), core("Clip", ["A", "low", "one"], "Y")],
      inputs: { X: { type, columns: 3 } },
      outputs: ["Y"],
      initializers: { row, one, low: { type, dims: [], values: [-0.25] } },
    });
  }
});

Deno.test("importOnnx: columns that are taken, joined and reshaped equal onnxruntime", async () => {
  await compare({
    nodes: [
      ml("ArrayFeatureExtractor", ["X", "second"], "B"),
      core("Gather", ["X", "others"], "AC", { axis: 1n }),
      core("Identity", ["AC"], "AC2"),
      core("Concat", ["AC2", "B", "B"], "Y", { axis: -1n }),
      core("Squeeze", ["B", "axis"], "S"),
      core("Unsqueeze", ["S", "axis"], "U"),
      core("Flatten", ["U"], "F"),
      core("Reshape", ["F", "shape"], "R"),
    ],
    inputs: { X: { type: "float", columns: 3 } },
    outputs: ["Y", "R", "S"],
    initializers: {
      second: { type: "int64", dims: [1], values: [1] },
      others: { type: "int64", dims: [2], values: [2, 0] },
      axis: { type: "int64", dims: [1], values: [1] },
      shape: { type: "int64", dims: [2], values: [-1, 1] },
    },
  });
});

Deno.test("importOnnx: a pipeline of two branches, as skl2onnx writes it, equals onnxruntime", async () => {
  await compare({
    nodes: [
      core("Concat", ["age", "income"], "numbers", { axis: 1n }),
      ml("Imputer", ["numbers"], "filled", {
        imputed_value_floats: [38.5, 12000.25],
        replaced_value_float: NaN,
      }),
      ml("Scaler", ["filled"], "scaled", { offset: [38.5, 12000.25], scale: [0.0731, 0.000187] }),
      ml("OneHotEncoder", ["city"], "hot", { cats_strings: ["Zürich", "a", "bb"], zeros: 1n }),
      core("Reshape", ["hot", "wide"], "hot2"),
      ml("LabelEncoder", ["grade"], "code", {
        keys_strings: ["a", "x"],
        values_floats: [0, 1],
        default_float: -1,
      }),
      core("Cast", ["code"], "code2", { to: 1n }),
      core("Concat", ["scaled", "hot2", "code2"], "variable", { axis: 1n }),
    ],
    inputs: {
      age: { type: "float", columns: 1 },
      income: { type: "float", columns: 1 },
      city: { type: "string", columns: 1 },
      grade: { type: "string", columns: 1 },
    },
    outputs: ["variable"],
    initializers: { wide: { type: "int64", dims: [2], values: [-1, 3] } },
  });
});
