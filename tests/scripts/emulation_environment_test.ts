import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { checkFreeSpace, commandOf } from "../../scripts/emulation/environment.ts";
import { refusal } from "../support/failure.ts";

const PROGRAM = new URL("../../scripts/emulate.ts", import.meta.url);

Deno.test("commandOf() takes the versions of a checkout's lock file, and none elsewhere", async () => {
  const words = commandOf(PROGRAM);
  assert(words.includes("--frozen") && !words.includes("--no-lock"), words.join(" "));
  const folder = await mkdtemp(join(tmpdir(), "command-"));
  try {
    const path = join(folder, "emulate.js");
    await writeFile(path, "");
    const elsewhere = commandOf(pathToFileURL(path));
    assert(elsewhere.includes("--no-lock") && !elsewhere.includes("--frozen"), elsewhere.join(" "));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Whether this user may have a network of its own, which has nothing in it. */
const HAS_UNSHARE = spawnSync("unshare", ["-rn", "true"]).status === 0;

Deno.test({
  name: "a device process of a checkout starts without a network" +
    (HAS_UNSHARE ? "" : " (skipped: unshare -rn, of util-linux, is missing or not permitted)"),
  ignore: !HAS_UNSHARE,
  fn: () => {
    // Without arguments it refuses by itself, once all of it is loaded.
    const { status, stderr } = spawnSync("unshare", ["-rn", ...commandOf(PROGRAM)], {
      encoding: "utf8",
      env: { ...Deno.env.toObject(), NO_COLOR: "1" },
      timeout: 60_000,
    });
    assert.equal(status, 1, stderr);
    assert.match(stderr, /--listen, --connect or --spawned/);
    assert.doesNotMatch(stderr, /Download/);
  },
});

Deno.test("checkFreeSpace() refuses a folder that is full and takes the temporary one", () => {
  checkFreeSpace(tmpdir());
  // No byte of /proc can be written.
  assert.throws(() => checkFreeSpace("/proc"), refusal("device", /\/proc has 0 bytes free.* set TMPDIR/));
});
