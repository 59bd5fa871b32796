import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { hostsLack } from "../../../scripts/network/hosts.ts";
import type { SenderCounts } from "../../../runtime/network/sender.ts";
import { IS_LONG_SUITE, longTest } from "../../support/long.ts";
import { LAB_FAULTS } from "./lab/faults.ts";
import { corruptPayload, readRoute } from "./lab/ip_packet.ts";
import { type Lab, openLab, readPath } from "./lab/lab.ts";
import { soak } from "./lab/soak.ts";
import { WORKLOAD_NAMES } from "./lab/workloads.ts";

const LACKS = IS_LONG_SUITE ? await hostsLack() : null;

/** Registers a long test that needs namespaces; skipped with the reason where they cannot be made. */
function labTest(name: string, run: () => Promise<void>): void {
  const lacks = LACKS ?? (existsSync("/dev/net/tun") ? null : "/dev/net/tun is missing");
  if (lacks === null) longTest(name, run);
  else Deno.test({ name: `${name} (skipped: ${lacks})`, ignore: true, fn: run });
}

async function send(lab: Lab, workload: string, requests: number, restartAfter?: number): Promise<number> {
  const ran = await lab.run({ workload, requests, concurrency: 4 }, restartAfter);
  assert.deepEqual([ran.wrong, ran.missing, ran.doubled], [0, 0, 0], workload);
  assert(ran.requests >= requests);
  return ran.resent;
}

labTest("three hosts give every result once and right through each fault", async () => {
  await using lab = await openLab({ joinedBy: "wire", workloads: WORKLOAD_NAMES });
  for (const [n, { name, faults, hasRestart }] of LAB_FAULTS.entries()) {
    await lab.setFaults(faults, n);
    // Each fault meets another part of the workloads, in turn.
    const some = WORKLOAD_NAMES.filter((_, index) => (index + n) % 7 === 0);
    for (const workload of some) await send(lab, workload, 400, hasRestart ? 200 : undefined);
    const { received, lost, corrupted, duplicated, reordered } = await readPath(lab);
    assert(received > 400, name);
    const found = { loss: lost, corruption: corrupted, duplication: duplicated, reordering: reordered };
    for (const [fault, count] of Object.entries(found)) {
      assert.equal(count > 0, (faults[fault as keyof typeof faults] ?? 0) > 0, `${name}: ${fault} ${count}`);
    }
  }
});

labTest("three hosts lose 1% of the packets in the kernel, and repeat little more", async () => {
  await using lab = await openLab({ joinedBy: "kernel", workloads: ["lookup u8"], version: 6 });
  await send(lab, "lookup u8", 2000);
  await lab.setLoss(10);
  const before = (await lab.sender.call<SenderCounts>("counts")).timeouts;
  const resent = await send(lab, "lookup u8", 8000);
  const { timeouts } = await lab.sender.call<SenderCounts>("counts");
  // Requests and their answers are each lost with 1%, which makes 160 repeats.
  assert(resent > 80 && resent < 480, `${resent} repeats`);
  assert(timeouts - before < 240, `${timeouts - before} timeouts`);
});

labTest("three hosts give every result with jumbo frames over IPv6, and on loopback", async () => {
  const workloads = ["image in cells", "quantize KIVI", "tokenize"];
  {
    await using lab = await openLab({ joinedBy: "wire", workloads, version: 6, isJumbo: true });
    await lab.setFaults({ loss: 0.02, reordering: 0.1 }, 5);
    for (const workload of workloads) await send(lab, workload, 200);
  }
  await using lab = await openLab({ joinedBy: "loopback", workloads, faults: { loss: 0.02 }, seed: 3 });
  for (const workload of workloads) await send(lab, workload, 200);
  assert((await readPath(lab)).lost > 0);
});

labTest("memory does not grow with rounds of random faults", async () => {
  const { bad, memory, requests } = await soak((round) => round >= 3, 9, 200);
  assert.equal(bad, 0);
  assert(requests >= 3 * 4 * 200);
  const growth = memory.at(-1)!.heap - memory[1]!.heap;
  assert(growth < 8, `${growth} MB more after ${memory.length} rounds`);
});

/** A datagram in an IPv4 packet, with the checksum of UDP. */
function datagram(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(28 + payload.length);
  bytes.set([0x45, 0, 0, bytes.length, 0, 0, 0, 0, 64, 17, 0, 0, 198, 19, 0, 1, 198, 19, 0, 2]);
  bytes.set([0x12, 0x34, 0x56, 0x78, 0, 8 + payload.length], 20);
  bytes.set(payload, 28);
  const sum = checksum(bytes);
  bytes.set([sum >> 8, sum & 255], 26);
  return bytes;
}

/** Checksum of UDP over the pseudo header and the datagram. */
function checksum(bytes: Uint8Array): number {
  let sum = 17 + bytes.length - 20;
  for (let n = 12; n < bytes.length; n += 2) sum += bytes[n]! * 256 + (bytes[n + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}

Deno.test("corruptPayload() changes one bit of a datagram and keeps its checksum right", () => {
  for (const length of [1, 2, 7, 64]) {
    for (let bit = 0; bit < 8 * length; bit++) {
      const before = datagram(Uint8Array.from({ length }, (_, n) => 37 * n + 5));
      const after = before.slice();
      corruptPayload(after, (bit + 0.5) / (8 * length));
      const changed = [...after.subarray(28)].map((byte, n) => byte ^ before[28 + n]!);
      assert.deepEqual(changed.filter((byte) => byte !== 0), [1 << (bit & 7)]);
      // A right checksum makes the sum over everything zero.
      assert.equal(checksum(after), 0, `bit ${bit} of ${length} bytes`);
      assert.deepEqual(readRoute(after), { to: "c6130002", protocol: 17, payload: 20 });
    }
  }
});
