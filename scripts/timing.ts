/**
 * `deno task timing`: places and routes modules of the RTL on an ECP5 by yosys and nextpnr of Debian trixie, and writes
 * docs/timing.md and docs/timing.json after each. Only modules whose sources changed are made; `--all` makes all,
 * `--only <module>` one. `--seeds <n>`, an odd number, default 3. `--root <folder>` has the Debian root, default
 * `out/trixie`, and is made there by debootstrap with root rights. `--yardstick <file>` measures picorv32.v too.
 * `--mark` makes none and marks outdated rows. `--json` prints JSON.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hashSources, readSources } from "./synth/yosys.ts";
import { ensureRoot, FOLDER, runInRoot } from "./timing/chroot.ts";
import {
  SPEED_GRADE,
  staleTimings,
  timingPage,
  type TimingRow,
  type TimingTable,
} from "./timing/document.ts";
import { medianRun, type NextpnrReport, type Timing, timingOf } from "./timing/report.ts";
import { modulesIn, TIMING_TARGETS, type TimingTarget } from "./timing/targets.ts";
import { type Port, registerWrapper } from "./timing/wrapper.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Frequency in MHz that the placer aims at. */
const AIM_MHZ = 200;
const MAX_SEEDS = 15;

type Files = Readonly<Record<string, string>>;

async function readTable(): Promise<TimingTable> {
  return JSON.parse(await readFile(`${ROOT}/docs/timing.json`, "utf8")) as TimingTable;
}

async function readOutput<T>(root: string, name: string): Promise<T> {
  return JSON.parse(await readFile(join(root, FOLDER, name), "utf8")) as T;
}

/** Source for a part without UltraRAM: its memories become block memories. */
function forEcp5(source: string): string {
  return source.replaceAll('ram_style = "ultra"', 'ram_style = "block"');
}

/** Command of the shell that runs a script of yosys, and prints the end of its log only if that fails. */
function yosysCommand(script: string): string {
  return `yosys -q -p '${script}' >yosys.log 2>&1 || { tail -n 5 yosys.log >&2; exit 1; }`;
}

/** Places and routes a module with each seed. */
async function routeModule(
  root: string,
  files: Files,
  { module, parameters }: TimingTarget,
  seeds: number,
): Promise<{ readonly runs: readonly Timing[]; readonly cells: TimingRow["cells"] }> {
  const read = `read_verilog -defer -sv ${Object.keys(files).join(" ")}`;
  const set = Object.entries(parameters).map(([name, value]) => `chparam -set ${name} ${value} ${module}; `)
    .join("");
  await runInRoot(
    root,
    files,
    yosysCommand(`${read}; ${set}hierarchy -top ${module}; proc; write_json ports.json`),
  );
  const ports = await readOutput<{ modules: Record<string, { ports: Record<string, Port> }> }>(
    root,
    "ports.json",
  );
  const top = ports.modules[module];
  if (top === undefined) throw new Error(`Cannot place and route ${module}: yosys names it otherwise`);
  // Tops of a card have Vitis' name of the clock.
  const wrapper = registerWrapper(module, parameters, top.ports, "clk" in top.ports ? "clk" : "ap_clk");
  const route = `nextpnr-ecp5 -q --85k --package CABGA756 --speed ${SPEED_GRADE} --out-of-context ` +
    `--timing-allow-fail --json timed.json --top timed --freq ${AIM_MHZ}`;
  const each = Array.from(
    { length: seeds },
    (_, at) => `${route} --seed ${at + 1} --report report${at + 1}.json`,
  );
  await runInRoot(
    root,
    { ...files, "timed.v": wrapper },
    [
      yosysCommand(`${read} timed.v; synth_ecp5 -abc9 -top timed -json timed.json`),
      ...each,
    ].join("\n"),
  );
  const runs: Timing[] = [];
  let used: NextpnrReport["utilization"] = {};
  for (const at of each.keys()) {
    const report = await readOutput<NextpnrReport>(root, `report${at + 1}.json`);
    runs.push(timingOf(report));
    used = report.utilization;
  }
  const count = (name: string) => used[name]?.used ?? 0;
  return { runs, cells: { lut: count("TRELLIS_COMB"), ff: count("TRELLIS_FF"), bram: count("DP16KD") } };
}

