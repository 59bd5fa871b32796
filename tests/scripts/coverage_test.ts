import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { takePoints } from "../../scripts/rtl/coverage_build.ts";
import { coverageDocument, markUnmeasured, replaceRows } from "../../scripts/rtl/coverage_document.ts";
import { coverageReason } from "../../scripts/rtl/coverage_reasons.ts";
import { coverageByModule, joinBits, percent } from "../../scripts/rtl/coverage_report.ts";

/** Lines as Verilator 5.006 writes them. */
const SOURCE = `
    vlSelf->__vlCoverInsert(&(vlSymsp->__Vcoverage[0]), first, "rtl/a.sv", 9, 26, ".top", "v_toggle/top", "word[3]", "");
    vlSelf->__vlCoverInsert(&(vlSymsp->__Vcoverage[1]), first, "rtl/b.sv", 2, 7, ".top.u", "v_branch/fifo__W1a", "if", "102");
    vlSelf->__vlCoverInsert(&(vlSymsp->__Vcoverage[2]), first, "rtl/b.sv", 2, 8, ".top.u", "v_branch/fifo__W1a", "else", "");
    vlSelf->__vlCoverInsert(&(vlSymsp->__Vcoverage[3]), first, "rtl/b.sv", 2, 8, ".top.v", "v_branch/fifo__W2", "else", "");
    other();
`;

Deno.test("takePoints() takes every point out of Verilator's C++, with its module and kind", () => {
  const { points, rest } = takePoints(SOURCE);
  assert.deepEqual(points.map(({ counter }) => counter), [0, 1, 2, 3]);
  assert.deepEqual(points[1], {
    counter: 1,
    file: "b.sv",
    line: 2,
    column: 7,
    kind: "line",
    module: "fifo",
    what: "if",
  });
  assert.equal(points[0]!.kind, "toggle");
  assert.equal(rest.trim(), "other();");
});

Deno.test("coverageByModule() counts a block as reached when it is in any instance, and names the others", () => {
  const { points } = takePoints(SOURCE);
  const modules = coverageByModule([{ points, counts: Float64Array.of(0, 0, 0, 4) }]);
  assert.deepEqual(modules, [
    {
      module: "fifo",
      lines: { reached: 1, all: 2 },
      toggles: { reached: 0, all: 0 },
      unreached: [{ file: "b.sv", line: 2, what: "if" }],
      still: [],
    },
    {
      module: "top",
      lines: { reached: 0, all: 0 },
      toggles: { reached: 0, all: 1 },
      unreached: [],
      still: ["word[3]"],
    },
  ]);
  const other = { points, counts: Float64Array.of(1, 1, 0, 0) };
  const both = coverageByModule([{ points, counts: Float64Array.of(0, 0, 0, 4) }, other]);
  assert(both.every(({ lines, toggles }) => lines.reached === lines.all && toggles.reached === toggles.all));
  const page = coverageDocument(modules, new Map([["b.sv", ["", "  if (full) begin"]]]));
  assert.match(page, /^\| fifo {3}\| {6}2 \| {3}50\.0% \|/m);
  assert.match(page, /^- `fifo`, b\.sv:2, if: `if \(full\) begin`$/m);
});

Deno.test("joinBits() and percent() shorten without rounding up", () => {
  assert.deepEqual(joinBits(["a[3]", "a[4]", "b", "a[5]", "a[9]"]), ["a[5:3]", "a[9]", "b"]);
  assert.equal(percent({ reached: 9999, all: 10000 }), "99.9%");
  assert.equal(percent({ reached: 3, all: 3 }), "100.0%");
  assert.equal(percent({ reached: 0, all: 0 }), "-");
});

