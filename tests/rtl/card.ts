/**
 * The committed files for a card, and what they say.
 *
 * @module
 */

import { readFile } from "node:fs/promises";

/** Reads a file of `kernels/rtl/card`. */
export function cardFile(path: string): Promise<string> {
  return readFile(new URL(`../../kernels/rtl/card/${path}`, import.meta.url), "utf8");
}

/** Splits a Tcl list into its words; throws where braces do not match. */
export function tclWords(list: string): string[] {
  const words: string[] = [];
  let depth = 0;
  let word: string | null = null;
  for (const sign of `${list} `) {
    if (depth === 0 && /\s/.test(sign)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    if (sign === "}") depth--;
    if (depth < 0) throw new Error(`a brace too many in ${list}`);
    if (depth > 0 || (sign !== "{" && sign !== "}")) word = (word ?? "") + sign;
    else word ??= "";
    if (sign === "{") depth++;
  }
  if (depth !== 0) throw new Error(`a brace too few in ${list}`);
  return words;
}

/** The registers of a packaging script, with the access of each of their fields. */
export function tclRegisters(script: string): { name: string; address: number; access: string[] }[] {
  const body = /^foreach \{name address meaning fields\} \{\n(.*?)\n\} \{/ms.exec(script)![1]!;
  return body.split("\n").map((line) => {
    const [name, address, , fields] = tclWords(line);
    return {
      name: name!,
      address: Number(address),
      access: tclWords(fields!).filter((_, at) => at % 5 === 3),
    };
  });
}
