/**
 * Packets through the tokenizer's model, one by one.
 *
 * @module
 */

import { type TextMode, TokenizeModel } from "../../kernels/tokenize/model.ts";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { createEngine } from "../../serialize/engine.ts";
import { packetBytes, reserveSlots, slotAddress } from "../../serialize/packets.ts";
import { TEXT_LONGEST, TEXT_PLAN } from "./text_packets.ts";

/** Parts of an answer at most, in tests. */
const PARTS = 64;

/** Takes a packet; its answer's parts, or the name of the check. */
export type TakePacket = (packet: Uint8Array) => Uint8Array[] | string;

/** Opens a model for the tests' packets. */
export function openModel(
  vocabulary: Vocabulary,
  mode: TextMode = "stateful",
  longest = TEXT_LONGEST,
): TakePacket {
  const model = new TokenizeModel(vocabulary, { plan: TEXT_PLAN, longest, mode });
  const engine = createEngine(2 ** 18);
  const input = reserveSlots(engine, 1, 2048);
  const output = reserveSlots(engine, PARTS, longest);
  return (packet) => {
    engine.bytes.set(packet, slotAddress(input, 0));
    const result = model.take(input, 0, output, 0);
    if (typeof result === "string") return result;
    return Array.from({ length: result }, (_, part) => packetBytes(output, part).slice());
  };
}
