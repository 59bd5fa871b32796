import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { KNOWN } from "../../scripts/mutate/known.ts";
import { applyMutant, listMutants } from "../../scripts/mutate/mutants.ts";
import { mutationPage, PAGE, readTables } from "../../scripts/mutate/page.ts";
import { reasonOf } from "../../scripts/mutate/reasons.ts";
import { listSubjects, sample } from "../../scripts/mutate/sample.ts";
import { mergeRows } from "../../scripts/mutate/table.ts";
import { applyMutation } from "../../scripts/rtl/mutations.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Changes of a source, without spaces at their ends. */
function changes(source: string): string[] {
  return listMutants("a.ts", source).map(({ text, replacement }) => `${text} → ${replacement}`);
}

Deno.test("listMutants() turns limits, conditions and numbers, and removes effects and early ends", () => {
  assert.deepEqual(changes("function f() { if (a < 1) return b; return c; }"), [
    "a < 1 → !(a < 1)",
    "a < 1 → a <= 1",
    "a < 1 → a < 0",
    "return b; → ;",
  ]);
  assert.deepEqual(changes("x ? y && z : p === q;"), [
    "x ? y && z : p === q; → ;",
    "x → !(x)",
    "y && z → y || z",
    "p === q → p !== q",
  ]);
  assert.deepEqual(changes("const n = Math.min(k - 7, 0);"), [
    "Math.min(k - 7, 0) → Math.max(k - 7, 0)",
    "k - 7 → k + 7",
    "k - 7 → k - 8",
    "Math.min(k - 7, 0) → Math.min(k - 7, 1)",
  ]);
  assert.deepEqual(changes("for (;;) { if (a) { continue; } delete b.c; break; }"), [
    "a → !(a)",
    "continue; → ;",
    "delete b.c; → ;",
    "break; → ;",
  ]);
});

Deno.test("listMutants() leaves types, imports, messages and arguments of errors alone", () => {
  assert.deepEqual(changes('import { a } from "b"; type T = 1 | 2; interface I { n: 3 }'), []);
  assert.deepEqual(changes("let t: 5; export { t };"), []);
  assert.deepEqual(changes("function f() { throw new RangeError(`${a - 1}`, { cause: 1 < 2 }); }"), [
    "throw new RangeError(`${a - 1}`, { cause: 1 < 2 }); → ;",
  ]);
});

Deno.test("listMutants() names function, line and number of each, and applyMutant() changes that place alone", () => {
  const source = "class A {\n  m() {\n    n++;\n    n++;\n  }\n}\nconst f = () => {\n  n++;\n};\n";
  const mutants = listMutants("a.ts", source);
  assert.deepEqual(mutants.map(({ scope, line, nth }) => [scope, line, nth]), [["m", 3, 0], ["m", 4, 1], [
    "f",
    8,
    0,
  ]]);
  assert.equal(applyMutant(mutants[1]!, source), source.replace("n++;\n  }", ";\n  }"));
});

Deno.test("sample() takes the same mutants whatever is added elsewhere, in the order of the file", () => {
  const source = Array.from({ length: 30 }, (_, n) => `a${n} = b < ${n + 2};`).join("\n");
  const keys = (text: string) => sample(listMutants("a.ts", text), 12).map((mutant) => mutant.text);
  assert.equal(keys(source).length, 12);
  assert.deepEqual(keys(`// A comment.\n\n${source}`), keys(source));
  assert.deepEqual(sample(listMutants("a.ts", "a++;"), 12).length, 1);
  const lines = sample(listMutants("a.ts", source), 12).map(({ line }) => line);
  assert.deepEqual(lines, lines.toSorted((a, b) => a - b));
});

Deno.test("every listed mistake changes one place of its file, and has a test file", async () => {
  for (const mutant of KNOWN) {
    const source = await readFile(`${ROOT}${mutant.file}`, "utf8");
    assert.notEqual(applyMutation(mutant, source), source);
    assert(existsSync(`${ROOT}${mutant.test}`), mutant.test);
  }
  assert.equal(new Set(KNOWN.map(({ wrong }) => wrong)).size, KNOWN.length);
  const [first] = KNOWN;
  assert.throws(() => applyMutation(first!, ""), /^Error: Cannot mutate .* occurs 0 times/);
});

Deno.test("every test file of a mutated file exists", () => {
  const subjects = listSubjects(ROOT);
  for (const test of new Set(subjects.flatMap(({ tests }) => tests))) {
    assert(existsSync(`${ROOT}${test}`), test);
  }
});

Deno.test("mergeRows() replaces rows, orders them, and drops those of files and mistakes that are gone", () => {
  const row = (file: string, tried: number) => ({ group: "g", file, mutants: 9, tried, unnoticed: [] });
  const known = (wrong: string, caughtBy: string | null) => ({ file: "f", wrong, caughtBy });
  const old = { files: [row("a", 1), row("b", 1), row("c", 1)], known: [known("x", null), known("y", "t")] };
  const judged = { files: [row("b", 2)], known: [known("x", "t")] };
  assert.deepEqual(mergeRows(old, judged, ["b", "a", "d"], ["x"]), {
    files: [row("b", 2), row("a", 1)],
    known: [known("x", "t")],
  });
});

Deno.test("docs/mutations.md is what the tables give; at least 90% of the mutants of each group are noticed", async () => {
  const { rtl, ts } = await readTables(ROOT);
  assert.equal(mutationPage(rtl, ts), await readFile(`${ROOT}${PAGE}`, "utf8"));
  for (const { wrong, caughtBy } of ts.known) assert.notEqual(caughtBy, null, wrong);
  for (const group of new Set(ts.files.map((row) => row.group))) {
    const rows = ts.files.filter((row) => row.group === group);
    const tried = rows.reduce((sum, row) => sum + row.tried, 0);
    const missed = rows.reduce((sum, row) => sum + row.unnoticed.length, 0);
    assert(tried - missed >= 0.9 * tried, `${group}: ${tried - missed} of ${tried}`);
  }
  for (const { file, unnoticed } of ts.files) {
    for (const { reason, text, replacement } of unnoticed) {
      assert.notEqual(reason, null, `${file}: ${text} → ${replacement}`);
      assert.equal(reason, reasonOf({ file, text, replacement }));
    }
  }
});
