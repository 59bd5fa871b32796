import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RecordBatchReader } from "apache-arrow";
import type { Records } from "../../kernels/tabular/table.ts";
import { MODEL_PROFILE } from "../../runtime/device/model.ts";
import { ORDINAL, writeWords } from "../../scripts/bench/records.ts";
import { openSource } from "../../scripts/records/files.ts";
import { encodeModel } from "../kernels/tabular/onnx_models.ts";
import { valuesOf } from "../kernels/tabular/columns.ts";
import { HAS_XRT } from "../runtime/xrt/child.ts";
import { offloadAll } from "../support/cli.ts";
import { longTest } from "../support/long.ts";
import { inFolder, readAll } from "./records/files.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/offload.ts", import.meta.url));
const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));
const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `clean` to its end in a folder. */
function clean(cwd: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      Deno.execPath(),
      ["run", "-A", "--no-check", "--quiet", SCRIPT, "clean", ...args],
      { cwd, encoding: "utf8", timeout: 120_000 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
    );
  });
}

/** Cells by column of a file. */
async function cellsOf(path: string): Promise<Record<string, unknown[]>> {
  const [batch] = await readAll(await openSource(path));
  const { columns, rows } = batch as Records;
  return Object.fromEntries(columns.map((column) => [column.name, valuesOf(column, rows)]));
}

type Columns = Readonly<Record<string, readonly number[]>>;
const { files }: { files: Record<"people.csv" | "people_new.csv", Columns> } = JSON.parse(
  await readFile(join(GOLDEN, "people.json"), "utf8"),
);
const STEPS = join(EXAMPLES, "people_steps.json");
const TRAIN = join(EXAMPLES, "people.csv");

Deno.test("offload clean turns a CSV file with holes into an Arrow file that equals scikit-learn's answer", () =>
  inFolder(async (folder) => {
    const { code, stdout, stderr } = await clean(
      folder,
      TRAIN,
      "o.arrow",
      "--steps",
      STEPS,
      "--save-fitted",
      "f.json",
    );
    assert.equal(code, 0, stderr);
    for (
      const fact of [
        /^age +f64 +age +device +4 +\w+ +\d+ +16 +index of \d+, 1 B$/m,
        /^note +text +note +copied$/m,
        /^device +rtl: /m,
        /^rows +12 read, 12 written$/m,
        /^columns +11 on the device, 0 on the host, 1 copied$/m,
        /^simulated +[\d,]+ cycles/m,
        /^written +o\.arrow, [\d,]+ bytes/m,
      ]
    ) {
      assert.match(stdout, fact);
    }
    const { note, ...columns } = await cellsOf(join(folder, "o.arrow"));
    assert.deepEqual(columns, files["people.csv"]);
    assert.deepEqual(note!.slice(0, 4), ["first, of all", "second", 'with "quotes"', null]);
    assert.deepEqual((await readdir(folder)).sort(), ["f.json", "o.arrow"]);

    // The fitted pipeline on another file, which has an unknown category, on another device and to another format.
    const args = [
      join(EXAMPLES, "people_new.csv"),
      "n.csv",
      "--fitted",
      "f.json",
      "--device",
      "model",
      "--json",
    ];
    const second = await clean(folder, ...args);
    assert.equal(second.code, 0, second.stderr);
    const json = JSON.parse(second.stdout);
    assert.deepEqual([json.device, json.rows], [MODEL_PROFILE.name, { in: 4, out: 4 }]);
    assert.equal(json.columns.length, 12);
    assert(json.tables.bytes <= json.tables.naiveBytes);
    const { note: _, ...written } = await cellsOf(join(folder, "n.csv"));
    assert.deepEqual(written, files["people_new.csv"]);
  }));

Deno.test("offload clean fits to another file, and streams one in batches", () =>
  inFolder(async (folder) => {
    const args = [join(EXAMPLES, "people_new.csv"), "n.feather", "--steps", STEPS, "--fit", TRAIN];
    const exact = await clean(folder, ...args);
    assert.equal(exact.code, 0, exact.stderr);
    const { note: _, ...columns } = await cellsOf(join(folder, "n.feather"));
    assert.deepEqual(columns, files["people_new.csv"]);
    const reader = RecordBatchReader.from(await readFile(join(folder, "n.feather")));
    assert.deepEqual([...reader].map(({ numRows }) => numRows), [4]);
  }));

