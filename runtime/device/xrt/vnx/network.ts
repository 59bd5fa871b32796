/**
 * VNx's network layer: addresses, sockets, ARP and probes.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import type { Registers } from "../binding/registers.ts";
import { formatIp, formatMac, parseIp, parseMac } from "./address.ts";
import { ARP_ENTRIES, MAX_SOCKETS, NETWORK_REGISTER, PROBES } from "./map.ts";
import { readCounter } from "./words.ts";

/** The card's own addresses. */
export interface VnxAddresses {
  /** Such as `00:0a:35:02:9d:05`. */
  readonly mac: string;
  /** Such as `192.168.0.5`. */
  readonly ip: string;
  /** The router. */
  readonly gateway: string;
  /** The subnet's mask. */
  readonly mask: string;
}

/** An entry of the socket table. A datagram goes to the application only where all three fit. */
export interface VnxSocket {
  /** The other side's address. */
  readonly theirIp: string;
  /** The other side's port. */
  readonly theirPort: number;
  /** The card's port. */
  readonly myPort: number;
}

/** An entry of the ARP table. */
export interface VnxArpEntry {
  /** The address. */
  readonly ip: string;
  /** Whose it is. */
  readonly mac: string;
}

/** What a probe has counted. */
export interface VnxProbe {
  /** Packets. */
  readonly packets: number;
  /** Bytes. */
  readonly bytes: number;
  /** Cycles in which something passed. */
  readonly cycles: number;
}

/** Where a probe counts. */
export type VnxProbeName = keyof typeof PROBES;

/**
 * The network layer of a card.
 *
 * @example
 * ```ts
 * import { VnxNetwork } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * // On a card: new VnxNetwork(device.ip("networklayer")).
 * const words = new Map([[0x810, 16]]);
 * const network = new VnxNetwork({
 *   readRegister: (offset) => words.get(offset) ?? 0,
 *   writeRegister: (offset, value) => void words.set(offset, value),
 * });
 * network.setAddresses({ ip: "192.168.0.5", mac: "00:0a:35:02:9d:00" });
 * assert.deepEqual(network.addresses().gateway, "192.168.0.1");
 * network.setSocket(0, { theirIp: "192.168.0.9", theirPort: 50000, myPort: 60000 });
 * assert.equal(network.sockets()[0]?.theirPort, 50000);
 * ```
 */
export class VnxNetwork {
  readonly #registers: Registers;

  /**
   * Takes the registers of `networklayer`.
   *
   * @param registers `device.ip("networklayer")`, or a model.
   */
  constructor(registers: Registers) {
    this.#registers = registers;
  }

  /** The card's addresses. */
  addresses(): VnxAddresses {
    const { mac, ip, gateway, mask } = NETWORK_REGISTER;
    const read = (offset: number) => this.#registers.readRegister(offset);
    return {
      mac: formatMac((read(mac + 4) & 0xffff) * 2 ** 32 + read(mac)),
      ip: formatIp(read(ip)),
      gateway: formatIp(read(gateway)),
      mask: formatIp(read(mask)),
    };
  }

  /**
   * Sets the card's addresses; those that are not given stay.
   *
   * @param addresses With `ip` alone, the gateway becomes the first address of its /24 subnet, and the
   * last byte of the MAC that of the IP, as VNx's own driver has it.
   * @throws {OnpathError} `size` when one is no address. Nothing is written then.
   */
  setAddresses(addresses: Partial<VnxAddresses>): void {
    const ip = addresses.ip === undefined ? undefined : parseIp(addresses.ip);
    const mask = addresses.mask === undefined ? undefined : parseIp(addresses.mask);
    const gateway = addresses.gateway !== undefined
      ? parseIp(addresses.gateway)
      : ip === undefined
      ? undefined
      : ip - ip % 256 + 1;
    let mac = addresses.mac === undefined ? undefined : parseMac(addresses.mac);
    if (mac === undefined && ip !== undefined) {
      const now = parseMac(this.addresses().mac);
      mac = now - now % 256 + ip % 256;
    }
    const write = (offset: number, value: number | undefined) => {
      if (value !== undefined) this.#registers.writeRegister(offset, value);
    };
    write(NETWORK_REGISTER.ip, ip);
    write(NETWORK_REGISTER.mask, mask);
    write(NETWORK_REGISTER.gateway, gateway);
    write(NETWORK_REGISTER.mac, mac === undefined ? undefined : mac % 2 ** 32);
    write(NETWORK_REGISTER.mac + 4, mac === undefined ? undefined : Math.floor(mac / 2 ** 32));
  }

  /**
   * How many sockets the hardware has.
   *
   * @throws {OnpathError} `device` when it says a number that VNx cannot be built with.
   */
  socketCount(): number {
    const count = this.#registers.readRegister(NETWORK_REGISTER.socketCount);
    if (count >= 1 && count <= MAX_SOCKETS) return count;
    throw new OnpathError(
      "device",
      `Cannot use the network layer: it says that it has ${count} sockets, expected 1 to ${MAX_SOCKETS}. Is it VNx?`,
      { count },
    );
  }

