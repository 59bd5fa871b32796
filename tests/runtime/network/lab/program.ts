/**
 * Programs of the lab's hosts.
 *
 * @module
 */

import type { Address } from "../../../../runtime/network/address.ts";

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

/** Functions that a program answers. */
export type Calls = Readonly<Record<string, (body: never) => unknown>>;

/** A program: what it answers, and how it ends. */
export interface Program {
  readonly calls: Calls;
  close(): Promise<void>;
}
