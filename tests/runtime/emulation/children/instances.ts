/**
 * Two instances of each kernel on one card, which two devices run at the same time.
 */

import assert from "node:assert/strict";
import type { ImagePipeline } from "../../../../kernels/image/pipeline.ts";
import { referencePipeline } from "../../../../kernels/image/reference.ts";
import { compile } from "../../../../kernels/compile.ts";
import { emulatedXclbin } from "../../../../runtime/device/emulation/image.ts";
import { createRtlDevice } from "../../../../runtime/device/rtl/device.ts";
import { createXrtOffload } from "../../../../runtime/device/xrt/device/card_device.ts";
import { Session } from "../../../../runtime/session.ts";
import { startEmulation } from "../../../../scripts/emulation/emulation.ts";
import { refusal } from "../../../support/failure.ts";
import { noise } from "../../../support/images.ts";
import { sameTensor } from "../../helpers.ts";
import { PROGRAM } from "./cards.ts";

Deno.test("two instances of one kernel run two plans at the same time, each with its own counts", async () => {
  const image = noise(1, 60, 80, 3, 1);
  const sizes = [[40, 56], [72, 24], [16, 16]] as const;
  const pipelines = sizes.map((size): ImagePipeline => ({ steps: [{ op: "resize", size }] }));
  await using emulation = await startEmulation({
    program: PROGRAM,
    xclbin: emulatedXclbin({ instances: 2 }),
  });
  await using card = await emulation.open();
  const { gone, giveUp } = card;
  const devices = [0, 1].map((instance) => {
    const device = card.device.lend();
    return createXrtOffload({ device, instance, gone, giveUp, close: () => Promise.resolve(device.close()) });
  });
  const plans = pipelines.map((pipeline) => compile(pipeline, { input: image, device: devices[0]! }));
  const sessions = await Promise.all(
    devices.map((device, at) => Session.open(plans[at]!, device)),
  );
  for (let round = 0; round < 3; round++) {
    const runs = await Promise.all(sessions.map((session) => session.run(image)));
    runs.forEach(({ output }, at) => sameTensor(output, referencePipeline(pipelines[at]!, image)));
  }
  // What each has counted is what the RTL counts of its plan alone.
  for (const [at, device] of devices.entries()) {
    await using rtl = await createRtlDevice();
    const session = await Session.open(compile(pipelines[at]!, { input: image, device: rtl }), rtl);
    for (let round = 0; round < 3; round++) await session.run(image);
    assert(rtl.counters().packets > 0);
    assert.equal(device.counters().packets, rtl.counters().packets);
    assert.deepEqual(device.counters().dropped, rtl.counters().dropped);
  }
  // A new plan on one of them leaves the other one's tables.
  const last = await Session.open(plans[2]!, devices[1]!);
  const [first, other] = await Promise.all([sessions[0]!.run(image), last.run(image)]);
  sameTensor(first.output, referencePipeline(pipelines[0]!, image));
  sameTensor(other.output, referencePipeline(pipelines[2]!, image));
  const third = createXrtOffload({ device: card.device.lend(), instance: 2, gone, giveUp });
  await assert.rejects(Session.open(plans[0]!, third), refusal("device"));
  await assert.rejects(
    Session.open(plans[0]!, third),
    /^OnpathError: Cannot load a plan: it needs instance 2 of onpath_image_host, the card's xclbin has 2$/,
  );
  assert.throws(() => createXrtOffload({ device: card.device, instance: -1 }), refusal("size"));
  assert.throws(() => emulatedXclbin({ instances: 0 }), refusal("size"));
  for (const device of [...devices, third]) await device.close();
});
