/**
 * Synthesis by yosys, from npm as WebAssembly: nothing needs to be installed.
 *
 * @module
 */

import { runYosys } from "@yowasp/yosys";
import config from "../../deno.json" with { type: "json" };
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CellCounts, logicLevels, type NetlistCell, type Resources, resourcesOf } from "./netlist.ts";
import type { SynthTarget } from "./targets.ts";

/** What came of a target. Plain data. */
export interface SynthRow extends SynthTarget, Resources {
  /** SHA-256 of the modules' sources: the row is stale when it differs. */
  readonly sources: string;
  /** Cells on the longest path between registers, memories and ports. */
  readonly levels: number;
  /** Blocks of the modules below it, all instances together, by their name. */
  readonly modules: Readonly<Record<string, Resources & { readonly instances: number }>>;
}

/** Sources by the names of their files. */
export type Files = Readonly<Record<string, string>>;

/** The package that yosys comes from, with its version. */
export const YOSYS: string = config.imports["@yowasp/yosys"];

/** The SystemVerilog, by the names of its files. */
export async function readSources(folder: string): Promise<Files> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sv")).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)),
  );
}

/**
 * SHA-256 of modules' sources, in hexadecimal. Each module stands in a file of its name.
 *
 * @param files The sources.
 * @param modules The modules' names.
 */
export function hashSources(files: Files, modules: readonly string[]): string {
  const hash = createHash("sha256");
  for (const name of [...modules].sort()) hash.update(`${name}\0${files[`${name}.sv`]}\0`);
  return hash.digest("hex");
}

interface Stat {
  readonly creator: string;
  readonly modules: Readonly<Record<string, { readonly num_cells_by_type: CellCounts }>>;
  readonly design: { readonly num_cells_by_type: CellCounts };
}

/** The name in the source of a module that yosys has given parameters. */
function sourceName(module: string): string {
  return module.replace(/^\$paramod(\$[0-9a-f]+)?/, "").split("\\").filter((part) => part !== "")[0]!;
}

/** Resources of each module, its own cells only, times how often it stands below the top. */
function modulesOf(stat: Stat, top: string): SynthRow["modules"] {
  // A module without parameters has a backslash before its name, but not as the type of a cell.
  const modules = Object.fromEntries(
    Object.entries(stat.modules).map(([name, module]) => [name.replace(/^\\/, ""), module]),
  );
  const counts = new Map<string, number>();
  const visit = (module: string, times: number) => {
    counts.set(module, (counts.get(module) ?? 0) + times);
    for (const [type, count] of Object.entries(modules[module]!.num_cells_by_type)) {
      if (type in modules) visit(type, times * count);
    }
  };
  visit(Object.keys(modules).find((module) => module === top || sourceName(module) === top)!, 1);
  const found: Record<string, Resources & { instances: number }> = {};
  for (const [module, instances] of counts) {
    const own = Object.fromEntries(
      Object.entries(modules[module]!.num_cells_by_type).filter(([type]) => !(type in modules)),
    );
    const each = resourcesOf(own);
    const name = sourceName(module);
    const sum = found[name] ?? { instances: 0, lut: 0, ff: 0, bram: 0, uram: 0, dsp: 0 };
    found[name] = {
      instances: sum.instances + instances,
      lut: sum.lut + each.lut * instances,
      ff: sum.ff + each.ff * instances,
      bram: sum.bram + each.bram * instances,
      uram: sum.uram + each.uram * instances,
      dsp: sum.dsp + each.dsp * instances,
    };
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * Synthesises one target for UltraScale+. Each module is mapped once, whatever the number of its instances;
 * paths are counted across modules.
 *
 * @param files The sources.
 * @param target What is synthesised.
 * @returns Its row, and what yosys calls itself.
 * @throws {Error} When yosys refuses, with the end of what it said.
 */
export async function synthesize(
  files: Files,
  target: SynthTarget,
): Promise<{ readonly row: SynthRow; readonly creator: string }> {
  const { top, parameters } = target;
  const set = Object.entries(parameters).map(([name, value]) => `-set ${name} ${value}`).join(" ");
  const script = [
    `read_verilog -defer -sv ${Object.keys(files).join(" ")}`,
    ...(set === "" ? [] : [`chparam ${set} ${top}`]),
    `synth_xilinx -family xcup -abc9 -noiopad -noclkbuf -top ${top}`,
    "tee -q -o stat.json stat -json",
    "flatten",
    "write_json netlist.json",
  ].join("; ");
  let said = "";
  const listen = (bytes: Uint8Array | null) => {
    if (bytes !== null) said = (said + new TextDecoder().decode(bytes)).slice(-2000);
  };
  let made: Awaited<ReturnType<typeof runYosys>>;
  try {
    made = await runYosys(["-q", "-p", script], { ...files }, { stdout: listen, stderr: listen });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot synthesise ${target.name}: ${why}\n${said}`);
  }
  if (made === undefined) throw new Error(`Cannot synthesise ${target.name}: yosys gave no files`);
  const stat = JSON.parse(textOf(made["stat.json"])) as Stat;
  const netlist = JSON.parse(textOf(made["netlist.json"])) as {
    readonly modules: Readonly<Record<string, { readonly cells: Readonly<Record<string, NetlistCell>> }>>;
  };
  // The other modules are the library's own cells.
  const flat = netlist.modules[top];
  if (flat === undefined) throw new Error(`Cannot synthesise ${target.name}: its netlist has no ${top}`);
  const modules = modulesOf(stat, top);
  const row: SynthRow = {
    ...target,
    ...resourcesOf(stat.design.num_cells_by_type),
    levels: logicLevels(Object.values(flat.cells)),
    sources: hashSources(files, Object.keys(modules)),
    modules,
  };
  return { row, creator: stat.creator };
}

function textOf(file: unknown): string {
  if (typeof file === "string") return file;
  if (file instanceof Uint8Array) return new TextDecoder().decode(file);
  throw new Error("Cannot read what yosys made: a file is missing");
}
