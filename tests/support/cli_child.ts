/**
 * Child process of tests: runs command lines one after another, in one process. The argument is JSON, a list of lists
 * of arguments; it prints the results as JSON.
 *
 * @module
 */

import process from "node:process";
import { main } from "../../scripts/cli/main.ts";

/** End of a command line. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line, and returns what it writes in place of writing it. */
async function run(args: readonly string[]): Promise<Ended> {
  const { stdout, stderr } = process;
  const written = { stdout: "", stderr: "" };
  const originals = { stdout: stdout.write, stderr: stderr.write };
  for (const name of ["stdout", "stderr"] as const) {
    process[name].write = ((chunk: string | Uint8Array, done?: () => void) => {
      written[name] += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      done?.();
      return true;
    }) as typeof stdout.write;
  }
  try {
    const photo = new URL("../../scripts/photos/coffee.png", import.meta.url);
    return { code: await main(args, { command: "deno task offload", photo }), ...written };
  } finally {
    stdout.write = originals.stdout;
    stderr.write = originals.stderr;
    stdout.removeAllListeners("error");
  }
}

if (import.meta.main) {
  const results: Ended[] = [];
  for (const args of JSON.parse(process.argv[2]!) as string[][]) results.push(await run(args));
  process.stdout.write(JSON.stringify(results));
}
