// Packaging scripts, run by Tcl with commands of Vivado that only record their arguments.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SPREADS } from "../../kernels/rtl/spreads.ts";
import { DOOR } from "../../scripts/card/door.ts";
import { CARD_KERNELS } from "../../scripts/card/kernels.ts";
import { CARD_MOVERS } from "../../scripts/card/movers.ts";
import { modulePorts } from "../../scripts/card/ports.ts";
import { innerName, verilogTop } from "../../scripts/card/verilog_top.ts";
import { longTest } from "../support/long.ts";
import { cardFile } from "./card.ts";

const RTL = fileURLToPath(new URL("../../kernels/rtl/", import.meta.url));
/** Tops that are with the other SystemVerilog. */
const OUTSIDE = [...CARD_MOVERS, DOOR].map(({ name }) => name);
const ALL = [...CARD_KERNELS.map(({ name }) => name), ...OUTSIDE, ...SPREADS.map(({ name }) => name)];
const sourceOf = (name: string) =>
  OUTSIDE.includes(name) ? readFile(`${RTL}${name}.sv`, "utf8") : cardFile(`${name}/${name}.sv`);

/** Records each unknown command on one line of standard output, its words apart by tabs. */
const RECORDER = `proc unknown {args} { puts [join $args \\t]; return core }
set script [lindex $argv 0]
set argv [lrange $argv 1 end]
set argc [llength $argv]
source $script
`;

function has(tool: string, ...args: string[]): boolean {
  try {
    execFileSync(tool, args, { input: "", stdio: ["pipe", "ignore", "ignore"] });
    return true;
  } catch {
    return false;
  }
}

/** Runs the packaging script of a kernel in an empty folder. */
async function packaged<T>(name: string, use: (calls: string[][], folder: string) => T): Promise<Awaited<T>> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-package-"));
  try {
    await writeFile(join(folder, "recorder.tcl"), RECORDER);
    const script = join(RTL, "card", name, "package_kernel.tcl");
    const text = execFileSync("tclsh", ["recorder.tcl", script, join(folder, "out.xo")], {
      cwd: folder,
      encoding: "utf8",
    });
    return await use(text.trimEnd().split("\n").map((line) => line.split("\t")), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const name of ALL) {
  Deno.test(`${name}: the top for Vivado is Verilog with the ports of the SystemVerilog`, async () => {
    const ports = modulePorts(await sourceOf(name), name);
    const top = await cardFile(`${name}/${name}.v`);
    assert.equal(top, verilogTop(name, ports));
    assert(!/\b(logic|always_ff|always_comb|int|bit)\b/.test(top));
    for (const { direction, name: port, width } of ports) {
      const range = width === 1 ? "" : `\\[${width - 1}:0\\] +`;
      assert.match(top, new RegExp(`^ +${direction} +wire +${range}${port},?$`, "m"));
      assert.match(top, new RegExp(`\\.${port}\\(${port}\\)`));
    }
  });
}

const hasTcl = process.env.CI !== undefined || has("tclsh");
const runTest = (name: string, only: boolean, fn: () => Promise<void>) =>
  only ? Deno.test({ name, ignore: !hasTcl, fn }) : longTest(name, fn);

for (const name of ALL) {
  // A kernel of each kind in the quick suite.
  const isQuick = ["onpath_image", "onpath_packets", "onpath_spread_2"].includes(name);
  runTest(
    `${name}: Tcl runs the packaging script, whose files exist and lint from the Verilog top`,
    isQuick,
    () =>
      packaged(name, async (calls, folder) => {
        const [added] = calls.filter(([command]) => command === "add_files");
        const files = added![2]!.split(" ");
        assert.deepEqual(files.slice(0, 2).map((file) => basename(file)), [
          `${name}.v`,
          `${innerName(name)}.sv`,
        ]);
        const [first] = calls.filter(([command, what]) => command === "set_property" && what === "top");
        assert.deepEqual(first!.slice(1), ["top", name, "core"]);
        assert.deepEqual(calls.at(-1)!.slice(0, 5), [
          "package_xo",
          "-xo_path",
          join(folder, "out.xo"),
          "-kernel_name",
          name,
        ]);
        const inner = await readFile(join(folder, `${innerName(name)}.sv`), "utf8");
        assert.equal(inner.replace(`module ${innerName(name)}`, `module ${name}`), await sourceOf(name));
        if (!has("verilator", "--version")) return;
        // The top has pins of a name that the inner module excuses by a comment.
        const flags = ["--lint-only", "-Wall", "-Wno-SYMRSVDWORD", "--top-module", name];
        execFileSync("verilator", [...flags, ...files], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
      }),
  );
}
