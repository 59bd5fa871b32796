import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addsToName, checkDocumentation } from "../../scripts/check/documentation.ts";
import { IS_LONG_SUITE } from "../support/long.ts";

/** What is found in one entry, as level, line and message. */
async function findings(text: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-documentation-"));
  try {
    await writeFile(join(folder, "deno.json"), "{}");
    await writeFile(join(folder, "mod.ts"), text);
    return checkDocumentation(folder, ["mod.ts"]).map(({ level, at, message }) =>
      `${level} ${at} ${message}`
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

const HEAD = "/**\n * What a test documents.\n *\n * @module\n */\n\n";

Deno.test("checkDocumentation() takes documented exports", async () => {
  const text = "/** How many packets a flow has. */\nexport const PACKETS = 3;\n";
  assert.deepEqual(await findings(HEAD + text), []);
});

Deno.test("checkDocumentation() finds an export without documentation", async () => {
  const text = "/** How many packets a flow has. */\nexport const PACKETS = 3;\nexport const SLOTS = 4;\n";
  const [found, ...others] = await findings(HEAD + text);
  assert.match(found!, /^error deno doc --lint finds:[^]*missing-jsdoc/);
  assert.deepEqual(others, []);
});

Deno.test("checkDocumentation() takes no module documentation for a symbol's", async () => {
  assert.deepEqual(await findings(`${HEAD}export const PACKETS = 3;\n`), [
    'error mod.ts:7 "PACKETS" is documented as "", which only repeats its name',
  ]);
});

Deno.test("checkDocumentation() finds documentation that repeats the name", async () => {
  const text = "/** The slot count. */\nexport const SLOT_COUNT = 3;\n" +
    "/** What a run did. */\nexport interface Report {\n  /** The sent. */\n  readonly sent: number;\n}\n";
  assert.deepEqual(await findings(HEAD + text), [
    'error mod.ts:8 "SLOT_COUNT" is documented as "The slot count.", which only repeats its name',
    'warning mod.ts:12 "sent" is documented as "The sent.", which only repeats its name',
  ]);
});

Deno.test("checkDocumentation() asks for module documentation", async () => {
  const found = await findings("/** How many packets a flow has. */\nexport const PACKETS = 3;\n");
  assert(found.some((line) => line.endsWith("has no module documentation")), found.join("\n"));
});

Deno.test("addsToName() compares words, not letters", () => {
  assert.equal(addsToName("countElements", "Count elements."), false);
  assert.equal(addsToName("countElements", "The element count"), false);
  assert.equal(addsToName("MAX_AXIS", ""), false);
  assert.equal(addsToName("countElements", "Counts the elements of a shape."), true);
});

if (!IS_LONG_SUITE) {
  Deno.test({
    name: "examples in the documentation run (skipped: long, see test:all)",
    ignore: true,
    fn: () => {},
  });
}
