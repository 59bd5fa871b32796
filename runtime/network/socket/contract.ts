/**
 * Contract of datagram sockets, which all implementations share.
 *
 * @module
 */

import { HEADER_BYTES, MAX_PAYLOAD, STANDARD_PAYLOAD } from "../../../serialize/header.ts";
import type { WaitOptions } from "../../../serialize/wait.ts";
import type { Address } from "../address.ts";
import type { DatagramBatch, ReceivedBatch } from "./batch.ts";

/**
 * Maximum bytes of a datagram on a network with standard frames.
 *
 * @example
 * ```ts
 * import { DATAGRAM_BYTES } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.equal(DATAGRAM_BYTES, 1408);
 * ```
 */
export const DATAGRAM_BYTES: number = HEADER_BYTES + STANDARD_PAYLOAD;

/**
 * Maximum bytes of a datagram with jumbo frames.
 *
 * @example
 * ```ts
 * import { JUMBO_BYTES } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * assert.equal(JUMBO_BYTES, 8256);
 * ```
 */
export const JUMBO_BYTES: number = HEADER_BYTES + MAX_PAYLOAD;

/** Counts of a socket since it was opened. */
export interface DatagramCounts {
  /** Datagrams sent. */
  sent: number;
  /** Payload bytes of the datagrams sent. */
  sentBytes: number;
  /** Datagrams received. */
  received: number;
  /** Payload bytes of the datagrams received. */
  receivedBytes: number;
  /** Datagrams that the operating system refused to send. */
  failed: number;
}

/** Options of a socket. */
export interface DatagramOptions {
  /** Address to bind to. */
  readonly listen: Address;
  /**
   * Called for datagrams that have arrived. See {@linkcode eachDatagram} for a function of one datagram.
   *
   * @param batch Datagrams. Their memory is valid until the call returns, or until its promise resolves. A Linux socket
   * reads no further before that.
   */
  readonly onDatagrams: (batch: ReceivedBatch) => void | Promise<void>;
  /** Maximum bytes of datagrams that are expected, for `burst`. Default {@linkcode DATAGRAM_BYTES}. */
  readonly maxBytes?: number | undefined;
  /**
   * Whether a socket of Linux reads at most once a millisecond while datagrams arrive, as cards moderate interrupts. That
   * saves most of its wake-ups, and delays datagrams by up to 2 ms. Default false.
   */
  readonly coalesces?: boolean | undefined;
}

/** An open socket. */
export interface DatagramSocket {
  /** Address of this end. */
  readonly local: Address;
  /** `linux`: batches through system calls of Linux. `portable`: `node:dgram`. `tun`: packets of a route. */
  readonly kind: "linux" | "portable" | "tun";
  /** Reason why the socket is portable on a system where it could be another kind; undefined otherwise. */
  readonly fallbackReason: string | undefined;
  /** Packets that may be in flight to this socket before the operating system drops some. */
  readonly burst: number;
  /** Counts since the socket was opened. */
  readonly counts: Readonly<DatagramCounts>;
  /**
   * Sends datagrams in order. A datagram that the operating system refuses is counted and not sent.
   *
   * @param batch Datagrams; their memory must not change until the promise resolves.
   * @param to Destination.
   * @throws {OnpathError} `size` if a datagram lies outside of the batch's memory.
   */
  send(batch: DatagramBatch, to: Address): Promise<void>;
  /**
   * Sends a received datagram on to where it was going, as it came. Present if the socket stands in a route.
   *
   * @param batch Batch that `onDatagrams` has; the call is valid while that is.
   * @param n Number of the datagram.
   */
  readonly pass?: ((batch: ReceivedBatch, n: number) => void) | undefined;
  /** Closes the socket. Further calls have no effect. */
  close(): Promise<void>;
}

/** Opens a socket. */
export type OpenDatagram = (options: DatagramOptions, wait?: WaitOptions) => Promise<DatagramSocket>;
