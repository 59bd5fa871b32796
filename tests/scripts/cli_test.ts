import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { referencePipeline } from "../../kernels/image/reference.ts";
import { tensor, toBytes } from "../../serialize/tensor.ts";
import { missingRtlTools } from "../../scripts/rtl/tools.ts";
import { makeWave } from "../../scripts/rtl/waves.ts";
import { offloadAll } from "../support/cli.ts";
import { readVcd } from "../support/vcd.ts";
import { IS_LONG_SUITE, longTest, sized } from "../support/long.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/offload.ts", import.meta.url));
const PHOTOS = fileURLToPath(new URL("../../scripts/photos/", import.meta.url));
const PIPELINE = {
  steps: [
    { op: "resize", size: [48, 64], match: "torchvision" },
    {
      op: "normalize",
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      range: "0-1",
      dtype: "f16",
      layout: "CHW",
    },
  ],
};

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line to its end in a folder. */
function offloadCli(cwd: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const command = ["run", "-A", "--quiet", SCRIPT, ...args];
    execFile(
      Deno.execPath(),
      command,
      { cwd, encoding: "utf8", timeout: 60_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
      },
    );
  });
}

/** Runs a test in a folder of its own, with the pipeline in it. */
async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
  try {
    await writeFile(join(folder, "p.json"), JSON.stringify(PIPELINE));
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function referenceOf(photo: string): Promise<Uint8Array> {
  const { data, info } = await sharp(PHOTOS + photo, { ignoreIcc: true }).raw().toBuffer({
    resolveWithObject: true,
  });
  const shape = [info.height, info.width, info.channels];
  const image = tensor(new Uint8Array(data), { dtype: "u8", shape, layout: "HWC" });
  return toBytes(referencePipeline(PIPELINE, image));
}

Deno.test("offload without arguments shows the photograph and writes what it promises", () =>
  inFolder(async (folder) => {
    const { code, stdout } = await offloadCli(folder);
    assert.equal(code, 0);
    // Facts may be broken into lines.
    const text = stdout.replace(/\s+/g, " ");
    for (
      const fact of [
        "Rachel Michetti",
        "tile-major cells",
        "0 units of f16, 0 levels",
        "rtl: the NIC's RTL",
        "at an assumed 250 MHz",
        "2,048 values of bf16 to FP8 e4m3",
        "1,600 bytes in place of 65,536",
        "KV cache",
        "262,144 to 49,152 bytes",
        "3 lookups of 18 bytes",
        "0 cells differ",
      ]
    ) {
      assert(text.includes(fact), fact);
    }
    const files = await readdir(join(folder, "out"));
    assert.deepEqual(files.sort(), ["coffee-224x224.npy", "coffee-224x224.png"]);
    const npy = await readFile(join(folder, "out", "coffee-224x224.npy"));
    assert.equal(npy.length - 10 - npy.readUInt16LE(8), 2 * 3 * 224 * 224);
    // The RTL is what runs by default, and gives the model's bytes.
    assert.equal((await offloadCli(folder, "--device", "model", "--out", "model")).code, 0);
    for (const file of files) {
      assert.deepEqual(
        await readFile(join(folder, "model", file)),
        await readFile(join(folder, "out", file)),
      );
    }
  }));

Deno.test("offload run takes the model where the RTL lacks the tables, and says why", () =>
  inFolder(async (folder) => {
    // OpenCV's products of so many weights.
    const steps = [{ op: "resize", size: [223, 227], match: "opencv" }];
    await writeFile(join(folder, "p.json"), JSON.stringify({ steps }));
    const args = ["run", "p.json", "--input", PHOTOS + "coffee.png", "--output", "o.npy"];
    const [plain, named] = await offloadAll(folder, [args, [...args, "--device", "rtl"]]);
    assert.equal(plain!.code, 0);
    assert.match(plain!.stdout, /^device +model: /m);
    assert.match(plain!.stdout, /^not rtl +Cannot compile for device rtl: resize needs tables/m);
    assert.equal(named!.code, 2);
    assert.match(named!.stderr, /Cannot compile for device rtl/);
  }));

Deno.test("offload run writes .npy and .safetensors equal to the reference, from PNG and JPEG", () =>
  inFolder(async (folder) => {
    const all = ["coffee.png", "rocket.jpg"].flatMap((photo) =>
      ["npy", "safetensors"].map((format) => ({ photo, output: `${photo}.${format}` }))
    );
    const cases = sized(all, [all[0]!, all[3]!]);
    const ends = await offloadAll(
      folder,
      cases.map(({ photo, output }) => ["run", "p.json", "--input", PHOTOS + photo, "--output", output]),
    );
    for (const [at, { photo, output }] of cases.entries()) {
      assert.equal(ends[at]!.code, 0, ends[at]!.stderr);
      const bytes = await readFile(join(folder, output));
      const isNpy = output.endsWith(".npy");
      const start = isNpy ? 10 + bytes.readUInt16LE(8) : 8 + Number(bytes.readBigUInt64LE(0));
      assert.deepEqual(new Uint8Array(bytes.subarray(start)), new Uint8Array(await referenceOf(photo)));
    }
  }));

Deno.test("offload plan says what was chosen, and run takes its file", () =>
  inFolder(async (folder) => {
    const run = (photo: string, output: string) => [
      ...["run", "--plan", "a.plan", "--input", PHOTOS + photo, "--output", output],
    ];
    const [shown, printed, ran, wrong] = await offloadAll(folder, [
      ["plan", "p.json", "--shape", "400,600,3", "--json", "--output", "a.plan"],
      ["plan", "p.json", "--shape", "400,600,3"],
      run("coffee.png", "o.npy"),
      run("rocket.jpg", "x.npy"),
    ]);
    assert.equal(shown!.code, 0);
    assert.equal(JSON.parse(shown!.stdout).body.output.dtype, "f16");
    // The id as errors and the other commands have it.
    assert.match(printed!.stdout, new RegExp(`^plan +${JSON.parse(shown!.stdout).id}\\n`));
    assert.equal(ran!.code, 0);
    assert.equal(wrong!.code, 2);
    assert.match(wrong!.stderr, /Cannot run plan \d+ on shape \[427, 640, 3\]/);
    assert(!(await readdir(folder)).includes("x.npy"));
  }));

const refusals: [name: string, args: string[], code: number, says: RegExp][] = [
  ["a mistyped option", ["run", "p.json", "--inptu", "x"], 2, /--input/],
  ["a mistyped command", ["pln"], 2, /plan/],
  ["a missing input", ["run", "p.json", "--output", "o.npy"], 2, /--input/],
  ["a file that is not there", ["run", "p.json", "--input", "no.png", "--output", "o.npy"], 1, /no\.png/],
  ["an ending that it cannot write", ["run", "p.json", "--input", "a.npy", "--output", "o.tiff"], 2, /\.npy/],
  ["a folder that is not there", ["run", "p.json", "--input", "a.npy", "--output", "no/o.npy"], 1, /no/],
  ["a pipeline with an unknown field", ["plan", "bad.json", "--shape", "8,8,3"], 2, /steps\.0/],
  ["a truncated .npy", ["run", "p.json", "--input", "cut.npy", "--output", "o.npy"], 1, /truncated/],
  [
    "a pipeline that is no text",
    ["plan", "latin1.json", "--shape", "8,8,3"],
    2,
    /JSON, its bytes are not UTF-8/,
  ],
  ["faults of a card", ["xrt", "soak", "--faults", "slow"], 2, /--faults requires --emulate/],
  [
    "faults that do not exist",
    ["xrt", "soak", "--emulate", "--faults", "slwo"],
    2,
    /fault "slwo": expected one of/,
  ],
  [
    "a picture without a layout",
    ["lookup", "invert", "--input", "row.npy", "--output", "o.png"],
    2,
    /shape \[2\] \(no layout\) as \.png/,
  ],
  ["an unknown device", ["plan", "p.json", "--shape", "8,8,3", "--device", "modle"], 2, /model/],
];

Deno.test("offload refuses what it cannot run in one clear error and leaves nothing behind", () =>
  inFolder(async (folder) => {
    await writeFile(join(folder, "bad.json"), '{"steps":[{"op":"resize","size":[2,2],"sice":3}]}');
    await writeFile(join(folder, "cut.npy"), "\x93NUMPY\x01\x00v\x00{'descr'", "latin1");
    await writeFile(join(folder, "latin1.json"), "\xe9", "latin1");
    const head = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }".padEnd(117) + "\n";
    await writeFile(join(folder, "row.npy"), `\x93NUMPY\x01\x00v\x00${head}ab`, "latin1");
    const before = await readdir(folder);
    const ends = await offloadAll(folder, refusals.map(([, args]) => args));
    for (const [at, [name, , code, says]] of refusals.entries()) {
      const ended = ends[at]!;
      assert.equal(ended.code, code, `${name}: ${ended.stderr}`);
      assert.match(ended.stderr, says);
      assert(!ended.stderr.includes("    at "), `a stack trace of ${name}`);
    }
    assert.deepEqual(await readdir(folder), before);
  }));

