/** Runs in Node: compares the ids of the texts in a file with the peer's, and prints what differs. */

import { readFileSync } from "node:fs";
import process from "node:process";
import { type COMPARED, compareIds, type Comparison } from "./compare.ts";

const { names, texts }: { names: typeof COMPARED[number][]; texts: string[] } = JSON.parse(
  readFileSync(process.argv[2]!, "utf8"),
);
const compared: Record<string, Comparison> = {};
for (const name of names) compared[name] = await compareIds(name, texts);
process.stdout.write(JSON.stringify({ node: process.version, compared }));