Deno.test("offload clean imports a fitted scikit-learn pipeline, whose inputs take the file's names and types", () =>
  inFolder(async (folder) => {
    await writeFile(
      join(folder, "p.onnx"),
      encodeModel({
        inputs: { X: { type: "float", columns: 2 } },
        outputs: ["y"],
        nodes: [
          {
            op: "Imputer",
            inputs: ["X"],
            output: "filled",
            domain: "ai.onnx.ml",
            attributes: { imputed_value_floats: [7, 8], replaced_value_float: NaN },
          },
          {
            op: "Scaler",
            inputs: ["filled"],
            output: "y",
            domain: "ai.onnx.ml",
            attributes: { offset: [1, 2], scale: [0.5, 4] },
          },
        ],
      }),
    );
    await writeFile(join(folder, "in.csv"), "a,b\n1,2\n,3\n5,NA\n");
    const { code, stderr } = await clean(folder, "in.csv", "o.arrow", "--onnx", "p.onnx");
    assert.equal(code, 0, stderr);
    const columns = await cellsOf(join(folder, "o.arrow"));
    assert.deepEqual(Object.values(columns), [[0, 3, 2], [0, 4, 24]]);
  }));

Deno.test("offload clean refuses what is wrong in one sentence, and leaves no file", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "late.csv"), `x\n${"1\n".repeat(20_000)}one\n`);
    await writeFile(join(folder, "ok.csv"), "x\n1\n");
    const steps = { steps: [{ op: "scale", columns: ["x"], method: "standard" }] };
    await writeFile(join(folder, "s.json"), JSON.stringify(steps));
    await writeFile(
      join(folder, "bad.json"),
      '{"steps": [{"op": "scale", "columns": ["x"], "method": "log"}]}',
    );
    const before = (await readdir(folder)).sort();
    const cases: [args: string[], code: number, message: RegExp][] = [
      [["late.csv", "o.arrow", "--steps", "s.json"], 2, /column "x" as f64: row 20001 has "one"/],
      [["ok.csv", "o.arrow", "--steps", "bad.json"], 2, /\(in bad\.json\)/],
      [["ok.csv", "o.arrow"], 2, /expected one of --steps <file>, --fitted <file> and --onnx <file>/],
      [["ok.csv", "o.arrow", "--fitted", "s.json"], 2, /\(in s\.json\)/],
      [["ok.csv", "o.txt", "--steps", "s.json"], 2, /a name that ends in \.csv/],
      [["ok.csv", "o.arrow", "--steps", "s.json", "--types", "x=f65"], 2, /Expected name=type/],
      [["ok.csv", "o.arrow", "--steps", "s.json", "--types", "y=f32"], 2, /Cannot find column y/],
      [["ok.csv", "no/o.arrow", "--steps", "s.json"], 1, /the folder no is missing/],
      [["ok.csv", "o.arrow", "--onnx", "s.json"], 1, /Cannot read an ONNX model/],
      [["ok.csv", "o.arrow", "--steps", "s.json", "--save-fitted", "./ok.csv"], 2, /a file of the records/],
      [["ok.csv", "o.arrow", "--steps", "s.json", "--save-fitted", "o.arrow"], 2, /a file of the records/],
    ];
    const ends = await offloadAll(folder, cases.map(([args]) => ["clean", ...args]));
    for (const [at, [args, code, message]] of cases.entries()) {
      const ended = ends[at]!;
      assert.deepEqual([ended.code, ended.stdout], [code, ""], `${args.join(" ")}\n${ended.stderr}`);
      assert.match(ended.stderr, message);
    }
    assert.deepEqual((await readdir(folder)).sort(), before);
  }));

longTest(
  "offload clean leaves no file if it is interrupted while it writes",
  () =>
    inFolder(async (folder) => {
      writeWords(join(folder, "in.csv"), 200_000);
      await writeFile(join(folder, "s.json"), JSON.stringify(ORDINAL));
      const args = ["clean", "in.csv", "o.arrow", "--steps", "s.json", "--device", "model"];
      const child = spawn(Deno.execPath(), ["run", "-A", "--no-check", "--quiet", SCRIPT, ...args], {
        cwd: folder,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let errors = "";
      child.stderr.setEncoding("utf8").on("data", (more: string) => errors += more);
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      // The file under construction is in the folder once the transform begins.
      while (child.exitCode === null && !(await readdir(folder)).some((file) => file.endsWith(".tmp"))) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      process.kill(child.pid!, "SIGINT");
      assert.equal(await ended, 130, errors);
      assert.match(errors, /no partial file remains/);
      assert.deepEqual((await readdir(folder)).sort(), ["in.csv", "s.json"]);
    }),
);

longTest("offload clean gives the same file on an emulated card", () =>
  inFolder(async (folder) => {
    const { code, stderr } = await clean(folder, TRAIN, "o.arrow", "--steps", STEPS, "--emulate");
    if (!HAS_XRT) return assert.match(stderr, /apt-get install libxrt1/);
    assert.equal(code, 0, stderr);
    const { note: _, ...columns } = await cellsOf(join(folder, "o.arrow"));
    assert.deepEqual(columns, files["people.csv"]);
  }));
