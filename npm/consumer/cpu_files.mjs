// Runs the cpu device on runtimes with a file system: Deno, Node and Bun.
import { readFileSync } from "node:fs";
import { runCpu } from "./cpu.mjs";

const cases = JSON.parse(readFileSync("cases.json", "utf8"));
console.log(JSON.stringify(await runCpu(cases, new Uint8Array(readFileSync("samples.raw")))));
