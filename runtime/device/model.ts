/**
 * The model device: every kernel's model, packet by packet, in TypeScript. The plain truth that the
 * other devices are compared with.
 *
 * @module
 */

import { checkWhole, OnpathError } from "../../serialize/errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, newHeader, writeHeader } from "../../serialize/header.ts";
import { locate } from "../../serialize/partition.ts";
import { type PacketSlots, readPacket, slotAddress } from "../../serialize/packets.ts";
import { loadCycles, residentBytes } from "../../kernels/image/plan/cost.ts";
import { beatsOf, createPacketClock, packetBeats, type PacketClock } from "../../kernels/image/rtl/cycles.ts";
import { createRtlPageClock, type RtlPageClock } from "../../kernels/image/rtl/page_clock.ts";
import type { Device, DeviceCounters, DropReason, Exchange } from "./device.ts";
import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { CARD_PROFILES } from "../../kernels/target/profiles.ts";
import type { StagedPage } from "../../kernels/image/model/page_bank.ts";
import { createModelNormalize, createModelText, type ModelText } from "./model_text.ts";
import { prepareProgram, type Program } from "../../kernels/image/model/program.ts";

/** The model's numbers: those of an Alveo U55C. */
export const MODEL_PROFILE: DeviceProfile = {
  ...CARD_PROFILES.find(({ name }) => name === "u55c")!,
  name: "model",
  summary: "the kernels' models in TypeScript, packet by packet, with the numbers of an Alveo U55C",
};

