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
import { median } from "./bench/measure.ts";
import { columnTable } from "./cli/text.ts";

/** Rounds with and without authentication, of which the median counts. */
const ROUNDS = 9;
/** Images of a round. */
const IMAGES = 4;
const PACKET_BYTES = 1408;

/** CPU time in microseconds of a run, the median of all rounds. */
function cpuOf(candidates: Readonly<Record<string, () => void>>, runs: number): Record<string, number> {
  const times = Object.fromEntries(Object.keys(candidates).map((name) => [name, [] as number[]]));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [name, run] of Object.entries(candidates)) {
      const before = process.cpuUsage();
      for (let n = 0; n < runs; n++) run();
      const { user, system } = process.cpuUsage(before);
      // The first round warms up.
      if (round > 0) times[name]!.push((user + system) / runs);
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, rounds]) => [name, median(rounds)]));
}

function macs(): void {
  const packet = Uint8Array.from({ length: PACKET_BYTES }, (_, n) => n);
  const batch = batchOf(Array(16).fill(packet));
  const key = new Uint8Array(32), nonce = new Uint8Array(12);
  const sender = new PacketMac(key, "request"), nic = new PacketMac(key, "request");
  const times = cpuOf({
    crc: () => {
      for (let n = 0; n < 16; n++) crc32c(packet);
    },
    seal: () => void sender.seal(batch),
    // Each datagram is opened once, so this seals it too.
    both: () => {
      const { bytes, count, offsets, lengths } = sender.seal(batch);
      for (let n = 0; n < count; n++) nic.open(bytes.subarray(offsets[n]!, offsets[n]! + lengths[n]!));
    },
    hmac: () => {
      for (let n = 0; n < 16; n++) createHmac("sha256", key).update(packet).digest();
    },
    gcm: () => {
      for (let n = 0; n < 16; n++) {
        const cipher = createCipheriv("aes-256-gcm", key, nonce);
        cipher.setAAD(packet);
        cipher.final();
        cipher.getAuthTag();
      }
    },
  }, 400);
  const seal = times["seal"]!;
  const rows = [
    ["CRC-32C of the packet", times["crc"]!],
    ["seal", seal],
    ["open", times["both"]! - seal],
    ["HMAC-SHA-256, the MAC alone", times["hmac"]!],
    ["AES-256-GCM, the MAC alone", times["gcm"]!],
  ] as const;
  const cells = rows.map(([name, us]) => [name, (us / 16).toFixed(1), (us / seal).toFixed(2)]);
  console.log(columnTable([`CPU of one packet of ${PACKET_BYTES} bytes`, "us", "to seal"], cells));
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

macs();
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
