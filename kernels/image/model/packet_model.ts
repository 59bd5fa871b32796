/**
 * Packet model of the image kernels: the reference that other devices are compared with.
 *
 * @module
 */

import { FLAG, type Header, HEADER_BYTES, KIND, newHeader, writeHeader } from "../../../serialize/header.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { type PacketSlots, readPacket, slotAddress } from "../../../serialize/packets.ts";
import { locate } from "../../../serialize/partition.ts";
import { lastEpoch } from "../../epochs.ts";
import type { DropReason, Exchange, ModelCounts, PacketModel, PageLoad } from "../../program.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import { loadCycles, residentBytes } from "../plan/cost.ts";
import type { ImagePlan } from "../plan/plan.ts";
import { beatsOf, createPacketClock, packetBeats, type PacketClock } from "../rtl/cycles.ts";
import { createRtlPageClock } from "../rtl/page_clock.ts";
import { pageWords } from "../../rtl/page_commands.ts";
import { checkPages } from "./page_bank.ts";
import { prepareImage } from "./prepare.ts";

/**
 * Creates the model of an image plan.
 *
 * @param plan Compiled image plan.
 * @param profile Profile of the device; its `timing` selects the cycle counts.
 * @throws {OnpathError} `device` if a kernel is unknown.
 */
export function createImageModel(plan: ImagePlan, profile: DeviceProfile): PacketModel {
  const prepared = prepareImage(plan, profile.timing);
  const { bank, rows, rowClock, inputBytes, outputBytes, rowItemBytes } = prepared;
  const { cut, kind, payload, answers: back } = plan.body.layout;
  const isRtl = profile.timing === "rtl";
  const pageClock = bank !== undefined && isRtl
    ? createRtlPageClock(pageWords(plan.body.pages!.bytes))
    : undefined;
  const header = newHeader();
  const reply = newHeader();
  const span = { first: 0, count: 0 };
  // `work` counts bus cycles; `flowCycles` counts the cycles of the RTL clocks.
  let work = 0, flowCycles = 0, answered = 0;
  let clock: PacketClock | undefined;

  const seal = (output: PacketSlots, at: number, fields: Header) => {
    writeHeader(output.engine.view, at, fields);
    if (fields.flags & FLAG.checked) output.engine.functions.seal(at, HEADER_BYTES + fields.length);
  };

  /** Answers one packet of items. Returns null, or the reason why it is invalid. */
  const answerItems = (input: PacketSlots, slot: number, output: PacketSlots, answer: number) => {
    const items = header.length / inputBytes;
    const length = items * outputBytes;
    if (HEADER_BYTES + length > output.slotBytes) return "items";
    if (bank !== undefined && !bank.begin(header.epoch)) return "epoch";
    const from = slotAddress(input, slot) + HEADER_BYTES;
    const at = slotAddress(output, answer);
    const source = input.engine.bytes, target = output.engine.bytes;
    const wrong = prepared.process(source, from, items, header.position, target, at + HEADER_BYTES);
    if (wrong === "page") return bank!.fail(header.sequence, header.epoch);
    if (wrong !== null) return wrong;
    const cycles = Math.ceil(items / prepared.perCycle);
    if (!isRtl) {
      if (bank !== undefined) bank.work(cycles);
      else work += cycles;
    }
    header.kind = KIND.samples;
    header.length = length;
    seal(output, at, header);
    answered += items;
    return null;
  };

  /** Answers an output row with `back.packetsPerRow` packets. Returns their number. */
  const answerRow = (image: number, row: number, output: PacketSlots, answer: number) => {
    const first = (image * back.height + row) * back.packetsPerRow;
    for (let part = 0; part < back.packetsPerRow; part++) {
      if (answer + part >= output.slots) {
        throw new OnpathError("size", `Cannot answer: all ${output.slots} answer slots are in use`, {
          slots: output.slots,
        });
      }
      locate(back, first + part, span);
      const column = span.first % back.width;
      const at = slotAddress(output, answer + part);
      const from = column * rowItemBytes;
      prepared.process(rows!.row, from, span.count, span.first, output.engine.bytes, at + HEADER_BYTES);
      const sequence = first + part;
      Object.assign(reply, header, {
        kind: KIND.samples,
        sequence,
        packets: back.packets,
        position: span.first,
        length: span.count * outputBytes,
        flags: (header.flags & FLAG.checked) | (sequence === 0 ? FLAG.first : 0) |
          (sequence === back.packets - 1 ? FLAG.last : 0),
      });
      seal(output, at, reply);
      answered += span.count;
    }
    return back.packetsPerRow;
  };

  const process = (
    input: PacketSlots,
    slot: number,
    output: PacketSlots,
    answer: number,
  ): number | DropReason => {
    const refusal = readPacket(input, slot, header);
    const items = header.length / inputBytes;
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
    if (rows === undefined) return answerItems(input, slot, output, answer) ?? 1;
    rowClock?.packet(header.length);
    if (header.position + items > cut.width * cut.height * cut.images) {
      rowClock?.refuse();
      return "items";
    }
    let given = 0;
    const from = slotAddress(input, slot) + HEADER_BYTES;
    const taken = rows.take(header.flow, header.position, input.engine.bytes, from, items, (image, row) => {
      given += answerRow(image, row, output, answer + given);
    });
    return taken || given > 0 ? given : "order";
  };

  const queuePages = (pages: readonly PageLoad[], exchange: Exchange) => {
    if (bank === undefined) {
      if (pages.length === 0) return;
      throw new OnpathError("device", `Cannot load pages: plan ${plan.id} has no pages`, { plan: plan.id });
    }
    checkPages(pages, plan.body.pages!.bytes);
    bank.stage(pages);
    pageClock?.queue(pages, lastEpoch(exchange), flowCycles);
  };

  return {
    resident: {
      bytes: residentBytes(plan.body.tables, plan.body.pages !== null),
      cycles: loadCycles(profile, plan.body.tables, plan.body.pages !== null),
    },
    begin: (exchange) => {
      rowClock?.begin();
      if (isRtl && rowClock === undefined) {
        clock = createPacketClock(plan, pageClock && { clock: pageClock, base: flowCycles });
      }
      queuePages(exchange.pages ?? [], exchange);
    },
    take: (input, slot, output, answer) => {
      const result = process(input, slot, output, answer);
      if (clock !== undefined) {
        // The header of an answered packet now holds the answer's length.
        if (typeof result === "number") clock.pass(beatsOf(plan, header.length / outputBytes), header.epoch);
        else clock.drop(packetBeats(Math.min(header.length, payload), profile.busBytes));
      }
      return result;
    },
    end: () => {
      flowCycles += (clock ?? rowClock)?.cycles() ?? 0;
      clock = undefined;
    },
    counts: (): ModelCounts => {
      const cycles = work + flowCycles;
      // One product, as devices with hardware have it: a sum of fractions would round otherwise.
      const lookups = answered * prepared.lookupsPerItem;
      if (bank !== undefined) {
        const { now, stalls, swaps, bytes: pageBytes } = bank.counts;
        return pageClock === undefined
          ? { lookups, cycles: cycles + now, stalls, swaps, pageBytes }
          : { lookups, cycles, stalls: pageClock.stalls(), swaps, pageBytes };
      }
      if (rowClock !== undefined) return { lookups, cycles, stalls: 0, swaps: 0, pageBytes: 0 };
      const streamed = rows?.cycles() ?? { cycles: 0, ideal: 0 };
      const stalls = streamed.cycles - streamed.ideal;
      return { lookups, cycles: cycles + streamed.cycles, stalls, swaps: 0, pageBytes: 0 };
    },
  };
}
