/**
 * `deno task bench:network`: CPU time of datagram sockets, of the soft NIC and of a sender.
 *
 * @module
 */

import process from "node:process";
import { median } from "./bench/measure.ts";
import type { ChildJob } from "./bench/network/child.ts";
import { foreignBatch, lookupBatch, openCounter, pump } from "./bench/network/load.ts";
import { startChild } from "./bench/network/process.ts";

const ROUNDS = 5;

async function echoRow(job: Omit<ChildJob, "passTo">, isForeign: boolean, total: number) {
  const counter = await openCounter();
  await using nic = await startChild({ ...job, passTo: counter.socket.local });
  const lookup = await lookupBatch(nic.addresses.control!, counter.socket.local.port);
  const batch = isForeign ? foreignBatch() : lookup.list;
  const window = job.kind === "portable" ? 32 : lookup.window;
  await pump(counter, batch, nic.addresses.data, total, window);
  const us: number[] = [];
  const wall: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const { cpuMs } = await nic.status();
    const start = performance.now();
    await pump(counter, batch, nic.addresses.data, total, window);
    wall.push(1000 * (performance.now() - start) / total);
    us.push(1000 * ((await nic.status()).cpuMs - cpuMs) / total);
  }
  const payload = isForeign ? 1408 : lookup.payload;
  console.log(job, isForeign, {
    us: us.map((x) => x.toFixed(2)).join(),
    wall: median(wall).toFixed(2),
    gbps: 8 * payload / median(us) / 1000,
    status: await nic.status(),
    window,
  });
  lookup.close();
  await counter.socket.close();
}
const n = Number(process.argv[2] ?? 64000);
for (const kind of ["linux", "portable"] as const) {
  const total = kind === "linux" ? n : n / 8;
  await echoRow({ role: "echo", kind }, true, total);
  await echoRow({ role: "echo", kind }, false, total);
  await echoRow({ role: "model", kind }, false, total / 4);
}
