import assert from "node:assert/strict";
import { clockTime, columnTable, factTable, visible, wrapWords } from "../../scripts/cli/text.ts";

const WORDS = "a warning: more bytes go to the device than the image has, word by word";
const LONG = "an-identifier-that-is-longer-than-any-column-of-the-table-is-wide";

/** The words of a table, in order of appearance. */
function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "" && !/^-+$/.test(word)).sort();
}

Deno.test("wrapWords() breaks between words, and keeps a word that is longer than the line", () => {
  assert.equal(wrapWords("one two three", 7), "one two\nthree");
  assert.equal(wrapWords("one two", 7), "one two");
  assert.equal(wrapWords(`see ${LONG} there`, 10), `see\n${LONG}\nthere`);
  assert.equal(wrapWords("a\nb c", 2), "a\nb\nc");
});

Deno.test("clockTime() has microseconds below a millisecond", () => {
  assert.equal(clockTime(459, 250), "1.8 \u00b5s");
  assert.equal(clockTime(367_670, 250), "1.5 ms");
});

Deno.test("factTable() stays in 80 columns and in 100 without breaking a word", () => {
  const rows = [["layout", [WORDS, `${WORDS} ${WORDS}`]], ["id", "7"]] as const;
  for (const [width, most] of [[80, 80], [500, 100]] as const) {
    const table = factTable(rows, width);
    assert(Math.max(...table.split("\n").map((line) => line.length)) <= most);
    assert.deepEqual(words(table), words(`layout ${WORDS} ${WORDS} ${WORDS} id 7`));
  }
});

Deno.test("columnTable() wraps text, then splits columns, and repeats those that name a row", () => {
  const head = ["from", "to", ...Array.from({ length: 9 }, (_, at) => `column ${at}`)];
  const rows = [1, 2].map((row) => [
    `${row}x`,
    row,
    WORDS,
    ...Array.from({ length: 8 }, (_, at) => 1e9 * row + at),
  ]);
  const table = columnTable(head, rows, { width: 80, keys: 2 });
  assert(Math.max(...table.split("\n").map((line) => line.length)) <= 80, table);
  const parts = table.split("\n\n");
  assert(parts.length > 1);
  for (const part of parts) assert(/^from +to /.test(part) && /^2x +2 /m.test(part), part);
  for (const word of [...words(WORDS), "1,000,000,007", "2,000,000,003"]) assert(table.includes(word), word);
  // A pipe has no width: one table, one line a row.
  const whole = columnTable(head, rows, { width: Infinity, keys: 2 });
  assert.equal(whole.split("\n").length, 2 + rows.length + 1);
  // A word that is wider than the terminal stays whole.
  assert(columnTable(["name", "what"], [[LONG, WORDS]], { width: 40 }).includes(LONG));
});

Deno.test("visible() shows control characters, so that a name cannot break a table or a terminal", () => {
  assert.equal(visible("x\ny\t\u001b[31m\u007f\u009b"), "x\\ny\\t\\u001b[31m\\u007f\\u009b");
  assert.equal(visible('Zürich, 北京 "a"'), 'Zürich, 北京 "a"');
});
