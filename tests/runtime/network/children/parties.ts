/**
 * Sends an image and a text from a sender through a NIC to a receiver, past a relay that loses. Prints what arrived as
 * JSON. Runs in Node.
 */

import { compile } from "../../../../kernels/compile.ts";
import { MODEL_PROFILE } from "../../../../runtime/device/model.ts";
import { openNic } from "../../../../runtime/network/nic.ts";
import { openReceiver } from "../../../../runtime/network/receiver.ts";
import { openRelay } from "../../../../runtime/network/relay.ts";
import { openSender } from "../../../../runtime/network/sender.ts";
import { tensor } from "../../../../serialize/tensor.ts";

const image = tensor(Uint8Array.from({ length: 60 * 80 * 3 }, (_, at) => (at * 7919) & 255), {
  dtype: "u8",
  shape: [60, 80, 3],
  layout: "HWC",
});
const plan = compile({ steps: [{ op: "resize", size: [40, 50] }] }, { input: image, device: MODEL_PROFILE });
const results: number[][] = [];
const nic = await openNic();
const relay = await openRelay({ to: nic.data, seed: 3, loss: 0.1, duplication: 0.05, reordering: 0.1 });
const receiver = await openReceiver({
  nic: nic.control,
  plans: [{ plan }],
  onOutput: ({ output }) => void results.push([...output.data as Uint8Array]),
});
const sender = await openSender({ nic: nic.control, receiver: receiver.control, data: relay.local });
const images = await sender.open(plan);
await images.send(image, { label: "image" });
const { lost } = relay.counts;
for (const each of [sender, receiver, relay, nic]) await each.close();
console.log(JSON.stringify({ results, lost }));
