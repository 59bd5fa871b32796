import assert from "node:assert/strict";
import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { classText, mappingOf, rangesOf } from "../../kernels/unicode/codec.ts";
import { BINARY_NAMES, CATEGORY_NAMES, namesOf, SCRIPT_NAMES } from "../../kernels/unicode/names.ts";
import { unicodeSet } from "../../kernels/unicode/properties.ts";
import { packMapping, packRanges, rangesFrom } from "../../scripts/text/unicode/pack.ts";
import { ALL_TEXTS, tiktokenSet } from "../../scripts/text/unicode/peers.ts";

const codes = fc.uniqueArray(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 60 }).map((all) =>
  all.sort((a, b) => a - b)
);

Deno.test("rangesOf() and mappingOf() read what the script packs", () => {
  fc.assert(fc.property(codes, (all) => {
    const ranges = rangesFrom(all);
    assert.deepEqual(rangesOf(packRanges(ranges)), ranges);
  }));
  fc.assert(fc.property(codes, codes, (all, targets) => {
    const map = new Map(all.map((code, i) => [code, targets.slice(i, i + 3)]));
    assert.deepEqual(mappingOf(packMapping(map)), map);
  }));
  assert.equal(classText([0x41, 0x5a, 0x1f600, 0x1f600]), "\\u{41}-\\u{5a}\\u{1f600}");
});

Deno.test("unicodeSet() has the sets of tiktoken, by every kind of name", () => {
  const names = ["L", "Letter", "gc=LC", "Lowercase_Letter", "sc=Grek", "Script=Greek", "scx=Grek"];
  for (const name of [...names, "Script_Extensions=Arabic", "Emoji", "CI", "XID_Start", "C", "ASCII"]) {
    const expected = rangesFrom(tiktokenSet(`\\p{${name}}`));
    assert.deepEqual(unicodeSet(name), expected, name);
  }
  for (const name of ["l", "Script=", "Script=Han=x", "constructor", "scx=Nothing", "Zs=Zs", "Hrkt"]) {
    assert.equal(unicodeSet(name), null, name);
  }
});

Deno.test("unicodeSet() knows each name that ECMAScript has, and partitions all code points", () => {
  const has = (source: string) => {
    try {
      return new RegExp(`\\p{${source}}`, "u") !== null;
    } catch {
      return false;
    }
  };
  for (const name of [...namesOf(CATEGORY_NAMES).keys(), ...namesOf(BINARY_NAMES).keys()]) {
    assert(has(name) && unicodeSet(name) !== null, name);
  }
  for (const name of [...namesOf(SCRIPT_NAMES).keys(), "Zzzz", "Unknown"]) {
    assert(has(`Script=${name}`) && unicodeSet(`Script=${name}`) !== null, name);
  }
  const count = (set: readonly number[]) =>
    set.reduce((sum, code, i) => sum + (i % 2 === 0 ? -code : code + 1), 0);
  const all = (list: string, prefix: string) =>
    [...new Set(namesOf(list).values())].map((name) => prefix + name);
  for (const parts of [all(CATEGORY_NAMES, ""), [...all(SCRIPT_NAMES, "sc="), "sc=Zzzz"]]) {
    const sizes = parts.map((name) => count(unicodeSet(name)!));
    assert.equal(sizes.reduce((a, b) => a + b), ALL_TEXTS.length * 0x400);
  }
});

/** What gives the JavaScript engine's Unicode. */
const ENGINE =
  /\.normalize\("?(?:NF|form)|\.toLocale|\.localeCompare\(|\bIntl\.|\/[^/\n]*\\[pP]\{[^/\n]*\/[a-z]*[uv]/;

Deno.test("kernels/ and serialize/ ask the JavaScript engine for no property, case or normal form", () => {
  for (const folder of ["kernels/", "serialize/"]) {
    const root = new URL(`../../${folder}`, import.meta.url);
    for (const name of readdirSync(root, { recursive: true }).map(String)) {
      if (!name.endsWith(".ts") || name.endsWith("_wasm.ts")) continue;
      const lines = readFileSync(new URL(name, root), "utf8").split("\n");
      const found = lines.filter((line) => !/^\s*(?:\*|\/\/)/.test(line) && ENGINE.test(line));
      assert.deepEqual(found, [], folder + name);
    }
  }
  for (const line of ['text.normalize("NFC")', "/\\p{L}+/gu", "a.localeCompare(b)"]) {
    assert(ENGINE.test(line), line);
  }
});
