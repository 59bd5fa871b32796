/**
 * Sets of code points by the name of a property. They are those of Unicode 16.0 on every JavaScript engine, as in the
 * patterns of tiktoken 1.0.22 and tokenizers 0.23.2.
 *
 * @module
 */

import { type CodeSet, codeSet, complement, difference, union } from "../tokenize/pattern/set.ts";
import { rangesOf } from "./codec.ts";
import { BINARY_NAMES, CATEGORY_GROUPS, CATEGORY_NAMES, namesOf, SCRIPT_NAMES } from "./names.ts";
import { BINARY, CATEGORIES, SCRIPT_EXTENSIONS, SCRIPTS } from "./properties_data.ts";

const SURROGATES: CodeSet = [0xd800, 0xdfff];

const categories = namesOf(CATEGORY_NAMES), scripts = namesOf(SCRIPT_NAMES), binary = namesOf(BINARY_NAMES);
const groups = new Map(
  CATEGORY_GROUPS.split(", ").flatMap((entry) => {
    const [names, parts] = entry.split(": ");
    return names!.split(" ").map((name) => [name, parts!.split(" ")] as const);
  }),
);

function category(name: string): CodeSet | null {
  const group = groups.get(name);
  if (group !== undefined) return codeSet(group.flatMap((part) => rangesOf(CATEGORIES[part]!)));
  const first = categories.get(name);
  return first === undefined ? null : rangesOf(CATEGORIES[first]!);
}

function script(name: string, hasExtensions: boolean): CodeSet | null {
  if (name === "Zzzz" || name === "Unknown") {
    return difference(complement(union(...Object.values(SCRIPTS).map(rangesOf))), SURROGATES);
  }
  const first = scripts.get(name);
  if (first === undefined) return null;
  return rangesOf((hasExtensions ? SCRIPT_EXTENSIONS[first] : undefined) ?? SCRIPTS[first]!);
}

function make(name: string): CodeSet | null {
  const at = name.indexOf("=");
  if (at >= 0) {
    const value = name.slice(at + 1);
    switch (name.slice(0, at)) {
      case "General_Category":
      case "gc":
        return category(value);
      case "Script":
      case "sc":
        return script(value, false);
      case "Script_Extensions":
      case "scx":
        return script(value, true);
    }
    return null;
  }
  if (name === "ASCII") return [0, 127];
  if (name === "Any") return complement(SURROGATES);
  if (name === "Assigned") return difference(complement(rangesOf(CATEGORIES["Cn"]!)), SURROGATES);
  const first = binary.get(name);
  return first === undefined ? category(name) : rangesOf(BINARY[first]!);
}

const known = new Map<string, CodeSet>();

/**
 * Looks up the set of a property by its name in ECMAScript's regular expressions. No set contains surrogates.
 *
 * @param name Name such as `Lu`, `Script=Han` or `White_Space`; it is case-sensitive.
 * @returns The set, or null for an unknown property.
 */
export function unicodeSet(name: string): CodeSet | null {
  const before = known.get(name);
  if (before !== undefined) return before;
  const set = make(name);
  if (set !== null) known.set(name, set);
  return set;
}
