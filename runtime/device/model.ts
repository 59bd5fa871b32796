/**
 * The model device: runs every kernel's model in TypeScript, packet by packet. Tests compare the other devices with it.
 *
 * @module
 */

import type { DropReason, PacketModel, Program } from "../../kernels/program.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { Device, DeviceCounters } from "./device.ts";
import { checkExchange, createSerial, createSlices } from "./serial.ts";

/**
 * Profile of the model device: the numbers of an Alveo U55C.
 *
 * @example
 * ```ts
 * import { MODEL_PROFILE } from "onpath";
 * import assert from "node:assert/strict";
 *
 * assert.equal(MODEL_PROFILE.payload, 1344);
 * ```
 */
export const MODEL_PROFILE: DeviceProfile = {
  ...CARD_PROFILES.find(({ name }) => name === "u55c")!,
  name: "model",
  summary: "the kernels' models in TypeScript, packet by packet, with the numbers of an Alveo U55C",
};

/** Packets between two reads of the clock. One read costs as much as a small packet. */
const SLICE_PACKETS = 16;

/**
 * Opens a model device.
 *
 * @param profile Profile of the modelled card. Default {@linkcode MODEL_PROFILE}.
 * @returns The device. Cycles are estimated from packets, page loads and the profile.
 *
 * @example
 * ```ts
 * import { createModelDevice } from "onpath";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * assert.equal(device.counters().packets, 0);
 * ```
 */
export function createModelDevice(profile: DeviceProfile = MODEL_PROFILE): Device {
  const serial = createSerial();
  const dropped: Partial<Record<DropReason, number>> = {};
  // Counts of earlier programs.
  const past = { lookups: 0, cycles: 0, stalls: 0, swaps: 0, tableBytes: 0 };
  let packets = 0;
  let program: Program | null = null;
  let model: PacketModel | null = null;
  let isClosed = false;

  const refuseClosed = (intent: string) => {
    if (isClosed) throw new OnpathError("device", `Cannot ${intent}: device ${profile.name} is closed`);
  };

  const retire = () => {
    if (model === null) return;
    const { pageBytes, ...counts } = model.counts();
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) past[name] += counts[name];
    past.tableBytes += pageBytes;
    model = null;
  };

  const load = (next: Program) => {
    refuseClosed("load a plan");
    const isKept = program?.plan.id === next.plan.id;
    const made = next.model(profile);
    retire();
    [program, model] = [next, made];
    // Tables of the same plan are already resident.
    if (isKept) return;
    past.cycles += made.resident.cycles;
    past.tableBytes += made.resident.bytes;
  };

  const device: Device = {
    profile,
    loaded: () => program,
    load: (next) => serial(() => load(next)),
    exchange: (exchange, options) =>
      serial(async () => {
        const { signal } = options ?? {};
        signal?.throwIfAborted();
        refuseClosed("exchange packets");
        if (model === null) {
          throw new OnpathError("device", `Cannot exchange packets: device ${profile.name} has no program`);
        }
        checkExchange(exchange);
        const { input, output, count } = exchange;
        const slices = createSlices();
        let answers = 0;
        model.begin?.(exchange);
        for (let slot = 0; slot < count; slot++) {
          if (slot % SLICE_PACKETS === SLICE_PACKETS - 1 && slices.isDue()) {
            await slices.yield();
            signal?.throwIfAborted();
          }
          const result = model.take(input, slot, output, answers);
          if (typeof result === "number") {
            answers += result;
            packets++;
          } else dropped[result] = (dropped[result] ?? 0) + 1;
        }
        model.end?.();
        return answers;
      }),
    counters: (): DeviceCounters => {
      const now = model?.counts() ?? { lookups: 0, cycles: 0, stalls: 0, swaps: 0, pageBytes: 0 };
      return {
        packets,
        dropped: { ...dropped },
        lookups: Math.round(past.lookups + now.lookups),
        cycles: past.cycles + now.cycles,
        stalls: past.stalls + now.stalls,
        swaps: past.swaps + now.swaps,
        tableBytes: past.tableBytes + now.pageBytes,
      };
    },
    close: () => {
      if (!isClosed) {
        isClosed = true;
        retire();
        program = null;
      }
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}
