/**
 * `deno task bench:network`: CPU time of datagram sockets, of the soft NIC and of senders, as ratios in one run.
 *
 * @module
 */

import { DATAGRAM_BYTES } from "../runtime/network/socket/contract.ts";
import { whyPortable } from "../runtime/network/socket/linux.ts";
import { foreignBatch } from "./bench/network/load.ts";
import { nicUs } from "./bench/network/nic.ts";
import { senderTimes } from "./bench/network/process.ts";
import { type SocketKind, socketUs } from "./bench/network/sockets.ts";
import { columnTable } from "./cli/text.ts";

const ROUNDS = 7;
const KINDS = ["linux", "portable"] as const;
/** Ways of a datagram through a NIC. */
const WAYS = [
  { name: "passed on, not a packet", role: "echo", isForeign: true, from: "linux" },
  { name: "lookup, device that copies", role: "echo", isForeign: false, from: "linux" },
  { name: "the same, sent one by one", role: "echo", isForeign: false, from: "portable" },
  { name: "lookup u8 to u8, model", role: "model", isForeign: false, from: "linux" },
] as const;

/** Payload of a second of CPU time. */
const gigabits = (us: number) => (8 * (DATAGRAM_BYTES - 64)) / us / 1000;

const reason = await whyPortable();
if (reason !== undefined) {
  console.log(`Cannot compare sockets: ${reason}`);
} else {
  const times = { linux: 0, portable: 0 };
  for (const kind of KINDS) times[kind] = await socketUs(kind, foreignBatch(), ROUNDS);
  const rows: (string | number)[][] = [];
  const add = (name: string, { linux, portable }: Record<SocketKind, number>) =>
    rows.push([
      name,
      linux.toFixed(2),
      portable.toFixed(1),
      (portable / linux).toFixed(0),
      gigabits(linux).toFixed(1),
      gigabits(portable).toFixed(2),
    ]);
  add("sockets: sent and received", times);
  for (const way of WAYS) {
    for (const kind of KINDS) times[kind] = await nicUs(way, kind, ROUNDS);
    add(`NIC: ${way.name}`, times);
  }
  const heads = ["datagram", "linux us", "portable us", "ratio", "linux Gb/s", "portable Gb/s"];
  console.log(columnTable(heads, rows));
  console.log(
    "us: CPU time of a datagram of 1,408 bytes. Gb/s: its payload of 1,344 bytes a second of CPU time.\n",
  );
}

try {
  const rows = (await senderTimes()).map(({ way, rawUs, offloadUs, serializeUs }) => [
    way,
    rawUs.toFixed(0),
    offloadUs.toFixed(0),
    serializeUs.toFixed(0),
    (offloadUs / rawUs).toFixed(2),
  ]);
  console.log(columnTable(["sender", "raw us", "packets us", "serialize us", "packets/raw"], rows));
  console.log(
    "us: CPU time of an image of 1280x720, raw or in packets for a resize to 224x224 with CRC-32C.",
  );
} catch (error) {
  console.log(`Cannot measure senders: ${(error as Error).message.split("\n")[0]}`);
}
