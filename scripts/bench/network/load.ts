/**
 * Load of the benchmark of networks: datagrams through a NIC and back, within a window.
 *
 * @module
 */

import { memoize } from "../../../kernels/memoize/memo.ts";
import { compile } from "../../../kernels/compile.ts";
import { encodePlan } from "../../../kernels/plan/file.ts";
import { findWorkload } from "../../../kernels/registry.ts";
import { MODEL_PROFILE } from "../../../runtime/device/model.ts";
import type { Address } from "../../../runtime/network/address.ts";
import { connectControl } from "../../../runtime/network/connect.ts";
import { halvesOf } from "../../../runtime/network/halves_of.ts";
import { type DatagramBatch, DatagramList } from "../../../runtime/network/socket/batch.ts";
import { DATAGRAM_BYTES, type DatagramSocket } from "../../../runtime/network/socket/contract.ts";
import { HEADER_BYTES, OFFSET } from "../../../serialize/header.ts";
import { slotAddress } from "../../../serialize/packets.ts";
import { tensor } from "../../../serialize/tensor.ts";
import { bounded, deferred } from "../../../serialize/wait.ts";
import { OPEN, type SocketKind } from "./sockets.ts";

/** Table of the lookups: the simplest that a NIC computes. */
export const INVERT = memoize((x) => 255 - x, { input: "u8", output: "u8" });

/** Datagrams that one call sends. */
const CHUNK = 32;

/** A socket that counts what arrives. */
export interface Counter {
  readonly socket: DatagramSocket;
  /** Resolves once so many datagrams have arrived since the start. */
  readonly arrived: (count: number) => Promise<void>;
}

/**
 * Opens a counting socket.
 *
 * @param kind Kind of the socket. A portable one sends each datagram by itself.
 */
export async function openCounter(kind: SocketKind): Promise<Counter> {
  let [wanted, resolve] = [0, () => {}];
  const socket = await OPEN[kind]({
    listen: { host: "127.0.0.1", port: 0 },
    onDatagrams: () => {
      if (socket.counts.received >= wanted) resolve();
    },
  });
  return {
    socket,
    arrived: (count) => {
      if (socket.counts.received >= count) return Promise.resolve();
      wanted = count;
      const { promise, resolve: end } = deferred<void>();
      resolve = end;
      return bounded(`datagram ${count} of a benchmark`, promise, { timeoutMs: 5000 });
    },
  };
}

/**
 * Sends datagrams and counts them as they come back.
 *
 * @param counter Socket that sends and counts.
 * @param batch Datagrams to send in rotation.
 * @param to Destination.
 * @param total Datagrams to send.
 * @param window Maximum datagrams in flight.
 */
export async function pump(
  { socket, arrived }: Counter,
  batch: DatagramBatch,
  to: Address,
  total: number,
  window: number,
): Promise<void> {
  const start = socket.counts.received;
  const chunks = Array.from({ length: Math.floor(batch.count / CHUNK) }, (_, n) => {
    const list = new DatagramList(batch.bytes, CHUNK);
    for (let k = 0; k < CHUNK; k++) list.add(batch.offsets[n * CHUNK + k]!, batch.lengths[n * CHUNK + k]!);
    return list;
  });
  for (let sent = 0; sent < total; sent += CHUNK) {
    await arrived(start + sent + CHUNK - window);
    await socket.send(chunks[(sent / CHUNK) % chunks.length]!, to);
  }
  await arrived(start + total);
}

/** Datagrams that no NIC knows. */
export function foreignBatch(): DatagramBatch {
  const list = new DatagramList(new Uint8Array(CHUNK * DATAGRAM_BYTES));
  for (let n = 0; n < CHUNK; n++) list.add(n * DATAGRAM_BYTES, DATAGRAM_BYTES);
  return list;
}

/** Packets of a lookup, and their registration at a NIC. */
export async function lookupBatch(nic: Address, port: number) {
  const input = tensor(new Uint8Array(CHUNK * 1344).map((_, n) => n * 7), {
    dtype: "u8",
    shape: [CHUNK * 1344],
  });
  const steps = [{ op: "lookup", table: INVERT.id }] as const;
  const plan = compile({ steps }, { memo: INVERT, input, device: MODEL_PROFILE });
  const half = halvesOf(plan, findWorkload(plan.workload).open(plan, { memo: INVERT })).send(CHUNK);
  const { flows: [flow] } = half.begin(input);
  const { engine: { bytes, view } } = half.slots;
  const list = new DatagramList(bytes, CHUNK);
  const count = flow!.outgoing.write(half.slots, 0, CHUNK);
  for (let slot = 0; slot < count; slot++) {
    const at = slotAddress(half.slots, slot);
    list.add(at, HEADER_BYTES + view.getUint16(at + OFFSET.length, true));
  }
  const control = await connectControl(nic, "bench", {});
  const token = "0".repeat(32);
  await control.call("destination", { token, port });
  await control.call("announce", { plan: encodePlan(plan) });
  const { window } = await control.call("flows", { flows: [flow!.flow], plan: plan.id, token }) as {
    window: number;
  };
  return { list, window, payload: list.lengths[0]! - HEADER_BYTES, close: () => control.close() };
}
