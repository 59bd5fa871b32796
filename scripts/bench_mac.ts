/**
 * `deno task bench:mac`: what authentication of packets costs, in one run: the MAC beside others of `node:crypto` and
 * beside the packet's CRC, and the CPU time of an image through sender, NIC and receiver with and without it.
 *
 * @module
 */

import { createCipheriv, createHmac } from "node:crypto";
import process from "node:process";
import { compile } from "../kernels/compile.ts";
import { MODEL_PROFILE } from "../runtime/device/model.ts";
import { openNic } from "../runtime/network/nic.ts";
import { openReceiver } from "../runtime/network/receiver.ts";
import { openSender } from "../runtime/network/sender.ts";
import { PacketMac } from "../runtime/network/security/packet_mac.ts";
import { batchOf } from "../runtime/network/socket/batch.ts";
import { crc32c } from "../serialize/crc32c.ts";
import { tensor } from "../serialize/tensor.ts";
import { measure, median } from "./bench/measure.ts";
import { columnTable } from "./cli/text.ts";

/** Rounds with and without authentication, of which the median counts. */
const ROUNDS = 9;
/** Images of a round. */
const IMAGES = 4;
const PACKET_BYTES = 1408;

async function macs(): Promise<void> {
  const packet = Uint8Array.from({ length: PACKET_BYTES }, (_, n) => n);
  const batch = batchOf(Array(16).fill(packet));
  const key = new Uint8Array(32), nonce = new Uint8Array(12);
  const sender = new PacketMac(key, "request"), nic = new PacketMac(key, "request");
  // Datagrams are opened once each, so every run seals what it opens.
  const run = (isOpened: boolean) => () => {
    const { bytes, count, offsets, lengths } = sender.seal(batch);
    for (let n = 0; isOpened && n < count; n++) {
      nic.open(bytes.subarray(offsets[n]!, offsets[n]! + lengths[n]!));
    }
  };
  const timings = await measure([
    { name: "CRC-32C", run: () => void crc32c(packet) },
    { name: "seal", run: run(false) },
    { name: "seal and open", run: run(true) },
    { name: "HMAC-SHA-256", run: () => void createHmac("sha256", key).update(packet).digest() },
    {
      name: "AES-256-GCM",
      run: () => {
        const cipher = createCipheriv("aes-256-gcm", key, nonce);
        cipher.setAAD(packet);
        cipher.final();
        cipher.getAuthTag();
      },
    },
  ]);
  const [crc, seal, both, ...others] = timings.map(({ rounds }) => median(rounds)) as [
    number,
    number,
    number,
  ];
  const perPacket = [crc, seal / 16, (both - seal) / 16, ...others];
  const names = ["CRC-32C of the packet", "seal", "open", "HMAC-SHA-256 instead", "AES-256-GCM instead"];
  const rows = perPacket.map((us, n) => [names[n]!, us.toFixed(1), (us / perPacket[2]!).toFixed(2)]);
  console.log(columnTable([`one packet of ${PACKET_BYTES} bytes`, "us", "to open"], rows));
}

/** CPU time in milliseconds of images through all three parties, which share this process. */
async function images(authenticate: boolean): Promise<number> {
  const pixels = Uint8Array.from({ length: 720 * 1280 * 3 }, (_, n) => (n * 2_654_435_761) >>> 13);
  const image = tensor(pixels, { dtype: "u8", shape: [720, 1280, 3], layout: "HWC" });
  const plan = compile({ steps: [{ op: "resize", size: [224, 224] }] }, {
    input: image,
    device: MODEL_PROFILE,
  });
  const security = { authenticate };
  await using nic = await openNic({ security });
  await using receiver = await openReceiver({
    nic: nic.control,
    security,
    plans: [{ plan }],
    onOutput: () => {},
  });
  await using sender = await openSender({ nic: nic.control, receiver: receiver.control, security });
  const sent = await sender.open(plan);
  await sent.send(image);
  const before = process.cpuUsage();
  for (let n = 0; n < IMAGES; n++) await sent.send(image);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / IMAGES;
}

await macs();
const times: [number[], number[]] = [[], []];
for (let round = 0; round <= ROUNDS; round++) {
  for (const isOn of [0, 1] as const) {
    const ms = await images(isOn === 1);
    // The first round warms up.
    if (round > 0) times[isOn].push(ms);
  }
}
const [plain, sealed] = times.map((each) => median(each)) as [number, number];
console.log();
console.log(columnTable(["CPU of an image of 1280x720 to 224x224, all parties", "ms", "to plain"], [
  ["plain packets", plain.toFixed(1), "1.00"],
  ["authenticated packets", sealed.toFixed(1), (sealed / plain).toFixed(2)],
]));
