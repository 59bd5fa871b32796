/**
 * Keys of authenticated packets, of one control connection.
 *
 * @module
 */

import { hkdfSync } from "node:crypto";
import { KEY_BYTES, PacketMac } from "./packet_mac.ts";

/**
 * Direction of datagrams. `request`: sender to NIC. `answer`: NIC to receiver. `report`: receiver to sender. `order`:
 * NIC to sender.
 */
export type MacLabel = "request" | "answer" | "report" | "order";

/** Keys of one control connection. */
export class PacketKeys {
  readonly #secret: Uint8Array;
  readonly #macs = new Map<MacLabel, PacketMac>();
  #isClosed = false;

  /**
   * Derives keys.
   *
   * @param client Share of the end that connected, 32 bytes.
   * @param server Share of the other end, 32 bytes.
   */
  constructor(client: Uint8Array, server: Uint8Array) {
    const shares = new Uint8Array(2 * KEY_BYTES);
    shares.set(client);
    shares.set(server, KEY_BYTES);
    this.#secret = new Uint8Array(hkdfSync("sha256", shares, new Uint8Array(0), "onpath keys 1", KEY_BYTES));
    shares.fill(0);
  }

  /** Keys of one direction. */
  mac(label: MacLabel): PacketMac {
    let mac = this.#macs.get(label);
    if (mac === undefined) {
      this.#macs.set(label, mac = new PacketMac(this.#secret, label));
      if (this.#isClosed) mac.close();
    }
    return mac;
  }

  /** Erases all keys. */
  close(): void {
    this.#isClosed = true;
    for (const mac of this.#macs.values()) mac.close();
    this.#secret.fill(0);
  }
}
