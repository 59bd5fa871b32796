/**
 * Options of the hosts' programs, and what a program is.
 *
 * @module
 */

import type { Address } from "../../../../runtime/network/address.ts";
import type { WireEnd } from "./wire.ts";

/** Options of every host besides the wire. */
export interface HostOptions {
  readonly role: "sender" | "nic" | "receiver";
  /** Names of the workloads. */
  readonly workloads: readonly string[];
  readonly isJumbo: boolean;
  /** IP address of this host. */
  readonly host: string;
  /** Control address of the NIC; the NIC itself binds to it. */
  readonly nic: Address;
  /** Address of the NIC's datagrams, to which it binds. */
  readonly nicData?: Address | undefined;
  /** Control address of the receiver. */
  readonly receiver?: Address | undefined;
  /** Relays on loopback: to the NIC, to the receiver, and to the sender. */
  readonly toNic?: Address | undefined;
  readonly toReceiverPort?: number | undefined;
  readonly toSenderPort?: number | undefined;
}

/** Options of a wire. */
export interface WireOptions {
  readonly role: "wire";
  readonly ends: readonly WireEnd[];
}

/** Functions that a program answers. */
export type Calls = Readonly<Record<string, (body: never) => unknown>>;

/** A program: what it answers, and how it ends. */
export interface Program {
  readonly calls: Calls;
  close(): Promise<void>;
}
