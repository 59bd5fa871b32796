/**
 * Normalises packet by packet, like a device: packets of text in, packets of normalised text out.
 *
 * The packets of a flow come in order, and the device keeps state between them. If a flow's first packet is
 * not at the text's beginning, it continues a lost flow, and `prepend` steps are not repeated.
 *
 * @module
 */

import { checkInteger } from "../../serialize/errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, newHeader } from "../../serialize/header.ts";
import { newNormalizedCarry, writeNormalizedPacket } from "../../serialize/text/normalized_packet.ts";
import { type PacketSlots, readPacket, slotAddress } from "../../serialize/packets.ts";
import { type HeldFlow, HeldFlows } from "../tokenize/held_flows.ts";
import type { TextDrop } from "../tokenize/model.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { createTextNormalizer, type NormalizationPlace, type TextNormalizer } from "./model.ts";
import { checkTextSteps } from "./spec.ts";

/** Maximum packets that answer one packet of text; longer output makes the flow escape. */
export const MAX_NORMALIZED_PARTS = 16;

/** Reasons of an escape, by their number in packets; 0 is no escape. */
export const NORMALIZATION_ESCAPES = ["", "marks", "growth"] as const;
const MARKS = 1;
const GROWTH = 2;

/** Packet settings and steps of a normaliser. */
export interface NormalizeProgram {
  /** Plan id that packets carry. */
  readonly plan: number;
  /** Maximum payload in bytes, of text and of normalised text. */
  readonly longest: number;
  /** Normalisation steps, in order. */
  readonly steps: readonly TextStep[];
}

interface NormalFlow extends HeldFlow {
  normalizer: TextNormalizer;
  /** Normalised bytes that have been emitted. */
  position: number;
  /** Resume offset of the text. */
  place: NormalizationPlace;
  /** True after an escape. */
  over: boolean;
}

/** Normaliser of a device. Lives as long as its plan is loaded. */
export class NormalizeModel {
  readonly #program: NormalizeProgram;
  readonly #going: readonly TextStep[];
  readonly #flows: HeldFlows<NormalFlow>;
  readonly #header: Header = newHeader();
  readonly #carry = newNormalizedCarry();

  /**
   * Creates a normaliser.
   *
   * @param program Packet settings and steps.
   * @throws {OnpathError} `pipeline` if the steps are malformed; `size` if the maximum payload is not 1 to
   * 8192 bytes.
   */
  constructor(program: NormalizeProgram) {
    checkInteger("a longest payload of", program.longest, 1, 8192);
    checkTextSteps(program.steps);
    this.#program = program;
    this.#going = program.steps.filter(({ op }) => op !== "prepend");
    const make = () => createTextNormalizer(program.steps);
    this.#flows = new HeldFlows<NormalFlow>(
      () => ({ normalizer: make(), next: 0, position: 0, place: BEGIN, over: false }),
      (flow) => {
        flow.normalizer = make();
        flow.position = 0;
        flow.place = BEGIN;
        flow.over = false;
      },
    );
  }

  /**
   * Takes a packet of text and writes its answer.
   *
   * @param input Slots that hold packets.
   * @param slot Index of the packet's slot.
   * @param output Slots for answers.
   * @param answer Index of the first output slot.
   * @returns Number of answers, at most {@linkcode MAX_NORMALIZED_PARTS}, or the reason for dropping the
   * packet.
   * @throws {OnpathError} `size` if `output` has too few slots.
   */
  take(input: PacketSlots, slot: number, output: PacketSlots, answer: number): number | TextDrop {
    const header = this.#header;
    const refusal = readPacket(input, slot, header);
    if (refusal !== null) return refusal;
    if (header.plan !== this.#program.plan) return "plan";
    if (header.kind !== KIND.text || header.length > this.#program.longest) return "items";
    const flow = this.#flows.take(header);
    if (typeof flow === "string") return flow;
    if (header.sequence === 0 && header.position > 0) flow.normalizer = createTextNormalizer(this.#going);
    return this.#answer(flow, input, slot, output, answer);
  }

  #answer(flow: NormalFlow, input: PacketSlots, slot: number, output: PacketSlots, answer: number): number {
    const header = this.#header, carry = this.#carry;
    const { longest } = this.#program;
    const { normalizer } = flow;
    let made: Uint8Array = EMPTY;
    if (!flow.over) {
      const from = slotAddress(input, slot) + HEADER_BYTES;
      made = normalizer.push(input.engine.bytes.subarray(from, from + header.length)).bytes;
      if ((header.flags & FLAG.endOfText) !== 0 && normalizer.escape === null) {
        // The output of `push` is valid until the next call only.
        const first = made.slice();
        made = joined(first, normalizer.end().bytes);
      }
    }
    carry.escape = normalizer.escape === null ? 0 : MARKS;
    carry.parts = Math.max(1, Math.ceil(made.length / longest));
    if (flow.over || carry.parts > MAX_NORMALIZED_PARTS) {
      // No output of this packet is sent, so the host begins where the preceding packet ended.
      carry.escape = GROWTH;
      carry.parts = 1;
      made = EMPTY;
    } else flow.place = normalizer.resume();
    flow.over ||= carry.escape !== 0;
    carry.resume = flow.place.position;
    carry.skip = flow.place.skip;
    if (carry.escape !== 0) header.flags |= FLAG.escape;
    for (let part = 0; part < carry.parts; part++) {
      carry.part = part;
      carry.bytes = Math.min(longest, made.length - part * longest);
      header.position = flow.position;
      writeNormalizedPacket(output, answer + part, header, carry, made, part * longest);
      flow.position += carry.bytes;
    }
    return carry.parts;
  }
}

const EMPTY = new Uint8Array(0);
const BEGIN: NormalizationPlace = { position: 0, skip: 0 };

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}
