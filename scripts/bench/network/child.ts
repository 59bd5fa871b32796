/**
 * Process of the benchmark of networks: a NIC, or a sink that counts datagrams. It prints its addresses, then its CPU time
 * and counts for each line that it reads, and ends with its input.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import type { Plan } from "../../../kernels/plan/plan.ts";
import { memoize } from "../../../kernels/memoize/memo.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import type { Address } from "../../../runtime/network/address.ts";
import { openNic } from "../../../runtime/network/nic.ts";
import { openLinuxDatagram } from "../../../runtime/network/socket/linux.ts";
import { openPortableDatagram } from "../../../runtime/network/socket/portable.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { slotAddress } from "../../../serialize/packets.ts";

/** Table of the lookups: the simplest that a NIC computes. */
export const INVERT = memoize((x) => 255 - x, { input: "u8", output: "u8" });

/** Job of a process. */
export interface ChildJob {
  /** `echo`: a NIC whose device answers with the request. `model`: a NIC with the model. `sink`: a socket alone. */
  readonly role: "echo" | "model" | "sink";
  /** Kind of its sockets. */
  readonly kind: "linux" | "portable";
  /** Address to which a NIC passes datagrams that are no packets. */
  readonly passTo?: Address | undefined;
}

/** What a process prints once it is ready. */
export interface ChildAddresses {
  readonly data: Address;
  /** Control address of a NIC. */
  readonly control?: Address;
}

/** What a process prints for each line. */
export interface ChildStatus {
  /** Processor time of the process, user and system, in milliseconds. */
  readonly cpuMs: number;
  /** Datagrams received. */
  readonly received: number;
  /** Datagrams dropped by a NIC, of all reasons. */
  readonly dropped: number;
}

/** A device that copies each request to its answer. */
function createEchoDevice({ target }: Plan): Device {
  const device = createModelDevice(target);
  return {
    ...device,
    exchange: ({ input, count, output }) => {
      const { view, bytes } = input.engine;
      for (let slot = 0; slot < count; slot++) {
        const at = slotAddress(input, slot);
        const end = at + HEADER_BYTES + view.getUint16(at + OFFSET.length, true);
        output.engine.bytes.set(bytes.subarray(at, end), slotAddress(output, slot));
      }
      return Promise.resolve(count);
    },
  };
}

async function openJob({ role, kind, passTo }: ChildJob) {
  const open = kind === "linux" ? openLinuxDatagram : openPortableDatagram;
  if (role === "sink") {
    const socket = await open({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
    return {
      addresses: { data: socket.local },
      counts: () => ({ received: socket.counts.received, dropped: 0 }),
      close: () => socket.close(),
    };
  }
  const openDevice = (plan: Plan) =>
    Promise.resolve(role === "echo" ? createEchoDevice(plan) : createModelDevice(plan.target));
  const nic = await openNic({ open, passTo, openDevice, resourcesOf: () => ({ memo: INVERT }) });
  return {
    addresses: { data: nic.data, control: nic.control },
    counts: () => {
      const { received, dropped } = nic.counts();
      return { received, dropped: Object.values(dropped).reduce((sum, each) => sum + each, 0) };
    },
    close: () => nic.close(),
  };
}

if (import.meta.main) {
  const { addresses, counts, close } = await openJob(JSON.parse(process.argv[2]!));
  console.log(JSON.stringify(addresses));
  for await (const _ of createInterface({ input: process.stdin })) {
    const { user, system } = process.cpuUsage();
    console.log(JSON.stringify({ cpuMs: (user + system) / 1000, ...counts() }));
  }
  await close();
}
