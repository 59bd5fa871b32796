/**
 * Scenario: one kind of input, how it crosses with a NIC, and what receivers do with it without one.
 *
 * @module
 */

import type { Plan } from "../../kernels/plan/plan.ts";
import { type OpenDatagram, openDatagram } from "../../runtime/network/datagram.ts";
import { openPortableDatagram } from "../../runtime/network/socket/portable.ts";

/** An input, for both paths. */
export interface Item {
  /** Makes the input of the plan. Runs on the sender and is counted there. */
  readonly forNic: () => unknown | Promise<unknown>;
  /** Bytes that are sent without a NIC. */
  readonly plain: Uint8Array;
}

/** Computes the result of an input's bytes on the receiver. Returns the bytes of the result. */
export type Serve = (bytes: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array>;

/** Receiver without a NIC. */
export interface Baseline {
  /** Library that computes the result. */
  readonly name: string;
  /** Whether its results equal those of the NIC bit for bit. */
  readonly isExact: boolean;
  /** Opens it in a receiver in TypeScript; `python` is a program of its own. */
  readonly open: "python" | ((folder: string) => Promise<Serve>);
}

/** Function that opens the sockets of a scenario. */
export function openerOf({ isPortable }: Scenario): OpenDatagram {
  return isPortable === true ? openPortableDatagram : openDatagram;
}

/** A scenario. */
export interface Scenario {
  /** Name of its rows. */
  readonly name: string;
  /** Whether datagrams have the size of jumbo frames, on both paths. Default false. */
  readonly isJumbo?: boolean;
  /** Whether all sockets are those of `node:dgram`. Default false: the best that this machine has. */
  readonly isPortable?: boolean;
  /** Requests of one phase, and requests of each path in the contended run. */
  readonly requests: { readonly phase: number; readonly contended: number };
  /** Makes the plan and its resources. */
  readonly open: (folder: string) => Promise<{ readonly plan: Plan; readonly resources?: unknown }>;
  /** Makes inputs; other ones for each seed. */
  readonly items: (seed: number, count: number) => Promise<Item[]>;
  /** Bytes of a result of the plan. */
  readonly bytesOf: (output: unknown) => Uint8Array;
  /** Receivers without a NIC. */
  readonly baselines: readonly Baseline[];
}
