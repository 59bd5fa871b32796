/**
 * Model of the kernels that quantize and dequantize, packet by packet.
 *
 * @module
 */

import { createEngine, type Engine } from "../../../serialize/engine.ts";
import { HEADER_BYTES, KIND, MAX_PAYLOAD, newHeader } from "../../../serialize/header.ts";
import { readPacket, sealPacket, slotAddress } from "../../../serialize/packets.ts";
import { type DropReason, type PacketModel, plainCounts } from "../../program.ts";
import type { DeviceProfile } from "../../target/profile.ts";
import { codePayload, valuePayload } from "../packing.ts";
import type { DequantizePlan, QuantizePlan } from "../plan.ts";
import { createCacheClock } from "../rtl.ts";
import type { GroupClock } from "../rtl_cycles.ts";
import { createGroupDecoder, createGroupEncoder } from "./codec.ts";

/** Engine with a payload of each side. */
interface Apart {
  readonly engine: Engine;
  readonly from: number;
  readonly to: number;
}

function createApart(): Apart {
  const engine = createEngine(2 * MAX_PAYLOAD);
  return { engine, from: engine.reserve(MAX_PAYLOAD), to: engine.reserve(MAX_PAYLOAD) };
}

/**
 * Creates the model of a plan.
 *
 * @param plan Plan that quantizes or dequantizes.
 * @param timing Clock of the device: cycles are counted as the RTL counts them, or not at all.
 */
export function createCacheModel(
  plan: QuantizePlan | DequantizePlan,
  timing: DeviceProfile["timing"],
): PacketModel {
  const { id, packets: { request }, body } = plan;
  const { packing } = body;
  const isEncoder = plan.workload === "quantize";
  const codec = isEncoder ? createGroupEncoder(body) : createGroupDecoder(body);
  const requestBytes = isEncoder ? valuePayload(packing, 1) : codePayload(packing, 1, false);
  const answerBytes = isEncoder ? codePayload(packing, 1, true) : packing.valueBytes;
  const header = newHeader();
  let apart: Apart | undefined;
  let clock: GroupClock | undefined;
  let cycles = 0;
  const refuse = (reason: DropReason): DropReason => {
    clock?.drop(HEADER_BYTES + Math.min(header.length, request));
    return reason;
  };
  return {
    resident: { bytes: 0, cycles: 0 },
    begin: () => clock = timing === "rtl" ? createCacheClock(plan) : undefined,
    take: (input, slot, output, answer) => {
      const refusal = readPacket(input, slot, header);
      if (refusal !== null) return refuse(refusal);
      if (header.plan !== id) return refuse("plan");
      if (header.kind !== KIND.samples || header.length > request) return refuse("items");
      const groups = header.length / requestBytes;
      if (!Number.isInteger(groups) || groups % packing.unit !== 0) {
        clock?.dropGroups(HEADER_BYTES + header.length);
        return "items";
      }
      if (HEADER_BYTES + groups * answerBytes > output.slotBytes) return "items";
      const from = slotAddress(input, slot) + HEADER_BYTES;
      const to = slotAddress(output, answer) + HEADER_BYTES;
      const isValid = input.engine === output.engine
        ? codec(input.engine, from, to, groups)
        : convertApart(input.engine, from, header.length, output.engine, to, groups);
      if (!isValid) return "items";
      clock?.pass(groups);
      header.length = groups * answerBytes;
      sealPacket(output, answer, header);
      return 1;
    },
    end: () => {
      cycles += clock?.cycles() ?? 0;
      clock = undefined;
    },
    counts: () => ({ ...plainCounts(), cycles }),
  };

  /** Converts groups between two engines in the memory of a third one. */
  function convertApart(
    source: Engine,
    from: number,
    length: number,
    target: Engine,
    to: number,
    groups: number,
  ): boolean {
    apart ??= createApart();
    apart.engine.bytes.set(source.bytes.subarray(from, from + length), apart.from);
    if (!codec(apart.engine, apart.from, apart.to, groups)) return false;
    target.bytes.set(apart.engine.bytes.subarray(apart.to, apart.to + groups * answerBytes), to);
    return true;
  }
}
