/**
 * Process of the benchmark of networks: a NIC, or a sender on a link of its own. A NIC prints its addresses, then its CPU
 * time for each line that it reads, and ends with its input. A sender prints its times.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import type { Plan } from "../../../kernels/plan/plan.ts";
import type { Device } from "../../../runtime/device/device.ts";
import { createModelDevice } from "../../../runtime/device/model.ts";
import type { Address } from "../../../runtime/network/address.ts";
import { openNic } from "../../../runtime/network/nic.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { slotAddress } from "../../../serialize/packets.ts";
import { INVERT } from "./load.ts";
import { measureSenders } from "./senders.ts";
import { OPEN, type SocketKind } from "./sockets.ts";

/** Job of a process. */
export interface ChildJob {
  /** `echo`: a NIC whose device answers with the request. `model`: a NIC with the model. `sender`: see senders.ts. */
  readonly role: "echo" | "model" | "sender";
  /** Kind of a NIC's sockets. */
  readonly kind: SocketKind;
  /** Address to which a NIC passes datagrams that are no packets. */
  readonly passTo?: Address | undefined;
}

/** What a NIC prints once it is ready. */
export interface ChildAddresses {
  /** Address of the datagrams. */
  readonly data: Address;
  /** Control address. */
  readonly control: Address;
}

/** What a NIC prints for each line. */
export interface ChildStatus {
  /** Processor time of the process, user and system, in microseconds. */
  readonly cpuUs: number;
  /** Datagrams dropped, of all reasons. */
  readonly dropped: number;
}

/** A device that copies each request to its answer. */
function createEchoDevice({ target }: Plan): Device {
  return {
    ...createModelDevice(target),
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

async function runNic({ role, kind, passTo }: ChildJob): Promise<void> {
  const openDevice = (plan: Plan) =>
    Promise.resolve(role === "echo" ? createEchoDevice(plan) : createModelDevice(plan.target));
  await using nic = await openNic({
    open: OPEN[kind],
    passTo,
    openDevice,
    resourcesOf: () => ({ memo: INVERT }),
  });
  console.log(JSON.stringify({ data: nic.data, control: nic.control }));
  for await (const _ of createInterface({ input: process.stdin })) {
    const { user, system } = process.cpuUsage();
    const dropped = Object.values(nic.counts().dropped).reduce((sum, each) => sum + each, 0);
    console.log(JSON.stringify({ cpuUs: user + system, dropped }));
  }
}

const job: ChildJob = JSON.parse(process.argv[2]!);
if (job.role === "sender") console.log(JSON.stringify(await measureSenders()));
else await runNic(job);
