/**
 * Synthesis by yosys, a WebAssembly package from npm; no tool needs to be installed.
 *
 * @module
 */

import { runYosys } from "@yowasp/yosys";
import config from "../../deno.json" with { type: "json" };
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type CellCounts,
  inputsOf,
  longestPath,
  type NetlistCell,
  type Resources,
  resourcesOf,
} from "./netlist.ts";
import type { SynthTarget } from "./targets.ts";

/** Synthesis result of a target. Plain data. */
export interface SynthRow extends SynthTarget, Resources {
  /** SHA-256 of the modules' sources; if it differs, the row is stale. */
  readonly sources: string;
  /** Number of cells on the longest path between registers, memories and ports. */
  readonly levels: number;
  /** Names along that path, from a register, memory or port to another; missing in rows made before there were any. */
  readonly path?: readonly string[];
  /** Resources by module below the top, summed over its instances. */
  readonly modules: Readonly<Record<string, Resources & { readonly instances: number }>>;
}

/** Committed results of the synthesis. Plain data. */
export interface SynthTable {
  /** Package of yosys, as in deno.json. */
  readonly yosys: string;
  /** Name and version that yosys reports. */
  readonly creator: string;
  /** Results by target. */
  readonly rows: readonly SynthRow[];
  /** Targets whose sources changed after their row was made. The page names them. */
  readonly outdated?: readonly string[] | undefined;
}

/** Sources by file name. */
export type Files = Readonly<Record<string, string>>;

/** Package of yosys with its version. */
export const YOSYS: string = config.imports["@yowasp/yosys"];

/** Reads the SystemVerilog sources, by file name. */
export async function readSources(folder: string): Promise<Files> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sv")).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")] as const)),
  );
}

/** Comments and white space. Yosys ignores them, so a change to them does not make a row stale. */
const COMMENTS = /(?:\/\*[^]*?\*\/|\/\/[^\n]*|\s)+/g;

/**
 * Computes the SHA-256 of modules' sources without their comments, in hexadecimal. Each module is in a file of
 * its name.
 *
 * @param files Sources by file name.
 * @param modules Names of the modules.
 */
export function hashSources(files: Files, modules: readonly string[]): string {
  const hash = createHash("sha256");
  for (const name of [...modules].sort()) {
    hash.update(`${name}\0${files[`${name}.sv`]!.replace(COMMENTS, " ")}\0`);
  }
  return hash.digest("hex");
}

interface Stat {
  readonly creator: string;
  readonly modules: Readonly<Record<string, { readonly num_cells_by_type: CellCounts }>>;
  readonly design: { readonly num_cells_by_type: CellCounts };
}

/** Returns the source name of a module that yosys has renamed by its parameters. */
function sourceName(module: string): string {
  return module.replace(/^\$paramod(\$[0-9a-f]+)?/, "").split("\\").filter((part) => part !== "")[0]!;
}

/** Resources of each module: its own cells, times its instances below the top. */
function modulesOf(stat: Stat, top: string): SynthRow["modules"] {
  // A name of a module without parameters begins with a backslash, but not as a cell's type.
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

/** Flat module in yosys' `write_json` format. */
interface Netlist {
  readonly cells: Readonly<Record<string, NetlistCell>>;
  readonly netnames: Readonly<
    Record<string, { readonly hide_name: 0 | 1; readonly bits: readonly (number | string)[] }>
  >;
}

/** Names of the source along a path of nets, each once, and of the register behind it. */
function namesAlong({ cells, netnames }: Netlist, nets: readonly number[]): string[] {
  if (nets.length === 0) return [];
  const names = new Map<number, string>();
  const dots = (name: string) => name.split(".").length;
  for (const [name, { hide_name, bits }] of Object.entries(netnames)) {
    if (hide_name === 1) continue;
    for (const bit of bits) {
      // A port has the names of all modules that it crosses: the innermost one names its source.
      const other = typeof bit === "number" ? names.get(bit) : name;
      if (other === undefined || dots(name) > dots(other)) names.set(bit as number, name);
    }
  }
  const last = nets.at(-1)!;
  const taker = Object.values(cells).find((cell) => inputsOf(cell).includes(last));
  const behind = Object.entries(taker?.connections ?? {})
    .flatMap(([port, bits]) => taker!.port_directions[port] === "output" ? bits : [])
    .find((bit) => names.has(bit as number));
  return [...new Set([...nets, behind].flatMap((net) => names.get(net as number) ?? []))];
}

/**
 * Synthesises one target for UltraScale+. Each module is mapped once, however many instances it has; paths
 * are counted across modules.
 *
 * @param files Sources by file name.
 * @param target Top module with parameters.
 * @returns Its row, and the name and version that yosys reports.
 * @throws {Error} If yosys fails; the message contains the end of its output.
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
  let printed = "";
  const collect = (bytes: Uint8Array | null) => {
    if (bytes !== null) printed = (printed + new TextDecoder().decode(bytes)).slice(-2000);
  };
  let made: Awaited<ReturnType<typeof runYosys>>;
  try {
    made = await runYosys(["-q", "-p", script], { ...files }, { stdout: collect, stderr: collect });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`Cannot synthesise ${target.name}: ${why}\n${printed}`);
  }
  if (made === undefined) throw new Error(`Cannot synthesise ${target.name}: yosys wrote no files`);
  const stat = JSON.parse(textOf(made["stat.json"])) as Stat;
  const netlist = JSON.parse(textOf(made["netlist.json"])) as {
    readonly modules: Readonly<Record<string, Netlist>>;
  };
  // The other modules are cells of the library.
  const flat = netlist.modules[top];
  if (flat === undefined) throw new Error(`Cannot synthesise ${target.name}: its netlist has no ${top}`);
  const modules = modulesOf(stat, top);
  const { levels, nets } = longestPath(Object.values(flat.cells));
  const row: SynthRow = {
    ...target,
    ...resourcesOf(stat.design.num_cells_by_type),
    levels,
    path: namesAlong(flat, nets),
    sources: hashSources(files, Object.keys(modules)),
    modules,
  };
  return { row, creator: stat.creator };
}

function textOf(file: unknown): string {
  if (typeof file === "string") return file;
  if (file instanceof Uint8Array) return new TextDecoder().decode(file);
  throw new Error("Cannot read the output of yosys: a file is missing");
}
