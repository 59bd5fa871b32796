import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import { openNic } from "../../../runtime/network/nic.ts";
import { openReceiver, type ReceiverOptions } from "../../../runtime/network/receiver.ts";
import { openSender, type SentPlan } from "../../../runtime/network/sender.ts";
import type { ImagePlan } from "../../../kernels/image/plan/plan.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { refusal } from "../../support/failure.ts";

const SHAPE = [24, 32, 3];
const image = tensor(new Uint8Array(24 * 32 * 3).fill(7), { dtype: "u8", shape: SHAPE, layout: "HWC" });

/** Runs a test on a path of three parties over loopback. */
async function onPath(
  options: Pick<ReceiverOptions, "onOutput" | "maxInputs">,
  run: (images: SentPlan<ImagePlan>) => Promise<void>,
): Promise<void> {
  const plan = compile({ steps: [{ op: "resize", size: [16, 16] }] }, {
    input: image,
    device: MODEL_PROFILE,
  });
  await using nic = await openNic();
  await using receiver = await openReceiver({ nic: nic.control, plans: [{ plan }], ...options });
  await using sender = await openSender({ nic: nic.control, receiver: receiver.control });
  await run(await sender.open(plan));
}

Deno.test("Sender.send() gives back the places of inputs that are given up before the receiver answers", async () => {
  await onPath({ onOutput: () => {}, maxInputs: 4 }, async (images) => {
    for (let n = 0; n < 12; n++) {
      const controller = new AbortController();
      const sending = images.send(image, { signal: controller.signal });
      controller.abort(new Error("given up"));
      await assert.rejects(sending, /given up/);
      await assert.rejects(images.send(image, { timeoutMs: NaN }), refusal("size"));
      // Each of them leaves in time for the next one; a place that is kept would stay for good.
      await images.send(image);
    }
  });
});

Deno.test("Sender.send() fails at once where the receiver's program does, which still sees its own error", async () => {
  const defects: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    defects.push(event.reason);
  };
  addEventListener("unhandledrejection", note);
  try {
    const failures: (() => void | Promise<void>)[] = [
      () => {
        throw new Error("private");
      },
      () => Promise.reject(new Error("private")),
      () => {},
    ];
    await onPath({ onOutput: () => failures.shift()!() }, async (images) => {
      for (let n = 0; n < 2; n++) {
        await assert.rejects(images.send(image), (error: Error) => {
          assert.match(error.message, /the receiver's program failed$/);
          assert(!error.message.includes("private"));
          return true;
        });
      }
      await images.send(image);
    });
  } finally {
    removeEventListener("unhandledrejection", note);
  }
  assert.deepEqual(defects.map(String), ["Error: private", "Error: private"]);
});
