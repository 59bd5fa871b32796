/**
 * What an exchange asks of XRT, counted in the mode that computes nothing.
 */

import assert from "node:assert/strict";
import type { ImagePipeline } from "../../../../kernels/image/pipeline.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { emulatedXclbin } from "../../../../runtime/device/emulation/image.ts";
import { createCardPackets } from "../../../../runtime/device/xrt/device/card_packets.ts";
import { linkXrtRoot } from "../../../../runtime/device/xrt/binding/environment.ts";
import type { Provider } from "../../../../runtime/device/xrt/binding/native.ts";
import { XrtDevice } from "../../../../runtime/device/xrt/binding/device.ts";
import { denoProvider } from "../../../../runtime/device/xrt/binding/deno_provider.ts";
import { referencePipeline } from "../../../../kernels/image/reference.ts";
import { compile } from "../../../../kernels/compile.ts";
import { Session } from "../../../../runtime/session.ts";
import { createNoopCard } from "../../../../scripts/bench/noop_card.ts";
import { createEngine } from "../../../../serialize/engine.ts";
import { reserveSlots } from "../../../../serialize/packets.ts";
import { noise } from "../../../support/images.ts";
import { sameTensor } from "../../helpers.ts";

const PIPELINE: ImagePipeline = { steps: [{ op: "resize", size: [8, 8] }] };

/** Counts calls by their names. */
function counting(counts: Record<string, number>): Provider {
  return {
    ...denoProvider,
    load: (path, symbols) => {
      const { calls, tasks, close } = denoProvider.load(path, symbols);
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
      return { calls: counted(calls), tasks: counted(tasks), close };
    },
  };
}

/** Runs work with a card that computes nothing, and with the number of its calls. */
async function withCard(
  work: (device: XrtDevice, counts: Record<string, number>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "onpath-noop-"));
  try {
    linkXrtRoot(join(folder, "root"));
    Object.assign(process.env, { XCL_EMULATION_MODE: "noop", XILINX_XRT: join(folder, "root") });
    const counts: Record<string, number> = {};
    using device = await XrtDevice.open({ provider: counting(counts) });
    await work(device, counts);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What so many runs of one packet may call, and nothing else: two moves, a start, four numbers. */
function checkCalls(counts: Readonly<Record<string, number>>, times: number): void {
  const { xrtBOSync, xrtRunStart, xrtRunState, xrtRunWaitFor, ...others } = counts;
  assert.deepEqual([xrtBOSync, xrtRunStart], [2 * times, times]);
  assert(xrtRunState! <= 2 * times && xrtRunWaitFor! <= 2 * times);
  const set = Object.entries(others);
  assert(set.every(([name]) => name.startsWith("xrtRunSetArg")), JSON.stringify(others));
  assert.equal(set.reduce((sum, [, count]) => sum + count, 0), 4 * times);
}

function forget(counts: Record<string, number>): void {
  for (const name of Object.keys(counts)) delete counts[name];
}

Deno.test("an exchange is two moves and a start, and allocates nothing after the first one", () =>
  withCard(async (device, counts) => {
    await device.load(emulatedXclbin());
    const packets = createCardPackets(
      device,
      device.kernel("onpath_packets:{packets_onpath_image_host_0}", { exclusive: true }),
    );
    const engine = createEngine(2 ** 20);
    const exchange = {
      input: reserveSlots(engine, 8, 1344),
      count: 4,
      output: reserveSlots(engine, 8, 1344),
    };
    await packets.exchange(exchange, 1, {});
    forget(counts);
    const times = 1000;
    for (let n = 0; n < times; n++) {
      // Nothing is computed: the status says that there is no answer.
      assert.deepEqual(await packets.exchange(exchange, 1, {}), { answers: 0, bytes: 0 });
    }
    checkCalls(counts, times);
  }));

Deno.test("a run of a whole session asks no more of XRT than its exchange does", () =>
  withCard(async (card, counts) => {
    await using device = await createNoopCard(card);
    const image = noise(1, 8, 8, 3, 1);
    const session = await Session.open(compile(PIPELINE, { input: image, device }), device);
    const expected = referencePipeline(PIPELINE, image);
    sameTensor((await session.run(image)).output, expected);
    forget(counts);
    const times = 200;
    for (let n = 0; n < times; n++) sameTensor((await session.run(image)).output, expected);
    checkCalls(counts, times);
  }));