longTest(
  "offload plan --html --trace writes a page and a trace; --device takes a card and a profile's file",
  () =>
    inFolder(async (folder) => {
      await writeFile(
        join(folder, "mine.json"),
        JSON.stringify({
          name: "mine",
          bram: 1000,
          uram: 0,
          backing: { kind: "ddr4", bytes: 2 ** 30, gigabytesPerSecond: 19, latencyNs: 107 },
        }),
      );
      await writeFile(join(folder, "r.json"), JSON.stringify({ steps: [{ op: "resize", size: [24, 24] }] }));
      const plan = [
        "plan",
        "r.json",
        "--shape",
        "64,719,1279,3",
        "--device",
        "mine.json",
        "--form",
        "row-pages",
      ];
      const { code, stdout } = await offloadCli(folder, ...plan, "--html", "r.html", "--trace", "t.json");
      assert.equal(code, 0);
      for (const fact of ["mine", "no card is used", "row-pages", "baseline", "loads", "simulated"]) {
        assert(stdout.includes(fact), fact);
      }
      assert.match(await readFile(join(folder, "r.html"), "utf8"), /^<!doctype html>/i);
      const trace = JSON.parse(await readFile(join(folder, "t.json"), "utf8"));
      assert(trace.traceEvents.length > 10);
      const json = await offloadCli(folder, ...plan, "--packet-layout", "tiles", "--json");
      assert.equal(JSON.parse(json.stdout).body.layout.name, "tiles");
      const card = await offloadCli(
        folder,
        "plan",
        "r.json",
        "--shape",
        "480,640,3",
        "--device",
        "u50",
        "--json",
      );
      assert.equal(JSON.parse(card.stdout).target.name, "u50");
    }),
);

