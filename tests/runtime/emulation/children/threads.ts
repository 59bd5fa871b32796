/**
 * Threads and files of this process while cards are opened, lost and closed again and again.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { compile } from "../../../../kernels/compile.ts";
import { offload } from "../../../../runtime/offload.ts";
import { refusal } from "../../../support/failure.ts";
import { noise } from "../../../support/images.ts";
import { settle } from "../../helpers.ts";
import { openDevice, testEnd, theEmulation } from "./cards.ts";

const IMAGE = noise(1, 20, 30, 3, 1);
/** Cards of a test; 100 with ONPATH_CARDS=100. */
const CARDS = Number(process.env["ONPATH_CARDS"] ?? 4);
const TIMEOUT_MS = 20_000;

/** Threads that XRT has started: Deno's own are named otherwise, and come and go. */
function threadsOfXrt(): number {
  const names = readdirSync("/proc/self/task").map((thread) => {
    try {
      return readFileSync(`/proc/self/task/${thread}/comm`, "utf8").trim();
    } catch (error) {
      // It has ended meanwhile.
      if ((error as { code?: string }).code === "ENOENT" || (error as { code?: string }).code === "ESRCH") {
        return "";
      }
      throw error;
    }
  });
  return names.filter((name) => name === "deno").length;
}

const filesOf = () => readdirSync("/proc/self/fd").length;

/** Opens a card, runs an image, loses the card where a fault says so, and closes it. */
async function useCard(faults: string | undefined, index: number): Promise<void> {
  const { device } = await openDevice({ faults, index });
  const plan = compile({ steps: [{ op: "resize", size: [40, 40] }] }, {
    input: IMAGE,
    device,
    layout: "cells",
  });
  const run = offload(plan, IMAGE, device, { timeoutMs: TIMEOUT_MS });
  if (faults === undefined) await run;
  else await assert.rejects(run, refusal("device", /card is gone/));
  await device.close();
}

for (const [what, faults] of [["closed", undefined], ["lost", "death"]] as const) {
  Deno.test(`${CARDS} cards that are opened and ${what} leave no thread, no file and no folder's entry`, async () => {
    const { folder } = await theEmulation();
    await useCard(faults, 0);
    const before = { threads: threadsOfXrt(), entries: readdirSync(folder).length };
    const files = filesOf();
    for (let card = 0; card < CARDS; card++) await useCard(faults, 0);
    await settle();
    assert.deepEqual({ threads: threadsOfXrt(), entries: readdirSync(folder).length }, before);
    assert(filesOf() <= files + 2, `${filesOf()} files are open, ${files} were`);
  });
}

Deno.test("a card that is lost and opened again beside one at work leaves that one as it is", async () => {
  const other = await openDevice({ index: 1 });
  const before = threadsOfXrt();
  for (let card = 0; card < 3; card++) await useCard("death", 0);
  const { device } = other;
  const plan = compile({ steps: [{ op: "resize", size: [40, 40] }] }, {
    input: IMAGE,
    device,
    layout: "cells",
  });
  await offload(plan, IMAGE, device, { timeoutMs: TIMEOUT_MS });
  // The other card's first run may bring its own.
  assert(threadsOfXrt() <= before + 1);
  await device.close();
});

testEnd();
