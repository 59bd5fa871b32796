import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { expandMemo } from "../../kernels/memoize/memo.ts";
import { lookUp } from "../../scripts/cli/commands/lookup.ts";
import { encodeNpy, readNpy } from "../../scripts/io/npy.ts";
import { findFunction, FUNCTIONS, memoizeFunction } from "../../scripts/lookup/functions.ts";
import { fromBFloat16Bits, fromFloat16Bits, toBFloat16Bits, toFloat16Bits } from "../../serialize/dtype.ts";
import { tensor } from "../../serialize/tensor.ts";
import { offloadAll } from "../support/cli.ts";
import { refusal } from "../support/failure.ts";
import { longTest } from "../support/long.ts";

/** Runs the command line. */
async function offload(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", "scripts/offload.ts", ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs a test in a folder of its own with arrays of some types: bits.npy holds some bf16 patterns as u16. */
async function inFolder(run: (path: (name: string) => string, folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "onpath-lookup-"));
  const path = (name: string) => join(folder, name);
  try {
    const bits = Uint16Array.from({ length: 3000 }, (_, n) => 21 * n);
    await writeFile(path("bits.npy"), encodeNpy(tensor(bits, { dtype: "u16", shape: [30, 100] })));
    await writeFile(path("halves.npy"), encodeNpy(tensor(bits, { dtype: "f16", shape: [3000] })));
    const levels = Uint8Array.from({ length: 256 }, (_, n) => n);
    await writeFile(path("levels.npy"), encodeNpy(tensor(levels, { dtype: "u8", shape: [16, 16] })));
    await run(path, folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function load(path: string) {
  const { data, dtype, shape } = readNpy(new Uint8Array(await readFile(path)), path);
  return { data: [...data], dtype, shape };
}

Deno.test("offload lookup writes the function of every element, by the RTL, with its tables' bytes", () =>
  inFolder(async (path) => {
    const { code, stdout, stderr } = await offload(
      ...["lookup", "sqrt", "--input", path("halves.npy"), "--output", path("roots.npy"), "--json"],
    );
    assert.equal(code, 0, stderr);
    const expected = Array.from(
      { length: 3000 },
      (_, n) => toFloat16Bits(Math.sqrt(fromFloat16Bits(21 * n))),
    );
    assert.deepEqual(await load(path("roots.npy")), { data: expected, dtype: "f16", shape: [3000] });
    const { device, memo, counters, sent } = JSON.parse(stdout);
    assert.deepEqual([device, memo.bytes, memo.naiveBytes, memo.error.codes], ["rtl", 8512, 131072, 0]);
    assert.deepEqual([counters.packets, counters.lookups], [sent, 6000]);
  }));

longTest("every function of offload lookup is exact in its tables, and the RTL holds them", () => {
  for (const [name, named] of FUNCTIONS) {
    // Both floats of 16 bits take the same path; one of them is enough for each function.
    const operand = named.operands.at(-1)!;
    const memo = memoizeFunction(named, operand);
    assert(memo.form.fits && memo.form.error.codes === 0, name);
    assert.equal(memo.naiveBytes % 2 ** memo.domain.bits, 0);
  }
});

Deno.test("findFunction(): results of the functions at known operands", () => {
  const result = (name: string, operand: "u8" | "bf16", code: number) =>
    expandMemo(memoizeFunction(findFunction(name), operand))[code];
  const bits = toBFloat16Bits;
  assert.equal(result("fp8-e4m3", "bf16", bits(1)), 0x38);
  assert.equal(result("fp8-e5m2", "bf16", bits(-2)), 0xc0);
  assert.equal(result("from-fp8-e4m3", "u8", 0x7e), 448);
  assert.equal(result("from-fp8-e5m2", "u8", 0x7b), 57344);
  assert.equal(result("invert", "u8", 5), 250);
  assert.equal(fromBFloat16Bits(result("reciprocal", "bf16", bits(-4))!), -0.25);
  assert.equal(fromBFloat16Bits(result("reciprocal", "bf16", 0)!), Infinity);
  assert.equal(result("relu", "bf16", bits(-3)), 0);
  assert.equal(fromBFloat16Bits(result("relu", "bf16", bits(3))!), 3);
  assert.throws(() => findFunction("sqtr"), refusal("pipeline", /unknown.*did you mean sqrt/));
});

longTest(
  "offload lookup lists its functions, takes bits of bf16, and goes back",
  () =>
    inFolder(async (path) => {
      const list = await offload("lookup");
      assert.match(list.stdout, /fp8-e4m3 +bf16 +u8 +exponent +1,600 +65,536 +yes/);
      assert.equal(JSON.parse((await offload("lookup", "--json")).stdout).length, 13);
      const bits = ["--input", path("bits.npy"), "--dtype", "bf16"];
      const there = await offload("lookup", "fp8-e4m3", ...bits, "--output", path("codes.npy"));
      assert.match(
        there.stdout,
        /form exponent, 1,600 bytes without error; one plain table has 65,536 bytes/,
      );
      const back = ["--input", path("codes.npy"), "--output", path("values.npy"), "--device", "model"];
      assert.equal((await offload("lookup", "from-fp8-e4m3", ...back)).code, 0);
      const { data, dtype, shape } = await load(path("values.npy"));
      assert.deepEqual([dtype, shape], ["f32", [30, 100]]);
      for (let n = 0; n < 3000; n++) {
        const value = fromBFloat16Bits(21 * n);
        if (!(Math.abs(value) >= 2 ** -6 && Math.abs(value) <= 448)) continue;
        assert(Math.abs(data[n]! - value) <= Math.abs(value) / 16, `${value} became ${data[n]}`);
      }
    }),
);

Deno.test(
  "offload lookup refuses what does not fit in one clear error and leaves nothing behind",
  () =>
    inFolder(async (path, folder) => {
      const before = (await readdir(folder)).sort();
      const [bits, levels, halves] = ["bits.npy", "levels.npy", "halves.npy"].map(path) as [
        string,
        string,
        string,
      ];
      const out = path("out.npy");
      const refusals: [args: string[], code: number, message: RegExp][] = [
        [["sqtr", "--input", halves, "--output", out], 2, /^error: Cannot look up sqtr: .*did you mean sqrt/],
        [["sqrt", "--output", out], 2, /^error: required option '--input <file>' not specified/],
        [["sqrt", "--input", halves], 2, /^error: required option '--output <file>' not specified/],
        [["--input", halves], 2, /^error: expected the name of a function/],
        [["sqrt", "--input", levels, "--output", out], 2, /of u8: expected f16 or bf16$/m],
        [["fp8-e4m3", "--input", bits, "--output", out], 2, /of u16: .*--dtype bf16 reads u16/],
        [
          ["fp8-e4m3", "--input", halves, "--dtype", "bf16", "--output", out],
          2,
          /it holds f16, expected u16/,
        ],
        [["sqrt", "--input", bits, "--dtype", "bf16", "--output", out], 2, /Cannot write bf16 as \.npy/],
        [["sqrt", "--input", path("missing.npy"), "--output", out], 1, /^error: Cannot read .*missing\.npy/],
      ];
      const ends = await offloadAll(folder, refusals.map(([args]) => ["lookup", ...args]));
      for (const [at, [args, code, message]] of refusals.entries()) {
        const ended = ends[at]!;
        assert.equal(ended.code, code, `${args.join(" ")}: ${ended.stderr}`);
        assert.match(ended.stderr, message);
      }
      assert.deepEqual((await readdir(folder)).sort(), before);
    }),
);

Deno.test("lookUp() without a name ends with the reason of its signal, between two functions", async () => {
  const controller = new AbortController();
  const reason = new Error("interrupted");
  // A signal's handler runs as a timer does: not before the list yields.
  setTimeout(() => controller.abort(reason));
  const context = { command: "onpath", photo: new URL("file:///none"), signal: controller.signal };
  await assert.rejects(lookUp(undefined, {}, new Command(), context), reason);
});