Deno.test("markUnmeasured() adds a row for each new module, in order, and changes no other", () => {
  const { points } = takePoints(SOURCE);
  const page = coverageDocument(
    coverageByModule([{ points, counts: Float64Array.of(0, 0, 0, 4) }]),
    new Map([["b.sv", new Array<string>(9).fill("x")]]),
  );
  const marked = markUnmeasured(page, ["fifo", "alpha", "zeta"]);
  const added = marked.split("\n").filter((line) => !page.split("\n").includes(line));
  assert.deepEqual(added.map((line) => line.split("|").slice(1, 3).map((cell) => cell.trim())), [
    ["alpha", "open"],
    ["zeta", "open"],
  ]);
  assert(
    marked.indexOf("| alpha") < marked.indexOf("| fifo") &&
      marked.indexOf("| zeta") > marked.indexOf("| fifo"),
  );
  assert.equal(markUnmeasured(marked, ["fifo", "alpha", "zeta"]), marked);
});

Deno.test("docs/rtl_coverage.md has every module of the RTL", async () => {
  const folder = new URL("../../kernels/rtl/", import.meta.url);
  const page = await readFile(new URL("../../docs/rtl_coverage.md", import.meta.url), "utf8");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".sv"));
  assert(files.length > 25);
  for (const file of files) {
    for (const [, module] of (await readFile(new URL(file, folder), "utf8")).matchAll(/^module (\w+)/gm)) {
      assert.match(
        page,
        new RegExp(`^\\| ${module} `, "m"),
        `${module} is not in the page: run deno task coverage`,
      );
    }
  }
});

Deno.test("replaceRows() writes rows, the sum and their blocks, and changes no other row", () => {
  const { points } = takePoints(SOURCE);
  const modules = coverageByModule([{ points, counts: Float64Array.of(1, 0, 0, 4) }]);
  const sources = new Map([["b.sv", ["", "  if (full) begin"]]]);
  const [fifo, top] = [modules.slice(0, 1), modules.slice(1)];
  const page = markUnmeasured(coverageDocument(fifo, sources), ["fifo", "top", "zeta"]);
  const rowsOf = (page: string) =>
    page.split("\n").filter((line) => /^\| (fifo|top|zeta|all) /.test(line)).map((line) =>
      line.split("|").slice(1, -1).map((cell) => cell.trim())
    );
  const blocksOf = (page: string) => page.split("\n").filter((line) => line.startsWith("- `"));
  const filled = replaceRows(page, top, sources);
  assert.deepEqual(rowsOf(filled), [
    ["fifo", "2", "50.0%", "0", "-"],
    ["top", "0", "-", "1", "100.0%"],
    ["zeta", "open", "-", "-", "-"],
    ["all", "2", "50.0%", "1", "100.0%"],
  ]);
  assert.equal(blocksOf(filled).length, 1);
  assert.equal(replaceRows(filled, modules, sources), filled);
  // A block that is entered now leaves the list, with the lines that it was wrapped to.
  const entered = [{ ...fifo[0]!, lines: { reached: 2, all: 2 }, unreached: [] }];
  const wrapped = filled.replace(" if: `", " if:\n  `");
  assert.notEqual(wrapped, filled);
  for (const before of [filled, wrapped]) {
    const all = replaceRows(before, entered, sources);
    assert.deepEqual(rowsOf(all)[0], ["fifo", "2", "100.0%", "0", "-"]);
    assert.deepEqual(blocksOf(all), []);
    assert.match(all, /^None\.$/m);
    assert.equal(replaceRows(all, fifo, sources), filled);
  }
});

Deno.test("coverageReason() gives the reason of a block by its text, or of all blocks of a file", () => {
  const block = { line: 1, what: "else" };
  assert.match(coverageReason({ ...block, file: "crc32c_beat.sv" }, "any")!, /elaboration/);
  const text = "  else if (s_axi_control_bready) s_axi_control_bvalid <= 1'b0;";
  assert.match(coverageReason({ ...block, file: "axil_control.sv" }, text)!, /proof/);
  assert.equal(coverageReason({ ...block, file: "axil_control.sv" }, "x"), undefined);
});
