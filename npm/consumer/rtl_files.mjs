// Runs the RTL device on runtimes with a file system: Node and Bun.
import { readFileSync } from "node:fs";
import { runRtl } from "./rtl.mjs";

const cases = JSON.parse(readFileSync("rtl.json", "utf8"));
console.log(JSON.stringify(await runRtl(cases, new Uint8Array(readFileSync("samples.raw")))));