/**
 * Opens a model device.
 *
 * @param profile The numbers of the card that it stands for.
 * @returns The device. Its cycles follow from packets, page loads and the profile's numbers; they are
 * simulated.
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
export function createModelDevice(profile: DeviceProfile = MODEL_PROFILE): Device {
  const header = newHeader();
  const reply = newHeader();
  const span = { first: 0, count: 0 };
  const dropped: Partial<Record<DropReason, number>> = {};
  const past = { cycles: 0, stalls: 0, swaps: 0, tableBytes: 0 };
  let packets = 0;
  let lookups = 0;
  let work = 0;
  let program: Program | undefined;
  let text: ModelText | undefined;
  // Where cycles are the RTL's: the clock of pages, its cycles so far, and loads that the next exchange brings.
  let pageClock: RtlPageClock | undefined;
  let flowCycles = 0;
  let staged: StagedPage[] = [];
  let closed = false;

  /** Answers one packet of items; the name of what is wrong with it, or null. */
  const answerItems = (
    program: Program,
    input: PacketSlots,
    slot: number,
    output: PacketSlots,
    answer: number,
  ) => {
    const { bank } = program;
    const items = header.length / program.inputBytes;
    const length = items * program.outputBytes;
    if (HEADER_BYTES + length > output.slotBytes) return "items";
    if (bank !== undefined && !bank.begin(header.epoch)) return "epoch";
    const from = slotAddress(input, slot) + HEADER_BYTES;
    const at = slotAddress(output, answer);
    const target = output.engine.bytes;
    const wrong = program.process(
      input.engine.bytes,
      from,
      items,
      header.position,
      target,
      at + HEADER_BYTES,
    );
    if (wrong === "page") return bank!.fail(header.sequence, header.epoch);
    if (wrong !== null) return wrong;
    const cycles = Math.ceil(items / program.perCycle);
    if (profile.timing === "bus") {
      if (bank !== undefined) bank.work(cycles);
      else work += cycles;
    }
    header.kind = KIND.samples;
    header.length = length;
    seal(output, at, header);
    lookups += items * program.lookupsPerItem;
    return null;
  };

  /** A packet goes by the clock of the RTL. */
  const pass = (clock: PacketClock, { plan, outputBytes }: Program, answered: boolean) => {
    // An answered packet's header says by now how long the answer is.
    if (answered) clock.pass(beatsOf(plan, header.length / outputBytes), header.epoch);
    else clock.drop(packetBeats(Math.min(header.length, plan.layout.payload), profile.busBytes));
  };

  const seal = (output: PacketSlots, at: number, fields: Header) => {
    writeHeader(output.engine.view, at, fields);
    if (fields.flags & FLAG.checked) output.engine.functions.seal(at, HEADER_BYTES + fields.length);
  };

  /** Answers an output row in as many packets as its cut has; returns the number of answers. */
  const answerRow = (program: Program, image: number, row: number, output: PacketSlots, answer: number) => {
    const { plan, rows, rowItemBytes, outputBytes } = program;
    const { answers } = plan.layout;
    const first = (image * answers.height + row) * answers.packetsPerRow;
    for (let part = 0; part < answers.packetsPerRow; part++) {
      if (answer + part >= output.slots) {
        throw new OnpathError("size", `Cannot answer: all ${output.slots} slots for answers are taken`, {
          slots: output.slots,
        });
      }
      locate(answers, first + part, span);
      const column = span.first % answers.width;
      const at = slotAddress(output, answer + part);
      const from = column * rowItemBytes;
      program.process(rows!.row, from, span.count, span.first, output.engine.bytes, at + HEADER_BYTES);
      const sequence = first + part;
      Object.assign(reply, header, {
        kind: KIND.samples,
        sequence,
        packets: answers.packets,
        position: span.first,
        length: span.count * outputBytes,
        flags: (header.flags & FLAG.checked) | (sequence === 0 ? FLAG.first : 0) |
          (sequence === answers.packets - 1 ? FLAG.last : 0),
      });
      seal(output, at, reply);
      lookups += span.count * program.lookupsPerItem;
    }
    return answers.packetsPerRow;
  };

  /** Processes one packet; the number of answers, or the name of what is wrong with it. */
  const process = (
    program: Program,
    input: PacketSlots,
    slot: number,
    output: PacketSlots,
    answer: number,
  ): number | DropReason => {
    const { plan, rows, rowClock } = program;
    const { cut, kind, payload } = plan.layout;
    const refusal = readPacket(input, slot, header);
    const items = header.length / program.inputBytes;
    const wrong = refusal ??
      (header.plan !== plan.id
        ? "plan"
        : header.kind !== kind || !Number.isInteger(items) || items > cut.itemsPerPacket
        ? "items"
        : null);
    if (wrong !== null) {
      rowClock?.drop(Math.min(header.length, payload));
      return wrong;
    }
    if (rows === undefined) return answerItems(program, input, slot, output, answer) ?? 1;
    rowClock?.packet(header.length);
    if (header.position + items > cut.width * cut.height * cut.images) {
      rowClock?.refuse();
      return "items";
    }
    let given = 0;
    const from = slotAddress(input, slot) + HEADER_BYTES;
    const taken = rows.take(header.flow, header.position, input.engine.bytes, from, items, (image, row) => {
      given += answerRow(program, image, row, output, answer + given);
    });
    return taken || given > 0 ? given : "order";
  };

  /** Takes the counts of a program that ends into those of the device. */
  const retire = () => {
    lookups += text?.lookups() ?? 0;
    text = undefined;
    if (program === undefined) return;
    const now = programCounts(program, pageClock);
    past.cycles += now.cycles;
    past.stalls += now.stalls;
    past.swaps += now.swaps;
    past.tableBytes += now.bytes;
  };

  /** Text is served in place of the plan before. */
  const loadModel = (make: () => ModelText) =>
    attempt(() => {
      if (closed) throw new OnpathError("device", "Cannot load a text plan: the model device is closed");
      const next = make();
      retire();
      program = pageClock = undefined;
      text = next;
      past.tableBytes += next.tableBytes;
    });

  const device: Device = {
    profile,
    load: (plan) =>
      attempt(() => {
        if (closed) throw new OnpathError("device", "Cannot load a plan: the model device is closed");
        const kept = program?.plan.id === plan.id;
        const next = prepareProgram(plan, profile.timing);
        retire();
        program = next;
        const clocked = next.bank !== undefined && profile.timing === "rtl";
        pageClock = clocked ? createRtlPageClock(plan.pages!.bytes / 4) : undefined;
        [flowCycles, staged] = [0, []];
        if (kept) return;
        past.cycles += loadCycles(profile, plan.tables, plan.pages !== null);
        past.tableBytes += residentBytes(plan.tables, plan.pages !== null);
      }),
    loadText: (plan, vocabulary) => loadModel(() => createModelText(plan, vocabulary)),
    loadNormalize: (plan) => loadModel(() => createModelNormalize(plan)),
    stage: (pages) =>
      attempt(() => {
        if (program?.bank === undefined) {
          throw new OnpathError("device", "Cannot stage pages: the model device has no plan with pages");
        }
        program.bank.stage(pages);
        staged.push(...pages);
      }),
    exchange: (exchange, options) =>
      attempt(() => {
        options?.signal?.throwIfAborted();
        if (!closed && text !== undefined) {
          const { taken, answers } = text.exchange(exchange, dropped);
          packets += taken;
          return answers;
        }
        if (closed || program === undefined) {
          throw new OnpathError(
            "device",
            `Cannot exchange packets: the model device ${closed ? "is closed" : "has no plan"}`,
          );
        }
        checkExchange(exchange);
        let answers = 0;
        const pages = pageClock && { clock: pageClock, base: flowCycles };
        const { rowClock } = program;
        rowClock?.begin();
        const clock = profile.timing === "rtl" && rowClock === undefined
          ? createPacketClock(program.plan, pages)
          : undefined;
        pageClock?.queue(staged, lastEpoch(exchange), flowCycles);
        staged = [];
        for (let slot = 0; slot < exchange.count; slot++) {
          const result = process(program, exchange.input, slot, exchange.output, answers);
          if (typeof result === "number") {
            answers += result;
            packets++;
          } else dropped[result] = (dropped[result] ?? 0) + 1;
          if (clock !== undefined) pass(clock, program, typeof result === "number");
        }
        const cycles = (clock ?? rowClock)?.cycles() ?? 0;
        past.cycles += cycles;
        flowCycles += cycles;
        return answers;
      }),
    counters: (): DeviceCounters => {
      const now = program === undefined
        ? { cycles: 0, stalls: 0, swaps: 0, bytes: 0 }
        : programCounts(program, pageClock);
      return {
        packets,
        dropped: { ...dropped },
        lookups: Math.round(lookups + (text?.lookups() ?? 0)),
        cycles: past.cycles + work + now.cycles,
        stalls: past.stalls + now.stalls,
        swaps: past.swaps + now.swaps,
        tableBytes: past.tableBytes + now.bytes,
      };
    },
    close: () => {
      closed = true;
      retire();
      program = undefined;
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
  return device;
}

/** Cycles, stalls, swaps and bytes of pages that a program has counted itself. */
function programCounts({ bank, rows, rowClock }: Program, pageClock: RtlPageClock | undefined) {
  if (bank !== undefined) {
    const { now, stalls, swaps, bytes } = bank.counts;
    return pageClock === undefined
      ? { cycles: now, stalls, swaps, bytes }
      : { cycles: 0, stalls: pageClock.stalls(), swaps, bytes };
  }
  if (rowClock !== undefined) return { cycles: 0, stalls: 0, swaps: 0, bytes: 0 };
  const { cycles, ideal } = rows?.cycles() ?? { cycles: 0, ideal: 0 };
  return { cycles, stalls: cycles - ideal, swaps: 0, bytes: 0 };
}

/** The last epoch of an exchange's packets, as their headers have it. */
export function lastEpoch({ input, count }: Exchange): number {
  let last = 0;
  for (let slot = 0; slot < count; slot++) {
    last = Math.max(last, input.engine.view.getUint32(slotAddress(input, slot) + EPOCH_OFFSET, true));
  }
  return last;
}

/** Where a header has its epoch. */
const EPOCH_OFFSET = 28;

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
