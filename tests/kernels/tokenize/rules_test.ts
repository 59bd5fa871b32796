import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MERGE_RULES } from "../../../serialize/text/rules.ts";
import { compareRules, RULE_PAYLOADS, RULE_VOCABULARIES, ruleDocuments } from "./rules.ts";
import { longTest } from "../../support/long.ts";

const page = readFileSync(new URL("../../../docs/text_rules.md", import.meta.url), "utf8");

/** Cells of the page's table by rule and payload. */
const cells = new Map(
  page.split("\n").filter((line) => /^\| \S.*\| +\d+ \|/.test(line)).map((line) => {
    const [rule, payload, ...wrong] = line.split("|").slice(1, -1).map((cell) => cell.trim());
    return [`${rule} ${payload}`, wrong.map(Number)];
  }),
);

Deno.test("docs/text_rules.md: sessions get no document wrong, every other rule some", () => {
  assert.equal(cells.size, (MERGE_RULES.length + 2) * RULE_PAYLOADS.length);
  for (const payload of RULE_PAYLOADS) {
    for (const own of ["confirmed pieces", "state on the device"]) {
      assert.deepEqual(cells.get(`${own} ${payload}`), RULE_VOCABULARIES.map(() => 0));
    }
    for (const rule of MERGE_RULES) {
      assert(cells.get(`${rule} ${payload}`)!.some((wrong) => wrong > 0), `${rule} at ${payload}`);
    }
  }
});

longTest("docs/text_rules.md has what the comparison gives: r50k_base", async () => {
  const documents = ruleDocuments();
  assert(page.includes(`Documents of ${documents.length} whose`));
  for (const { rule, payload, wrong } of await compareRules("r50k_base", documents)) {
    assert.equal(cells.get(`${rule} ${payload}`)![0], wrong.r50k_base, `${rule} at ${payload}`);
  }
});
