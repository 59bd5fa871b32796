/**
 * What an exchange asks of XRT, counted in the mode that computes nothing.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { emulatedXclbin } from "../../../../runtime/device/emulation/mod.ts";
import {
  createCardPackets,
  linkXrtRoot,
  type Provider,
  XrtDevice,
} from "../../../../runtime/device/xrt/mod.ts";
import { denoProvider } from "../../../../runtime/device/xrt/deno_provider.ts";
import { createEngine, reserveSlots } from "../../../../serialize/mod.ts";

/** Counts calls by their names. */
function counting(counts: Record<string, number>): Provider {
  return {
    ...denoProvider,
    load: (path, symbols) => {
      const { calls, tasks } = denoProvider.load(path, symbols);
      const counted = <T extends object>(functions: T): T =>
        Object.fromEntries(
          Object.entries(functions).map(([name, call]) => [
            name,
            call && ((...values: unknown[]) => {
              counts[name] = (counts[name] ?? 0) + 1;
              return call(...values);
            }),
          ]),
        ) as T;
      return { calls: counted(calls), tasks: counted(tasks) };
    },
  };
}

Deno.test("an exchange is two moves and a start, and allocates nothing after the first one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "onpath-noop-"));
  try {
    linkXrtRoot(join(folder, "root"));
    Object.assign(process.env, { XCL_EMULATION_MODE: "noop", XILINX_XRT: join(folder, "root") });
    const counts: Record<string, number> = {};
    using device = await XrtDevice.open({ provider: counting(counts) });
    await device.load(emulatedXclbin());
    const packets = createCardPackets(
      device,
      device.kernel("onpath_packets:{packets_onpath_image_0}", { exclusive: true }),
    );
    const engine = createEngine(2 ** 20);
    const exchange = {
      input: reserveSlots(engine, 8, 1344),
      count: 4,
      output: reserveSlots(engine, 8, 1344),
    };
    await packets.exchange(exchange, 1, {});
    for (const name of Object.keys(counts)) delete counts[name];
    const times = 1000;
    for (let n = 0; n < times; n++) {
      // Nothing is computed: the status says that there is no answer.
      assert.deepEqual(await packets.exchange(exchange, 1, {}), { answers: 0, bytes: 0 });
    }
    const { xrtBOSync, xrtRunStart, xrtRunState, xrtRunWaitFor, ...others } = counts;
    assert.deepEqual([xrtBOSync, xrtRunStart], [2 * times, times]);
    assert(xrtRunState! <= 2 * times && xrtRunWaitFor! <= 2 * times);
    // Four numbers are set; nothing else is called.
    const set = Object.entries(others);
    assert(set.every(([name]) => name.startsWith("xrtRunSetArg")), JSON.stringify(others));
    assert.equal(set.reduce((sum, [, count]) => sum + count, 0), 4 * times);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
