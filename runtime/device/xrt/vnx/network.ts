/**
 * Network layer of VNx: addresses, sockets, ARP and probes.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../../serialize/errors.ts";
import { type Registers, requireRegisters } from "../binding/registers.ts";
import { formatIp, formatMac, parseIp, parseMac } from "./address.ts";
import { ARP_ENTRIES, MAX_SOCKETS, NETWORK_REGISTER, PROBES } from "./map.ts";
import { readCounter } from "./words.ts";

/** Addresses of the card. */
export interface VnxAddresses {
  /** MAC address, such as `00:0a:35:02:9d:05`. */
  readonly mac: string;
  /** IPv4 address, such as `192.168.0.5`. */
  readonly ip: string;
  /** IPv4 address of the router. */
  readonly gateway: string;
  /** Subnet mask, such as `255.255.255.0`. */
  readonly mask: string;
}

/** Entry of the socket table. The application receives only datagrams that match all three fields. */
export interface VnxSocket {
  /** IPv4 address of the peer. */
  readonly theirIp: string;
  /** UDP port of the peer, 0 to 65,535. */
  readonly theirPort: number;
  /** UDP port of the card, 0 to 65,535. */
  readonly myPort: number;
}

/** Entry of the ARP table. */
export interface VnxArpEntry {
  /** IPv4 address. */
  readonly ip: string;
  /** MAC address of the host with that IPv4 address. */
  readonly mac: string;
}

/** Counts of a probe. */
export interface VnxProbe {
  /** Packets that passed. */
  readonly packets: number;
  /** Bytes that passed. */
  readonly bytes: number;
  /** Clock cycles in which data passed. */
  readonly cycles: number;
}

/** Point at which a probe counts: a key of {@linkcode PROBES}. */
export type VnxProbeName = keyof typeof PROBES;

/**
 * Network layer of a card.
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
   * Creates the network layer's controls. No register is accessed yet.
   *
   * @param registers Registers of `networklayer`: `device.ip("networklayer")`, or a model.
   * @throws {OnpathError} `size` when they cannot be read and written.
   */
  constructor(registers: Registers) {
    requireRegisters("network layer", registers);
    this.#registers = registers;
  }

  /** Reads the addresses of the card. */
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
   * Sets addresses of the card. Absent ones are unchanged, except as follows.
   *
   * @param addresses Addresses to set. `ip` without `gateway` sets the gateway to the first address of the /24
   * subnet. `ip` without `mac` sets the last byte of the MAC to that of the IP. VNx's own driver does the same.
   * @throws {OnpathError} `size` when an address is invalid; no register is written.
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
   * Reads the number of sockets in the hardware.
   *
   * @returns 1 to {@linkcode MAX_SOCKETS}.
   * @throws {OnpathError} `device` when the register has another value.
   */
  socketCount(): number {
    const count = this.#registers.readRegister(NETWORK_REGISTER.socketCount);
    if (count >= 1 && count <= MAX_SOCKETS) return count;
    throw new OnpathError(
      "device",
      `Cannot use the network layer: its register has ${count} sockets, expected 1 to ${MAX_SOCKETS}. Is it VNx?`,
      { count },
    );
  }

  /** Reads the socket table. The index of an entry is TDEST of its packets; an unset entry is null. */
  sockets(): (VnxSocket | null)[] {
    return this.#socketOffsets().map(({ theirIp, theirPort, myPort, valid }) => {
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
   * Sets or clears an entry of the socket table. The entry is invalid while it is written.
   *
   * @param index Index of the entry, from 0.
   * @param socket New entry, or null to clear it.
   * @throws {OnpathError} `size` when the index, an address or a port is out of range.
   */
  setSocket(index: number, socket: VnxSocket | null): void {
    const offsets = this.#socketOffsets();
    checkInteger("socket index", index, 0, offsets.length - 1);
    const ip = socket === null ? 0 : parseIp(socket.theirIp);
    const theirs = socket === null ? 0 : checkInteger("port", socket.theirPort, 0, 65_535);
    const mine = socket === null ? 0 : checkInteger("port", socket.myPort, 0, 65_535);
    const { theirIp, theirPort, myPort, valid } = offsets[index]!;
    const write = (offset: number, value: number) => this.#registers.writeRegister(offset, value);
    write(valid, 0);
    write(theirIp, ip);
    write(theirPort, theirs);
    write(myPort, mine);
    if (socket !== null) write(valid, 1);
  }

  /** Reads the valid entries of the ARP table, in order of the last byte of their IP address. */
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
   * Adds an entry to the ARP table. The entry replaces one with the same last byte of the IP address.
   *
   * @param entry IPv4 address in the card's /24 subnet, and its MAC address.
   * @throws {OnpathError} `size` when an address is invalid.
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

  /** Sends an ARP request to each address of the subnet. Replies are in the ARP table after about a second. */
  discoverArp(): void {
    for (const value of [0, 1, 0]) this.#registers.writeRegister(NETWORK_REGISTER.discoverArp, value);
  }

  /** Reads the counts of all probes since their reset. */
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

  /** Resets all probes to 0. */
  resetStatistics(): void {
    this.#registers.writeRegister(NETWORK_REGISTER.resetProbes, 1);
  }

  /** Register offsets of each socket: four tables in sequence, with one entry of 8 bytes per socket each. */
  #socketOffsets() {
    const count = this.socketCount();
    const offset = (table: number, i: number) => NETWORK_REGISTER.sockets + 8 * (table * count + i);
    return Array.from({ length: count }, (_, i) => ({
      theirIp: offset(0, i),
      theirPort: offset(1, i),
      myPort: offset(2, i),
      valid: offset(3, i),
    }));
  }
}

/** Reverses the bytes of a 32-bit word. */
function swapWord(value: number): number {
  return ((value & 0xff) << 24 | (value >>> 8 & 0xff) << 16 | (value >>> 16 & 0xff) << 8 | value >>> 24) >>>
    0;
}
