/**
 * A NIC between two hosts: a sender that has the inputs, a soft NIC that runs devices on their packets, and a receiver
 * that builds the results.
 *
 * | what | how |
 * |---|---|
 * | NIC | `await openNic({ listen, control })` |
 * | receiver | `await openReceiver({ nic: nic.control, plans: [{ plan }], onOutput })` |
 * | sender | `sender = await openSender({ nic: nic.control, receiver: receiver.control })` |
 * | send | `await (await sender.open(plan)).send(image)` |
 * | faults on purpose | `await openRelay({ to, seed, loss: 0.01 })` |
 *
 * Requests are datagrams; what the parties agree on goes over TCP. `docs/network.md` describes both.
 *
 * @example
 * ```ts
 * import { formatAddress, parseAddress } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.equal(formatAddress(parseAddress("[2001:db8::1]:4790")), "[2001:db8::1]:4790");
 * ```
 *
 * @module
 */

export { type Address, formatAddress, parseAddress } from "./address.ts";
export {
  DATAGRAM_BYTES,
  type DatagramCounts,
  type DatagramOptions,
  type DatagramSocket,
  JUMBO_BYTES,
  type OpenDatagram,
  openDatagram,
} from "./datagram.ts";
export {
  batchOf,
  datagramAt,
  type DatagramBatch,
  DatagramList,
  eachDatagram,
  type ReceivedBatch,
} from "./socket/batch.ts";
export { openLinuxDatagram, whyPortable } from "./socket/linux.ts";
export { openPortableDatagram } from "./socket/portable.ts";
export { type Nic, type NicOptions, openNic } from "./nic.ts";
export type { NicCounts, NicDrop } from "./nic_counts.ts";
export type { NicLimits } from "./nic_tables.ts";
export { createPacer, type Pacer, type Pacing } from "./pacer.ts";
export {
  openReceiver,
  type ReceivedPlan,
  type Receiver,
  type ReceiverCounts,
  type ReceiverOptions,
} from "./receiver.ts";
export type { ReceivedOutput } from "./received_output.ts";
export { openTun, type TunOptions } from "./route/tun_socket.ts";
export { openSender, type Sender, type SenderCounts, type SenderOptions, type SentPlan } from "./sender.ts";
export type { FallbackReason, SendOptions, SendReport } from "./send_report.ts";
export type { PeerCounts, PeerLimits } from "./security/peers.ts";
export type { Security } from "./security/options.ts";
export type { TlsOptions } from "./security/tls.ts";
export type { ControlCounts, RefusedConnection } from "./connect.ts";
export type { MessageOutcome } from "./control_frame.ts";
export type { RelayCounts, RelayFaults } from "./fault_path.ts";
export { openRelay, type Relay, type RelayOptions } from "./relay.ts";