longTest(
  "offload run takes a form and a layout, and a plan for a device of one's own",
  () =>
    inFolder(async (folder) => {
      const input = ["--input", join(PHOTOS, "coffee.png"), "--output", "a.npy", "--json"];
      const expected = await referenceOf("coffee.png");
      for (const more of [["--form", "nibble"], ["--packet-layout", "cells"], ["--form", "row-pages"]]) {
        const { code, stdout, stderr } = await offloadCli(folder, "run", "p.json", ...input, ...more);
        assert.equal(code, 0, stderr);
        assert(JSON.parse(stdout).counters.cycles > 0);
        const npy = await readFile(join(folder, "a.npy"));
        assert.deepEqual(new Uint8Array(npy.subarray(npy.length - expected.length)), expected);
      }
    }),
);

longTest("offload profile and offload sizes print their tables", () =>
  inFolder(async (folder) => {
    const profile = await offloadCli(folder, "profile", join(PHOTOS, "coffee.png"), "--capacity", "32");
    assert.equal(profile.code, 0, profile.stderr);
    for (const fact of ["11.4%", "LRU", "LFU", "optimum", "32 of 256"]) {
      assert(profile.stdout.includes(fact), fact);
    }
    const sizes = await offloadCli(folder, "sizes");
    assert.equal(sizes.code, 0, sizes.stderr);
    assert(sizes.stdout.includes("4032x3024") && sizes.stdout.includes("at most 1.0054"), sizes.stdout);
    const small = await offloadCli(folder, "sizes", "--device", "u50", "--json");
    assert.equal(JSON.parse(small.stdout).rows.length, 56);
  }));

