/**
 * Tables of `deno task formal`.
 *
 * @module
 */

import { markdownTable } from "../io/markdown.ts";
import type { Proof } from "./proofs.ts";

/** What a proof covers, in words: for ever, or so many cycles from reset. */
export function reach({ depth, induction }: Proof): string {
  return induction === null ? `bounded: ${depth} cycles` : `closed: ${depth} cycles, ${induction} steps`;
}

/**
 * Table of docs/proofs.md.
 *
 * @param proofs All proofs.
 */
export function proofsTable(proofs: readonly Proof[]): string {
  return markdownTable(
    ["proof", "properties", "reach", "breaks found"],
    ["left", "left", "left", "right"],
    proofs.map((proof) => [proof.name, proof.properties, reach(proof), String(proof.breaks.length)]),
  );
}
