/**
 * The model device: every kernel's model, packet by packet, in TypeScript. The plain truth that the
 * other devices are compared with.
 *
 * @module
 */

import { type ItemType, KERNELS, type Stage } from "../../kernels/mod.ts";
import {
  checkWhole,
  FLAG,
  HEADER_BYTES,
  itemBytes,
  KIND,
  newHeader,
  OnpathError,
  type PacketSlots,
  readPacket,
  slotAddress,
  STANDARD_PAYLOAD,
  writeHeader,
} from "../../serialize/mod.ts";
import { checkChannels } from "../../serialize/mod.ts";
import type { Plan } from "../plan/plan.ts";
import type { Device, DeviceCounters, DropReason, Exchange } from "./device.ts";
import type { DeviceProfile } from "./profile.ts";

/** The model's numbers: a standard frame, and tables as large as a host can afford. */
export const MODEL_PROFILE: DeviceProfile = {
  name: "model",
  summary: "the kernels' models in TypeScript, packet by packet; counts no cycles",
  payload: STANDARD_PAYLOAD,
  tableBytes: 64 * 2 ** 20,
  kernels: Object.keys(KERNELS),
};

interface Program {
  readonly plan: Plan;
  readonly stages: readonly Stage[];
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly lookupsPerItem: number;
  /** Room for the items between two stages. */
  readonly scratch: readonly Uint8Array[];
}

/**
 * Opens a model device.
 *
 * @returns The device.
 *
 * @example
 * ```ts
 * import { createModelDevice } from "onpath/runtime";
 * import assert from "node:assert/strict";
 *
 * await using device = createModelDevice();
 * assert.equal(device.counters().packets, 0);
 * ```
 */
export function createModelDevice(): Device {
  const header = newHeader();
  const dropped: Partial<Record<DropReason, number>> = {};
  let packets = 0;
  let lookups = 0;
  let program: Program | undefined;
  let closed = false;

  /** Processes one packet; the name of what is wrong with it, or null. */
  const process = (
    program: Program,
    input: PacketSlots,
    slot: number,
    output: PacketSlots,
    answer: number,
  ) => {
    const { plan, stages, scratch } = program;
    const refusal = readPacket(input, slot, header);
    if (refusal !== null) return refusal;
    if (header.plan !== plan.id) return "plan";
    const items = header.length / program.inputBytes;
    const length = items * program.outputBytes;
    if (
      header.kind !== plan.layout.kind || !Number.isInteger(items) ||
      HEADER_BYTES + length > output.slotBytes ||
      items > plan.layout.cut.itemsPerPacket
    ) return "items";
    const at = slotAddress(output, answer);
    let source: Uint8Array = input.engine.bytes;
    let from = slotAddress(input, slot) + HEADER_BYTES;
    if (stages.length === 0) output.engine.bytes.set(source.subarray(from, from + length), at + HEADER_BYTES);
    for (const [index, stage] of stages.entries()) {
      const final = index === stages.length - 1;
      const target = final ? output.engine.bytes : scratch[index]!;
      const to = final ? at + HEADER_BYTES : 0;
      const wrong = stage.process(source, from, items, target, to);
      if (wrong !== null) return wrong;
      [source, from] = [target, to];
    }
    header.kind = KIND.samples;
    header.length = length;
    writeHeader(output.engine.view, at, header);
    if (header.flags & FLAG.checked) output.engine.functions.seal(at, HEADER_BYTES + length);
    lookups += items * program.lookupsPerItem;
    return null;
  };

  const device: Device = {
    profile: MODEL_PROFILE,
    load: (plan) =>
      attempt(() => {
        if (closed) throw new OnpathError("device", "Cannot load a plan: the model device is closed");
        program = prepare(plan);
      }),
    exchange: (exchange, options) =>
      attempt(() => {
        options?.signal?.throwIfAborted();
        if (closed || program === undefined) {
          throw new OnpathError(
            "device",
            `Cannot exchange packets: the model device ${closed ? "is closed" : "has no plan"}`,
          );
        }
        checkExchange(exchange);
        let answers = 0;
        for (let slot = 0; slot < exchange.count; slot++) {
          const wrong = process(program, exchange.input, slot, exchange.output, answers);
          if (wrong === null) answers++;
          else dropped[wrong] = (dropped[wrong] ?? 0) + 1;
        }
        packets += answers;
        return answers;
      }),
    counters: (): DeviceCounters => ({ packets, dropped: { ...dropped }, lookups, cycles: null }),
    close: () => {
      closed = true;
      program = undefined;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}

/**
 * Refuses an exchange that its slots cannot hold.
 *
 * @throws {OnpathError} `size` when there are fewer slots than packets.
 */
export function checkExchange({ input, output, count }: Exchange): void {
  checkWhole("a number of packets of", count, 0, 2 ** 20);
  if (count > input.slots || count > output.slots) {
    throw new OnpathError(
      "size",
      `Cannot exchange ${count} packets: there are ${input.slots} slots to send and ${output.slots} for answers`,
      { count, input: input.slots, output: output.slots },
    );
  }
}

/** Runs a function at once; what it throws becomes a rejection. */
function attempt<T>(run: () => T): Promise<T> {
  return new Promise((resolve) => resolve(run()));
}

function prepare(plan: Plan): Program {
  const { layout } = plan;
  const channels = checkChannels(layout.channels);
  let type: ItemType = {
    kind: layout.kind === KIND.cells ? "cells" : "samples",
    dtype: "u8",
    channels,
    planar: false,
  };
  let outputBytes = itemBytes(layout.kind, channels);
  const stages: Stage[] = [];
  const scratch: Uint8Array[] = [];
  for (const { kernel, params } of plan.stages) {
    const known = KERNELS[kernel];
    if (known === undefined) {
      throw new OnpathError("device", `Cannot load a plan: the model device has no kernel "${kernel}"`, {
        kernel,
      });
    }
    const stage = known.prepare(params, type);
    type = stage.output;
    outputBytes = stage.outputItemBytes;
    stages.push(stage);
    scratch.push(new Uint8Array(layout.cut.itemsPerPacket * outputBytes));
  }
  const tables = stages.flatMap((stage) => stage.tables);
  return {
    plan,
    stages,
    scratch,
    inputBytes: itemBytes(layout.kind, channels),
    outputBytes,
    lookupsPerItem: channels * tables.reduce((sum, table) => sum + table.lookups, 0),
  };
}
