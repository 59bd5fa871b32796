import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { jpegPhotos } from "../../scripts/bench/jpeg.ts";
import { bytesTable } from "../../scripts/jpeg_costs.ts";
import { longTest } from "../support/long.ts";

const page = readFileSync(new URL("../../docs/costs.md", import.meta.url), "utf8");

/** Cells of one of the page's tables. */
function cellsOf(name: string): string[][] {
  const text = page.split(`<!-- ${name} -->`)[1]!.split(`<!-- /${name} -->`)[0]!;
  return text.trim().split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

longTest("docs/costs.md has the bytes that `deno task bench:jpeg` prints", async () => {
  const table = bytesTable(await jpegPhotos());
  assert(page.includes(`\n\n${table}\n\n`), `the table is outdated: run the task\n${table}`);
});

Deno.test("docs/costs.md has times of the photographs of its bytes, and their sums are right", () => {
  const [bytes, times] = [cellsOf("bytes"), cellsOf("times")];
  assert.deepEqual(times.map((row) => row.slice(0, 2)), bytes.map((row) => row.slice(0, 2)));
  for (const [row, cells] of times.slice(2).entries()) {
    const [decode, shrunk, , , serialize, saved, decodeAtMost, link] = cells.slice(2, 10).map(
      Number,
    ) as number[];
    assert(Math.abs(shrunk! - decode! - serialize! - saved!) < 0.07, cells.join(" "));
    assert(Math.abs(shrunk! - serialize! - decodeAtMost!) < 0.07, cells.join(" "));
    const [jpeg, , sent] = bytes[row + 2]!.slice(2).map((cell) => Number.parseInt(cell));
    // Kilobytes a millisecond are 8e-3 Gb/s.
    const expected = 8e-3 * Math.max(0, sent! - jpeg!) / (shrunk! - serialize!);
    assert(Math.abs(link! - expected) <= 0.01 + 0.01 * expected, cells.join(" "));
  }
});
