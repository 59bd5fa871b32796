/**
 * Instances of a kernel at a link's rate: packets a second of the wire, of one instance, and what of a card they take.
 *
 * A datagram of `b` bytes takes `b + 66` bytes of an Ethernet: preamble 8, MAC header 14, IPv4 20, UDP 8, frame check 4,
 * gap 12 (IEEE 802.3, clause 4; RFC 791, RFC 768). A link of `g` Gb/s brings `10⁹·g / (8·(b + 66))` of them a second. An
 * instance that needs `c` cycles a packet takes `f / c` at a clock of `f`, so `⌈packets of the link · c / f⌉` instances
 * take all.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../serialize/errors.ts";

/** Bytes that a datagram takes on an Ethernet besides its payload. */
export const WIRE_BYTES = 66;

/** Resources of an FPGA. Plain data. */
export interface FpgaResources {
  /** Look-up tables of six inputs. */
  readonly lut: number;
  /** Flip-flops. */
  readonly ff: number;
  /** Memories of 36 Kb; one of 18 Kb is a half. */
  readonly bram: number;
  /** Memories of 288 Kb. */
  readonly uram: number;
  /** Multipliers. */
  readonly dsp: number;
}

/** Key of {@linkcode FpgaResources}. */
export type ResourceName = keyof FpgaResources;

/** Names of all resources. */
export const RESOURCES: readonly ResourceName[] = ["lut", "ff", "bram", "uram", "dsp"];

/** Resources of cards, from their data sheets: DS965, DS978, DS962 and DS963. A shell takes some of them. */
export const CARD_RESOURCES: Readonly<Record<"u50" | "u55c" | "u250" | "u280", FpgaResources>> = {
  u50: { lut: 872_000, ff: 1_743_000, bram: 1344, uram: 640, dsp: 5952 },
  u55c: { lut: 1_303_680, ff: 2_607_360, bram: 2016, uram: 960, dsp: 9024 },
  u250: { lut: 1_728_000, ff: 3_456_000, bram: 2688, uram: 1280, dsp: 12_288 },
  u280: { lut: 1_303_680, ff: 2_607_360, bram: 2016, uram: 960, dsp: 9024 },
};

/** Share of each resource that AMD's UltraFast methodology (UG949) has a design use at most. */
export const USABLE_SHARE: FpgaResources = { lut: 0.7, ff: 0.5, bram: 0.8, uram: 0.8, dsp: 0.8 };

/** Work of one instance for a number of packets. Plain data. */
export interface InstanceLoad {
  /** Packets in. */
  readonly packets: number;
  /** Bytes of their datagrams, headers of the packet format included. */
  readonly bytesIn: number;
  /** Packets out. */
  readonly answers: number;
  /** Bytes of their datagrams. */
  readonly bytesOut: number;
  /** Cycles of the instance. */
  readonly cycles: number;
}

/** One kernel beside a link. Plain data. */
export interface LineRate {
  /** Packets a second that the link brings; fewer if their answers would fill it. */
  readonly linePackets: number;
  /** Whether requests or answers fill the link. */
  readonly fullOf: "requests" | "answers";
  /** Packets a second of one instance. */
  readonly instancePackets: number;
  /** Bytes of the wire that one instance takes, in Gb/s. */
  readonly instanceGbps: number;
  /** Instances for all packets of the link. */
  readonly needed: number;
  /** Instances that fit the card. */
  readonly fits: number;
  /** Resource of which an instance takes the greatest share. */
  readonly binds: ResourceName;
  /** Share of {@linkcode LineRate.binds}, of what a design may use, that the needed instances take; 1 is all. */
  readonly share: number;
  /** Share of the link's packets that the instances that fit take, at most 1. */
  readonly reached: number;
}

/**
 * Counts the instances of a kernel for a link.
 *
 * @param load Work of one instance, such as that of one flow.
 * @param instance Resources of one instance.
 * @param card Resources of the card.
 * @param options `gbps`: rate of the link in Gb/s. `clockMHz`: assumed clock of the instances.
 * @throws {OnpathError} `size` unless packets, bytes, cycles, rate and clock are greater than 0, all resources are given,
 * and the instance has some.
 *
 * @example
 * ```ts
 * import { CARD_RESOURCES, lineRate, RESOURCES, USABLE_SHARE, WIRE_BYTES } from "onpath/kernels";
 * import assert from "node:assert/strict";
 *
 * // 1,000 packets of 1,408 bytes, 45 cycles each, answered by 448 bytes.
 * const load = { packets: 1000, bytesIn: 1_408_000, answers: 1000, bytesOut: 448_000, cycles: 45_000 };
 * const instance = { lut: 27_000, ff: 9_400, bram: 100, uram: 0, dsp: 6 };
 * const { linePackets, needed, fits, binds } = lineRate(load, instance, CARD_RESOURCES.u55c, {
 *   gbps: 100,
 *   clockMHz: 250,
 * });
 * assert.equal(linePackets, 1e11 / 8 / (1408 + WIRE_BYTES)); // 8.48 million a second
 * assert.deepEqual([needed, fits, binds], [2, 16, "bram"]);
 * // 16 instances stay within what counts of each resource.
 * for (const name of RESOURCES) assert(16 * instance[name] <= USABLE_SHARE[name] * CARD_RESOURCES.u55c[name]);
 * ```
 */
export function lineRate(
  load: InstanceLoad,
  instance: FpgaResources,
  card: FpgaResources,
  options: { readonly gbps: number; readonly clockMHz: number },
): LineRate {
  const { packets, bytesIn, answers, bytesOut, cycles } = Object(load) as InstanceLoad;
  const { gbps, clockMHz } = Object(options) as typeof options;
  for (const [name, value] of Object.entries({ packets, bytesIn, cycles, gbps, clockMHz })) {
    if (!Number.isFinite(value) || value <= 0) throw wrong(name, value, "more than 0");
  }
  for (const [what, resources] of Object.entries({ instance, card })) {
    for (const name of RESOURCES) {
      const value = (Object(resources) as FpgaResources)[name];
      if (!Number.isFinite(value) || value < 0) throw wrong(`${name} of the ${what}`, value, "0 or more");
    }
  }
  const wireIn = bytesIn + WIRE_BYTES * packets, wireOut = bytesOut + WIRE_BYTES * answers;
  const linePackets = packets * gbps * 1e9 / 8 / Math.max(wireIn, wireOut);
  const instancePackets = packets * clockMHz * 1e6 / cycles;
  const needed = Math.ceil(linePackets / instancePackets);
  const shares = RESOURCES.map((name) => {
    const usable = Math.floor(card[name] * USABLE_SHARE[name]);
    return { name, each: instance[name] === 0 ? 0 : usable === 0 ? Infinity : instance[name] / usable };
  });
  const { name: binds, each } = shares.reduce((most, next) => next.each > most.each ? next : most);
  if (each === 0) throw new OnpathError("size", "Cannot count instances: an instance has no resources", {});
  const fits = Math.floor(1 / each);
  return {
    linePackets,
    fullOf: wireOut > wireIn ? "answers" : "requests",
    instancePackets,
    instanceGbps: instancePackets * 8 * wireIn / packets / 1e9,
    needed,
    fits,
    binds,
    share: needed * each,
    reached: Math.min(1, fits * instancePackets / linePackets),
  };
}

function wrong(name: string, value: unknown, expected: string): OnpathError {
  const found = typeof value === "number" ? value : kindOf(value);
  return new OnpathError("size", `Cannot count instances: ${name} is ${found}, expected ${expected}`, {
    name,
    found,
  });
}
