/**
 * A model of the registers of VNx's network layer and Ethernet port, written from the maps and drivers in
 * AMD's xup_vitis_network_example: places are its numbers, not those of what is tested.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Registers } from "../../../runtime/device/xrt/binding/registers.ts";

/** A model of registers, with what was written in order. */
export interface RegisterModel extends Registers {
  readonly words: Map<number, number>;
  readonly writes: [offset: number, value: number][];
}

function registers(
  range: number,
  hooks: {
    readonly read?: (offset: number, words: Map<number, number>) => number | undefined;
    readonly write?: (offset: number, value: number, words: Map<number, number>) => boolean;
  },
): RegisterModel {
  const words = new Map<number, number>();
  const writes: [number, number][] = [];
  const check = (offset: number) =>
    assert(offset % 4 === 0 && offset >= 0 && offset < range, `no register at ${offset}`);
  return {
    words,
    writes,
    readRegister: (offset) => {
      check(offset);
      return hooks.read?.(offset, words) ?? words.get(offset) ?? 0;
    },
    writeRegister: (offset, value) => {
      check(offset);
      assert(Number.isInteger(value) && value >= 0 && value < 2 ** 32, `${value} is no word`);
      writes.push([offset, value]);
      if (hooks.write?.(offset, value, words) !== false) words.set(offset, value);
    },
  };
}

/** The network layer: `neighbours` answer when ARP asks. */
export function networkModel(
  sockets: number,
  neighbours: readonly { readonly ip: readonly number[]; readonly mac: readonly number[] }[] = [],
): RegisterModel {
  let edge = 0;
  const model = registers(0x2000, {
    write: (offset, value, words) => {
      // Probes and the number of sockets are only read.
      if (offset >= 0x400 && offset < 0x520) return false;
      if (offset === 0x810) return false;
      if (offset === 0x5f0 && value === 1) { for (let at = 0x400; at < 0x520; at += 4) words.delete(at); }
      if (offset === 0x1010) {
        if (edge === 0 && value === 1) {
          for (const { ip, mac } of neighbours) {
            const i = ip[3]!;
            words.set(0x1400 + 4 * i, littleEndian(ip));
            words.set(0x1800 + 8 * i, littleEndian(mac.slice(0, 4)));
            words.set(0x1804 + 8 * i, littleEndian(mac.slice(4)));
            const word = 0x1100 + (i & ~3);
            words.set(word, ((words.get(word) ?? 0) | (1 << 8 * (i % 4))) >>> 0);
          }
        }
        edge = value & 1;
      }
      return true;
    },
  });
  model.words.set(0x810, sockets);
  // As interface_settings.v starts: 00:0a:35:02:9d:e5, 192.168.0.5.
  model.words.set(0x10, 0x35029de5).set(0x14, 0x000a).set(0x18, 0xc0a80005).set(0x1c, 0xc0a80001).set(
    0x20,
    0xffffff00,
  );
  return model;
}

/** The port: counters run in `counted`, and are read where they were copied to. */
export function portModel(counted: Map<number, bigint>): RegisterModel {
  let latched = 0;
  const model = registers(0x2000, {
    read: (offset, words) => {
      if (offset !== 0x204) return undefined;
      // What was wrong since the last reading comes with it once.
      const value = (words.get(0x204) ?? 0) | latched;
      latched = 0;
      return value;
    },
    write: (offset, value, words) => {
      if (offset !== 0x2b0 || value !== 1) return true;
      for (const [at, count] of counted) {
        words.set(at, Number(count & 0xffff_ffffn)).set(at + 4, Number(count >> 32n));
        counted.set(at, 0n);
      }
      return false;
    },
  });
  latched = 1 << 5;
  return model;
}

function littleEndian(bytes: readonly number[]): number {
  return bytes.reduce((word, byte, i) => word + byte * 2 ** (8 * i), 0);
}
