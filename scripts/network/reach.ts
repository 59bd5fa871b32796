/**
 * Waiting for another host's control channel, and the address of this host that faces it.
 *
 * @module
 */

import { connect } from "node:net";
import { connectControl } from "../../runtime/network/connect.ts";
import { type Address, formatAddress, plainHost } from "../../runtime/network/address.ts";
import { describeSpec, nothingSpec } from "../../runtime/network/messages.ts";
import type { Security } from "../../runtime/network/security/options.ts";
import { sleep } from "../../runtime/network/reconnecting.ts";
import { parseWith } from "../../kernels/schema.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";

/** Milliseconds between two attempts. */
const PAUSE_MS = 100;

/** Waiting for another host. */
export interface ReachOptions {
  /** Milliseconds in which the other host must appear; 0 for one attempt. */
  readonly timeoutMs: number;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
}

/**
 * Waits until a host accepts connections.
 *
 * @param to Address of its control channel.
 * @param options Time and signal.
 * @returns IP address of this host that faces it.
 * @throws {OnpathError} `device` if it does not appear in time; the signal's reason.
 */
export async function reach(to: Address, { timeoutMs, signal }: ReachOptions): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    try {
      return await localHost(to, { timeoutMs: Math.max(1000, timeoutMs), signal });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof OnpathError) || performance.now() + PAUSE_MS > deadline) throw error;
    }
    await sleep(PAUSE_MS, signal);
    signal.throwIfAborted();
  }
}

async function localHost(to: Address, wait: WaitOptions): Promise<string> {
  const socket = connect({ port: to.port, host: to.host });
  const connected = new Promise<string>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => resolve(plainHost(socket.localAddress!)));
  });
  try {
    return await bounded(`a connection to ${formatAddress(to)}`, connected, wait);
  } catch (cause) {
    if (cause instanceof OnpathError || wait.signal?.aborted) throw cause;
    throw new OnpathError(
      "device",
      `Cannot connect to ${formatAddress(to)}: ${(cause as Error).message}`,
      { address: formatAddress(to) },
      { cause },
    );
  } finally {
    socket.destroy();
  }
}

/**
 * Asks a NIC for the address of its datagrams.
 *
 * @param nic Address of its control channel.
 * @param wait Timeout and signal.
 * @param security TLS and token.
 * @throws {OnpathError} As `connectControl`; `packet` if the answer is malformed.
 */
export async function dataAddress(
  nic: Address,
  wait: WaitOptions,
  security: Security = {},
): Promise<Address> {
  const failure = { schema: nothingSpec, run: () => undefined };
  const channel = await connectControl(nic, "sender", { failure }, wait, security);
  try {
    const answer = await channel.call("describe", null, wait);
    return { host: nic.host, port: parseWith(describeSpec, answer, "packet", "describe").port };
  } finally {
    channel.close();
  }
}