const missing = process.env.CI === undefined ? await missingRtlTools() : null;
if (missing !== null) console.log(`skipped: --vcd. ${missing}`);
else if (!IS_LONG_SUITE) console.log("skipped: --vcd, long, see test:all");

Deno.test({
  name: "offload --vcd writes a waveform of the packets named, or nothing",
  // It builds the RTL with waveforms.
  ignore: missing !== null || !IS_LONG_SUITE,
  fn: () =>
    inFolder(async (folder) => {
      // What the command would make itself, within a child's time.
      await makeWave("terms", () => {});
      const tour = await offloadCli(folder, "--vcd", "t.vcd", "--vcd-packets", "3:5", "--json");
      assert.equal(tour.code, 0, tour.stderr);
      const { waveform, difference } = JSON.parse(tour.stdout);
      const text = await readFile(join(folder, "t.vcd"), "utf8");
      assert.deepEqual(waveform, { unit: "packets", file: "t.vcd", first: 3, end: 5, bytes: text.length });
      assert.deepEqual(difference, { units: 0, levels: 0 });
      const { signals, times } = readVcd(text);
      assert(signals.has("TOP.packet_image.u_shell.present"));
      // Two packets take some hundred cycles of the photograph's 31,598.
      assert(times.length > 100 && times.length < 1000, `${times.length} edges`);
      const input = ["run", "p.json", "--input", join(PHOTOS, "coffee.png"), "--output", "a.npy"];
      const run = await offloadCli(folder, ...input, "--vcd", "r.vcd");
      assert.match(run.stdout, /^waveform +r\.vcd: packets 0:4, [\d,]+ bytes/m);
      readVcd(await readFile(join(folder, "r.vcd"), "utf8"));
      for (
        const [more, message] of [
          [["--vcd", "x.vcd", "--device", "model"], /device model has no signals/],
          [["--vcd", "x.vcd", "--vcd-packets", "9999:10000"], /from packet 9999 on: the plan sends \d+/],
          [["--vcd-packets", "0:4"], /--vcd <file>/],
          [["--vcd", "x.vcd", "--vcd-cycles", "0:4"], /--vcd-cycles requires --emulate/],
          [["--vcd", "x.vcd", "--emulate", "--vcd-packets", "0:4"], /--emulate has --vcd-cycles/],
          [["--emulate", "--vcd-cycles", "0:4"], /--vcd-cycles requires --vcd <file>/],
          [["--vcd", "x.vcd", "--vcd-packets", "4:4"], /such as 0:4/],
          [["--vcd", "x.txt"], /ends in \.vcd/],
          [["--vcd", "none/x.vcd"], /the folder none is missing/],
        ] as const
      ) {
        const { code, stderr } = await offloadCli(folder, ...input, ...more);
        assert.notEqual(code, 0);
        assert.match(stderr, message);
      }
      assert.deepEqual((await readdir(folder)).sort(), ["a.npy", "out", "p.json", "r.vcd", "t.vcd"]);
    }),
});
