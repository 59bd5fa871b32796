/**
 * `deno task card`: writes the files that package the kernels for a card, in `kernels/rtl/card/`. With --check
 * it compares them and writes nothing.
 *
 * @module
 */

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { generateCard } from "./card/generate.ts";

const RTL = fileURLToPath(new URL("../kernels/rtl/", import.meta.url));

async function main(check: boolean): Promise<void> {
  for (const [path, text] of Object.entries(await generateCard(RTL))) {
    const at = join(RTL, "card", path);
    if (!check) {
      await mkdir(dirname(at), { recursive: true });
      await writeFile(at, text);
    } else if (await readFile(at, "utf8").catch(() => "") !== text) {
      throw new Error(
        `Cannot accept kernels/rtl/card/${path}: the generator gives another text, run deno task card`,
      );
    }
    console.log(`${path}: ${text.length} characters${check ? ", as generated" : ""}`);
  }
}

if (import.meta.main) {
  try {
    await main(process.argv.includes("--check"));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
