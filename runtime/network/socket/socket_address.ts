/**
 * Socket addresses of Linux: `struct sockaddr_in` and `struct sockaddr_in6`.
 *
 * @module
 */

import { isIP } from "node:net";
import { OnpathError } from "../../../serialize/errors.ts";
import { cString } from "../../device/xrt/binding/native.ts";
import { type Address, formatAddress, plainHost } from "../address.ts";
import type { Libc } from "./libc.ts";

/** Bytes of the longest socket address, padded. */
export const SOCKADDR_BYTES = 32;
/** Address families. */
export const AF_INET = 2, AF_INET6 = 10;
/** Addresses that are remembered. */
const MAX_KNOWN = 1024;
/** Bytes of the longest text of an address, with its NUL. */
const TEXT_BYTES = 46;

/** Converts addresses, and remembers them. */
export class SocketAddresses {
  readonly #libc: Libc;
  readonly #isSix: boolean;
  readonly #encoded = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #decoded = new Map<string, Address>();
  // The last source, by the words of its socket address.
  readonly #last = new Uint32Array(7);
  #lastSource: Address | undefined;

  /**
   * Makes a converter.
   *
   * @param libc C library.
   * @param isSix Whether the socket's family is IPv6. It reaches hosts of IPv4 by mapped addresses.
   */
  constructor(libc: Libc, isSix: boolean) {
    this.#libc = libc;
    this.#isSix = isSix;
  }

  /**
   * Encodes an address.
   *
   * @throws {OnpathError} `device` if it is no IP address of the socket's family, or its interface is absent.
   */
  encode(address: Address): Uint8Array<ArrayBuffer> {
    const found = this.tryEncode(address);
    if (found !== undefined) return found;
    const shown = formatAddress(address);
    const expected = `an address of IPv${this.#isSix ? 6 : 4} at this machine`;
    throw new OnpathError("device", `Cannot use address ${shown}: expected ${expected}`, { address: shown });
  }

  /** Encodes an address, or returns undefined if that is not possible. */
  tryEncode(address: Address): Uint8Array<ArrayBuffer> | undefined {
    const key = formatAddress(address);
    let found = this.#encoded.get(key);
    if (found !== undefined) return found;
    found = this.#encode(address);
    if (found === undefined) return undefined;
    if (this.#encoded.size === MAX_KNOWN) this.#encoded.clear();
    this.#encoded.set(key, found);
    return found;
  }

  #encode(address: Address): Uint8Array<ArrayBuffer> | undefined {
    const { calls } = this.#libc;
    const family = this.#isSix ? AF_INET6 : AF_INET;
    const [host, scope] = address.host.split("%") as [string, string?];
    if (isIP(host) === 0) return undefined;
    const text = this.#isSix && isIP(host) === 4 ? `::ffff:${host}` : host;
    const number = new Uint8Array(16);
    if (calls.inet_pton(family, cString(text), number) !== 1) return undefined;
    const index = scope === undefined ? 0 : Number(scope) || calls.if_nametoindex(cString(scope));
    if (scope !== undefined && index === 0) return undefined;
    const bytes = new Uint8Array(this.#isSix ? 28 : 16), view = new DataView(bytes.buffer);
    view.setUint16(0, family, true);
    view.setUint16(2, address.port);
    bytes.set(number.subarray(0, this.#isSix ? 16 : 4), this.#isSix ? 8 : 4);
    if (this.#isSix) view.setUint32(24, index, true);
    return bytes;
  }

  /**
   * Decodes a socket address.
   *
   * @param words Words that hold it.
   * @param at Its first word.
   */
  decode(words: Uint32Array, at: number): Address {
    const last = this.#last;
    const count = this.#isSix ? 7 : 2;
    let isLast = this.#lastSource !== undefined;
    for (let n = 0; isLast && n < count; n++) isLast = words[at + n] === last[n];
    if (isLast) return this.#lastSource!;
    last.set(words.subarray(at, at + count));
    const key = last.subarray(0, count).join();
    let found = this.#decoded.get(key);
    if (found === undefined) {
      if (this.#decoded.size === MAX_KNOWN) this.#decoded.clear();
      this.#decoded.set(key, found = this.#decode(new DataView(last.slice().buffer)));
    }
    return this.#lastSource = found;
  }

  #decode(view: DataView<ArrayBuffer>): Address {
    const { calls } = this.#libc;
    const isSix = view.getUint16(0, true) === AF_INET6;
    const number = new Uint8Array(view.buffer, isSix ? 8 : 4, isSix ? 16 : 4);
    const text = new Uint8Array(TEXT_BYTES);
    calls.inet_ntop(isSix ? AF_INET6 : AF_INET, number.slice(), text, TEXT_BYTES);
    const host = plainHost(readText(text));
    const port = view.getUint16(2);
    const scope = isSix ? view.getUint32(24, true) : 0;
    if (scope === 0) return { host, port };
    const name = new Uint8Array(TEXT_BYTES);
    const isNamed = calls.if_indextoname(scope, name) !== null;
    return { host: `${host}%${isNamed ? readText(name) : scope}`, port };
  }
}

function readText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}
