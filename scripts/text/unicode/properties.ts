/**
 * Generates the tables of properties and of simple case folding from tiktoken's regex crate.
 *
 * @module
 */

import { BINARY_NAMES, CATEGORY_NAMES, namesOf, SCRIPT_NAMES } from "../../../kernels/unicode/names.ts";
import { packMapping, packRanges, rangesFrom, sourceLines } from "./pack.ts";
import { ALL_TEXTS, tiktokenSet } from "./peers.ts";

/** The only property that the regex crate lacks; it is read from the JavaScript engine. */
const UNKNOWN_TO_TIKTOKEN = "Changes_When_NFKC_Casefolded";

function setOf(name: string): number[] {
  if (name === "Cs") return []; // no text contains a surrogate
  if (name !== UNKNOWN_TO_TIKTOKEN) return tiktokenSet(`\\p{${name}}`);
  const pattern = new RegExp(`\\p{${name}}`, "gu");
  return ALL_TEXTS.flatMap((text) => text.match(pattern) ?? []).map((one) => one.codePointAt(0)!);
}

function firstNames(list: string): string[] {
  return [...new Set(namesOf(list).values())];
}

function record(name: string, about: string, sets: readonly (readonly [string, string])[]): string {
  const rows = sets.map(([key, packed]) => `  ${key}:\n${sourceLines(packed).replace(/^/gm, "  ")},\n`);
  return `/** ${about} */\nexport const ${name}: Readonly<Record<string, string>> = {\n${rows.join("")}};\n`;
}

/** Generates the source of `kernels/unicode/properties_data.ts`. */
export function propertiesSource(head: string): string {
  const pack = (name: string) => packRanges(rangesFrom(setOf(name)));
  const scripts = firstNames(SCRIPT_NAMES).map((name) => [name, pack(`sc=${name}`)] as const);
  const extensions = scripts.map(([name, alone]) => [name, pack(`scx=${name}`), alone] as const)
    .filter(([, packed, alone]) => packed !== alone).map(([name, packed]) => [name, packed] as const);
  const named = (list: string) => firstNames(list).map((name) => [name, pack(name)] as const);
  return [
    head,
    record("CATEGORIES", "General categories.", named(CATEGORY_NAMES)),
    record("SCRIPTS", "Scripts.", scripts),
    record("SCRIPT_EXTENSIONS", "Extensions of scripts, of those that differ from the script.", extensions),
    record("BINARY", "Properties that a code point has or has not.", named(BINARY_NAMES)),
  ].join("\n");
}

/** By least code point: the other code points of its simple case folding class. */
export function caseOrbits(): Map<number, number[]> {
  const changing = [
    ...new Set([...setOf("Changes_When_Casemapped"), ...setOf("Changes_When_Casefolded")]),
  ].sort((a, b) => a - b);
  const text = String.fromCodePoint(...changing);
  const orbits = new Map<number, number[]>();
  const seen = new Set<number>();
  for (const code of changing) {
    if (seen.has(code)) continue;
    const orbit = tiktokenSet(`(?i:\\x{${code.toString(16)}})`, [text]).filter((other) => other !== code);
    for (const other of orbit) seen.add(other);
    if (orbit.length > 0) orbits.set(code, orbit);
  }
  return orbits;
}

/** Formats a map as an exported, packed constant. */
export function mappingSource(
  name: string,
  about: string,
  map: Iterable<readonly [number, readonly number[]]>,
): string {
  return `/** ${about} */\nexport const ${name}: string =\n${sourceLines(packMapping(map))};\n`;
}