async function main(options: {
  readonly only: string | undefined;
  readonly all: boolean;
  readonly mark: boolean;
  readonly json: boolean;
  readonly seeds: number;
  readonly root: string;
  readonly yardstick: string | undefined;
}): Promise<void> {
  const { only, all, mark, json, seeds, root, yardstick } = options;
  const files = await readSources(`${ROOT}/kernels/rtl`);
  let table = await readTable();
  const targets = mark
    ? []
    : only !== undefined
    ? TIMING_TARGETS.filter(({ module }) => module === only)
    : all
    ? TIMING_TARGETS
    : staleTimings(table, files);
  if (only !== undefined && targets.length === 0) {
    const names = TIMING_TARGETS.map(({ module }) => module).join(", ");
    throw new Error(`Cannot place and route ${only}: the modules are ${names}`);
  }
  let { tools } = table;
  // Another process may have written since.
  const write = async (changed: Partial<TimingTable>) => {
    table = { ...await readTable(), tools, ...changed };
    await writeFile(`${ROOT}/docs/timing.json`, `${JSON.stringify(table, null, 1)}\n`);
    await writeFile(`${ROOT}/docs/timing.md`, timingPage(table, files));
  };
  if (targets.length > 0 || yardstick !== undefined) {
    process.once("exit", () => rmSync(join(root, FOLDER), { recursive: true, force: true }));
    await ensureRoot(root);
    const versions = await runInRoot(root, {}, "yosys -V; nextpnr-ecp5 --version 2>&1");
    const [, yosys] = versions.match(/Yosys ([\d.]+)/) ?? [];
    const [, nextpnr] = versions.match(/Version ([\d.]+\d)/) ?? [];
    tools = `Yosys ${yosys} and nextpnr-ecp5 ${nextpnr}`;
  }
  if (yardstick !== undefined) {
    const source = { "picorv32.v": await readFile(yardstick, "utf8") };
    const { runs } = await routeModule(
      root,
      source,
      { module: "picorv32_axi", parameters: { TWO_CYCLE_ALU: 1 } },
      seeds,
    );
    await write({ yardstick: medianRun(runs).fmax });
    process.stderr.write(`picorv32_axi: ${table.yardstick} MHz\n`);
  }
  for (const target of targets) {
    process.stderr.write(`${target.module} …`);
    const inside = modulesIn(files, target.module);
    const own = Object.fromEntries(inside.map((name) => [`${name}.sv`, forEcp5(files[`${name}.sv`]!)]));
    const { runs, cells } = await routeModule(root, own, target, seeds);
    const median = medianRun(runs);
    const row = {
      ...target,
      sources: hashSources(files, inside),
      cells,
      seeds: runs.map(({ fmax }) => fmax),
      median,
    };
    const before = (await readTable()).rows;
    const rows = TIMING_TARGETS.flatMap(({ module }) =>
      module === target.module ? [row] : before.filter((each) => each.module === module)
    );
    await write({ rows });
    process.stderr.write(` ${median.fmax.toFixed(1)} MHz\n`);
  }
  await write({});
  console.log(json ? JSON.stringify(table, null, 2) : timingPage(table, files));
}

if (import.meta.main) {
  try {
    const flag = { type: "boolean", default: false } as const;
    const text = { type: "string" } as const;
    const { seeds, root, ...rest } = parseArgs({
      options: {
        only: text,
        all: flag,
        mark: flag,
        json: flag,
        seeds: { ...text, default: "3" },
        root: text,
        yardstick: text,
      },
    }).values;
    const count = Number(seeds);
    if (!Number.isInteger(count) || count < 1 || count > MAX_SEEDS || count % 2 === 0) {
      throw new Error(`Cannot use --seeds ${seeds}: expected an odd number from 1 to ${MAX_SEEDS}`);
    }
    const { only, all, mark, json, yardstick } = rest;
    await main({ only, all, mark, json, yardstick, seeds: count, root: root ?? `${ROOT}/out/trixie` });
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
