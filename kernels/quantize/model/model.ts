/**
 * Model of the kernels that quantize and dequantize, packet by packet.
 *
 * @module
 */

import { HEADER_BYTES, KIND, newHeader } from "../../../serialize/header.ts";
import { readPacket, sealPacket, slotAddress } from "../../../serialize/packets.ts";
import { type PacketModel, plainCounts } from "../../program.ts";
import { codePayload, valuePayload } from "../packing.ts";
import type { DequantizePlan, QuantizePlan } from "../plan.ts";
import { createGroupDecoder, createGroupEncoder } from "./codec.ts";

/**
 * Creates the model of a plan.
 *
 * @param plan Plan that quantizes or dequantizes.
 */
export function createCacheModel(plan: QuantizePlan | DequantizePlan): PacketModel {
  const { id, packets: { request }, body } = plan;
  const { packing } = body;
  const isEncoder = plan.workload === "quantize";
  const codec = isEncoder ? createGroupEncoder(body) : createGroupDecoder(body);
  const requestBytes = isEncoder ? valuePayload(packing, 1) : codePayload(packing, 1, false);
  const answerBytes = isEncoder ? codePayload(packing, 1, true) : packing.valueBytes;
  const header = newHeader();
  return {
    resident: { bytes: 0, cycles: 0 },
    take: (input, slot, output, answer) => {
      const refusal = readPacket(input, slot, header);
      if (refusal !== null) return refusal;
      if (header.plan !== id) return "plan";
      const groups = header.length / requestBytes;
      const isWhole = header.length <= request && Number.isInteger(groups) && groups % packing.unit === 0;
      if (header.kind !== KIND.samples || !isWhole) return "items";
      if (HEADER_BYTES + groups * answerBytes > output.slotBytes) return "items";
      const from = slotAddress(input, slot) + HEADER_BYTES;
      const to = slotAddress(output, answer) + HEADER_BYTES;
      codec(
        input.engine.bytes.subarray(from, from + header.length),
        groups,
        output.engine.bytes.subarray(to, to + groups * answerBytes),
      );
      header.length = groups * answerBytes;
      sealPacket(output, answer, header);
      return 1;
    },
    counts: () => plainCounts(),
  };
}
