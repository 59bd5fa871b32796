/**
 * Security options of a sender, a NIC and a receiver.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { type Address, formatAddress, plainHost } from "../address.ts";
import { checkTls, type TlsOptions } from "./tls.ts";

/**
 * Security of one party. All parties of a network have equal options, but for their certificates.
 *
 * @example
 * ```ts
 * import { openNic, openReceiver, openSender, type Security } from "onpath/network";
 * import assert from "node:assert/strict";
 *
 * const security: Security = { token: "a secret of the three", authenticate: true };
 * await using nic = await openNic({ security });
 * await using receiver = await openReceiver({ nic: nic.control, security, plans: [], onOutput: () => {} });
 * await using sender = await openSender({ nic: nic.control, receiver: receiver.control, security });
 * await assert.rejects(openSender({ nic: nic.control, receiver: receiver.control }), { code: "device" });
 * ```
 */
export interface Security {
  /** TLS of control channels. Default none. */
  readonly tls?: TlsOptions | undefined;
  /** Secret text that a party presents when it connects, 16 to 1024 characters. Default none. */
  readonly token?: string | undefined;
  /** Whether packets and reports are authenticated, and others are refused. Default false. */
  readonly authenticate?: boolean | undefined;
}

/**
 * Checks security options.
 *
 * @param security Options of a party.
 * @param listen Address at which the party serves a control channel; undefined if it only connects.
 * @throws {OnpathError} `size` if an option is invalid, or a secret would cross a network without TLS.
 */
export function checkSecurity({ tls, token, authenticate = false }: Security, listen?: Address): void {
  const fail = (found: string, expected: string) => {
    throw new OnpathError("size", `Cannot use security options: ${found}, expected ${expected}`);
  };
  if (typeof authenticate !== "boolean") fail(`authenticate is ${kindOf(authenticate)}`, "true or false");
  // The token stays out of messages.
  if (token !== undefined && typeof token !== "string") fail(`the token is ${kindOf(token)}`, "a text");
  if (token !== undefined && (token.length < 16 || token.length > 1024)) {
    fail(`the token has ${token.length} characters`, "16 to 1024");
  }
  if (tls !== undefined) checkTls(tls, listen !== undefined);
  else if (listen !== undefined && !isLoopback(listen.host) && (token !== undefined || authenticate)) {
    fail(`${formatAddress(listen)} is not loopback`, "tls, so that no secret crosses a network in the clear");
  }
}

/** Whether an IP address is one of this machine's loopback. */
export function isLoopback(host: string): boolean {
  const plain = plainHost(host);
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

/** Whether others cannot read a connection: it is TLS, or does not leave this machine. */
export function isPrivateSocket(socket: Socket): boolean {
  const isTls = (socket as { encrypted?: boolean }).encrypted === true;
  return isTls || isLoopback(socket.remoteAddress ?? "");
}

/** Compares a presented token with the expected one, in a time that does not depend on where they differ. */
export function sameToken(presented: string | undefined, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return presented !== undefined && timingSafeEqual(digest(presented), digest(expected));
}
