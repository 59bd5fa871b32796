/**
 * Proves the properties of a wrapper module: yosys turns the RTL into an SMT problem, yosys-smtbmc unrolls it, and z3
 * solves it.
 *
 * @module
 */

import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { applyMutation } from "../rtl/mutations.ts";
import type { Break, Proof } from "./proofs.ts";

/** Debian packages that proofs need. */
export const FORMAL_PACKAGES = "yosys z3";

/** Maximum seconds for one run of the solver. */
const MAX_SECONDS = 300;

const RTL = fileURLToPath(new URL("../../kernels/rtl", import.meta.url));
const WRAPPERS = fileURLToPath(new URL("../../tests/rtl/formal", import.meta.url));

/** Outcome of a proof. Plain data. */
export interface ProofResult {
  /** Name of the proof. */
  readonly name: string;
  /** Whether no property fails: for ever with an induction, else within the depth. */
  readonly holds: boolean;
  /** The part that failed: from reset, or in the step of the induction; null if none did. */
  readonly failed: "base" | "induction" | null;
  /** Properties that failed, as the solver names them. */
  readonly asserts: readonly string[];
  /** Seconds of yosys and the solver. */
  readonly seconds: number;
}

/** Options of {@linkcode prove}. */
export interface ProveOptions {
  /** Breaks the module, which must then fail from reset. */
  readonly broken?: Break;
  /** Ends the solver. */
  readonly signal?: AbortSignal;
}

interface Run {
  readonly passed: boolean;
  readonly text: string;
}

/** Runs a program, whose failure is a result. */
function run(program: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<Run> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: MAX_SECONDS * 1000, maxBuffer: 2 ** 24, signal };
    execFile(program, args, options, (error, stdout, stderr) => {
      const text = `${stdout}${stderr}`;
      if (error === null) return resolve({ passed: true, text });
      const { code, killed } = error as { code?: unknown; killed?: boolean };
      if (code === "ENOENT") {
        reject(new Error(`Cannot prove: ${program} is missing, install Debian's ${FORMAL_PACKAGES}`));
      } else if (signal?.aborted) reject(signal.reason);
      else if (killed) reject(new Error(`Cannot prove: ${program} took more than ${MAX_SECONDS} seconds`));
      else resolve({ passed: false, text });
    });
  });
}

/**
 * Versions of the tools, or the reason why proofs cannot be made here.
 *
 * @returns `yosys` and `z3` as they name themselves, or `missing`.
 */
export async function formalTools(): Promise<
  { readonly yosys: string; readonly z3: string } | { readonly missing: string }
> {
  try {
    const [yosys, z3] = await Promise.all([run("yosys", ["-V"], "."), run("z3", ["--version"], ".")]);
    await run("yosys-smtbmc", ["--help"], ".");
    return {
      yosys: yosys.text.split(" (")[0]!.trim(),
      z3: z3.text.trim().replace(" version", "").split(" - ")[0]!,
    };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * The script of yosys. Memories become registers, so that properties can name their words, and undriven nets, such as
 * the inputs of the wrapper, are free in each cycle.
 */
function yosysScript({ wrapper, parameters = {} }: Proof, files: readonly string[]): string {
  const set = Object.entries(parameters).map(([name, value]) => `-set ${name} ${value}`).join(" ");
  return [
    `read_verilog -formal -sv ${files.join(" ")}`,
    ...(set === "" ? [] : [`chparam ${set} ${wrapper}`]),
    `hierarchy -check -top ${wrapper}`,
    "proc; memory_collect; memory_map; flatten; opt -full",
    "setundef -undriven -anyseq; async2sync; dffunmap; opt_clean",
    "write_smt2 -wires model.smt2",
  ].join("; ");
}

/** Properties that the solver names as failed. */
function assertsOf(text: string): string[] {
  return [...text.matchAll(/Assert failed in \w+: (\S+)/g)].map(([, place]) => place!);
}

/**
 * Proves one wrapper: no property fails within its depth from reset, and with an induction, none fails later.
 *
 * @param proof Entry of the list.
 * @param options A break and a signal.
 * @returns Whether it holds, and what failed.
 * @throws {Error} If a tool is missing, refuses the sources, or takes more than five minutes.
 */
export async function prove(proof: Proof, { broken, signal }: ProveOptions = {}): Promise<ProofResult> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-formal-"));
  const begun = performance.now();
  const result = (failed: ProofResult["failed"], text: string): ProofResult => ({
    name: proof.name,
    holds: failed === null,
    failed,
    asserts: assertsOf(text),
    seconds: (performance.now() - begun) / 1000,
  });
  try {
    const files: string[] = [];
    for (const name of [proof.wrapper, ...proof.stubs ?? []]) {
      await copyFile(join(WRAPPERS, `${name}.sv`), join(folder, `${name}.sv`));
      files.push(`${name}.sv`);
    }
    for (const name of proof.modules) {
      const file = `${name}.sv`;
      const source = await readFile(join(RTL, file), "utf8");
      await writeFile(join(folder, file), broken?.file === file ? applyMutation(broken, source) : source);
      files.push(file);
    }
    const made = await run("yosys", ["-q", "-p", yosysScript(proof, files)], folder, signal);
    if (!made.passed) throw new Error(`Cannot prove ${proof.name}: yosys refuses the sources\n${made.text}`);
    const depth = broken === undefined ? proof.depth : proof.breakDepth ?? proof.depth;
    const base = ["--unroll", "-s", "z3", "--noprogress"];
    const cycles = await run("yosys-smtbmc", [...base, "-t", String(depth), "model.smt2"], folder, signal);
    checkEnded(proof, cycles);
    if (!cycles.passed) return result("base", cycles.text);
    if (proof.induction === null || broken !== undefined) return result(null, "");
    const steps = ["-i", "-t", String(proof.induction), "model.smt2"];
    const step = await run("yosys-smtbmc", [...base, ...steps], folder, signal);
    checkEnded(proof, step);
    return result(step.passed ? null : "induction", step.text);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Checks that the solver came to an answer: a crash is no failed property. */
function checkEnded({ name }: Proof, { passed, text }: Run): void {
  if (!text.includes(`Status: ${passed ? "PASSED" : "FAILED"}`)) {
    throw new Error(`Cannot prove ${name}: the solver ended without an answer\n${text.slice(-2000)}`);
  }
}