  /** The socket table: an entry by its number, which is TDEST of its packets; null where none is set. */
  sockets(): (VnxSocket | null)[] {
    return this.#socketPlaces().map(({ theirIp, theirPort, myPort, valid }) => {
      const read = (offset: number) => this.#registers.readRegister(offset);
      if ((read(valid) & 1) === 0) return null;
      return {
        theirIp: formatIp(read(theirIp)),
        theirPort: read(theirPort) & 0xffff,
        myPort: read(myPort) & 0xffff,
      };
    });
  }

  /**
   * Sets an entry of the socket table, or clears it. It does not hold while it is being written.
   *
   * @param index Its number.
   * @param socket The entry, or null.
   * @throws {OnpathError} `size` when there is no such entry, or a port or address is none.
   */
  setSocket(index: number, socket: VnxSocket | null): void {
    const places = this.#socketPlaces();
    checkInteger("socket index", index, 0, places.length - 1);
    const ip = socket === null ? 0 : parseIp(socket.theirIp);
    const theirs = socket === null ? 0 : checkInteger("port", socket.theirPort, 0, 65_535);
    const mine = socket === null ? 0 : checkInteger("port", socket.myPort, 0, 65_535);
    const { theirIp, theirPort, myPort, valid } = places[index]!;
    const write = (offset: number, value: number) => this.#registers.writeRegister(offset, value);
    write(valid, 0);
    write(theirIp, ip);
    write(theirPort, theirs);
    write(myPort, mine);
    if (socket !== null) write(valid, 1);
  }

  /** Entries of the ARP table that hold, by the last byte of their address. */
  arp(): VnxArpEntry[] {
    const { arpValid, arpIp, arpMac } = NETWORK_REGISTER;
    const read = (offset: number) => this.#registers.readRegister(offset);
    const entries: VnxArpEntry[] = [];
    for (let word = 0; word < ARP_ENTRIES / 4; word++) {
      const valid = read(arpValid + 4 * word);
      for (let byte = 0; byte < 4; byte++) {
        if ((valid >>> (8 * byte) & 1) === 0) continue;
        const i = 4 * word + byte;
        const lower = swapWord(read(arpMac + 8 * i));
        const upper = swapWord(read(arpMac + 8 * i + 4) & 0xffff) >>> 16;
        entries.push({
          ip: formatIp(swapWord(read(arpIp + 4 * i))),
          mac: formatMac(lower * 2 ** 16 + upper),
        });
      }
    }
    return entries;
  }

  /**
   * Adds an entry to the ARP table, in place of one with the same last byte.
   *
   * @param entry An address of the card's /24 subnet, and whose it is.
   * @throws {OnpathError} `size` when one is no address.
   */
  setArp({ ip, mac }: VnxArpEntry): void {
    const { arpValid, arpIp, arpMac } = NETWORK_REGISTER;
    const [address, owner] = [parseIp(ip), parseMac(mac)];
    const i = address % ARP_ENTRIES;
    const word = arpValid + (i - i % 4);
    const bit = (1 << 8 * (i % 4)) >>> 0;
    const write = (offset: number, value: number) => this.#registers.writeRegister(offset, value);
    write(arpIp + 4 * i, swapWord(address));
    write(arpMac + 8 * i, swapWord(Math.floor(owner / 2 ** 16)));
    write(arpMac + 8 * i + 4, swapWord((owner % 2 ** 16) * 2 ** 16));
    write(word, (this.#registers.readRegister(word) | bit) >>> 0);
  }

  /** Clears the ARP table. */
  clearArp(): void {
    for (let i = 0; i < ARP_ENTRIES; i += 4) this.#registers.writeRegister(NETWORK_REGISTER.arpValid + i, 0);
  }

  /** Asks every address of the subnet; answers come into the ARP table, about a second later. */
  discoverArp(): void {
    for (const value of [0, 1, 0]) this.#registers.writeRegister(NETWORK_REGISTER.discoverArp, value);
  }

  /** What the probes have counted since they were reset. */
  statistics(): Readonly<Record<VnxProbeName, VnxProbe>> {
    const probe = (at: number): VnxProbe => ({
      cycles: readCounter(this.#registers, at),
      bytes: readCounter(this.#registers, at + 8),
      packets: readCounter(this.#registers, at + 16),
    });
    const names = Object.keys(PROBES) as VnxProbeName[];
    return Object.fromEntries(names.map((name) => [name, probe(PROBES[name])])) as Record<
      VnxProbeName,
      VnxProbe
    >;
  }

  /** Sets all probes to 0. */
  resetStatistics(): void {
    this.#registers.writeRegister(NETWORK_REGISTER.resetProbes, 1);
  }

  /** Four tables stand behind each other, each with as many entries of 8 bytes as there are sockets. */
  #socketPlaces() {
    const count = this.socketCount();
    const place = (table: number, i: number) => NETWORK_REGISTER.sockets + 8 * (table * count + i);
    return Array.from({ length: count }, (_, i) => ({
      theirIp: place(0, i),
      theirPort: place(1, i),
      myPort: place(2, i),
      valid: place(3, i),
    }));
  }
}

/** A word with its bytes the other way round. */
function swapWord(value: number): number {
  return ((value & 0xff) << 24 | (value >>> 8 & 0xff) << 16 | (value >>> 16 & 0xff) << 8 | value >>> 24) >>>
    0;
}
