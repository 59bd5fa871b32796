/**
 * Normalising packet by packet, as a device does it: packets of text in, packets of normalised text out.
 *
 * A flow's packets come in order and the device keeps what waits between them. A flow whose first packet does not
 * stand at the text's beginning goes on with one that was lost: what is put before a text is not put again.
 *
 * @module
 */

import { checkWhole } from "../../serialize/errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, newHeader } from "../../serialize/header.ts";
import { newNormalizedCarry, writeNormalizedPacket } from "../../serialize/text/normalized_packet.ts";
import { type PacketSlots, readPacket, slotAddress } from "../../serialize/packets.ts";
import { type HeldFlow, HeldFlows } from "../tokenize/held_flows.ts";
import type { TextDrop } from "../tokenize/model.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { createTextNormalizer, type NormalizationPlace, type TextNormalizer } from "./model.ts";
import { checkTextSteps } from "./spec.ts";

/** Packets that answer a packet of text at most; one that grows to more makes the flow escape. */
export const MOST_NORMALIZED_PARTS = 16;

/** Why a flow of normalisation gave up, by its number in packets; 0 is none. */
export const NORMALIZATION_ESCAPES = ["", "marks", "growth"] as const;
const MARKS = 1;
const GROWTH = 2;

/** What packets a normaliser takes and gives. */
export interface NormalizeProgram {
  /** Number of the plan that packets carry. */
  readonly plan: number;
  /** Longest payload in bytes, of text and of normalised text. */
  readonly longest: number;
  /** What happens to a text, in order. */
  readonly steps: readonly TextStep[];
}

interface NormalFlow extends HeldFlow {
  normalizer: TextNormalizer;
  /** Normalised bytes that have left. */
  position: number;
  /** Where its text may be normalised anew. */
  place: NormalizationPlace;
  /** Whether it gave up. */
  over: boolean;
}

/** The normaliser of a device. Lives as long as its plan is loaded. */
export class NormalizeModel {
  readonly #program: NormalizeProgram;
  readonly #going: readonly TextStep[];
  readonly #flows: HeldFlows<NormalFlow>;
  readonly #header: Header = newHeader();
  readonly #carry = newNormalizedCarry();

  /**
   * Makes a normaliser.
   *
   * @param program Which packets are taken, and the steps.
   * @throws {OnpathError} `pipeline` when the steps are malformed, `size` when the longest payload is none.
   */
  constructor(program: NormalizeProgram) {
    checkWhole("a longest payload of", program.longest, 1, 8192);
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
   * @param input Slots with packets.
   * @param slot The packet's slot.
   * @param output Slots for answers.
   * @param answer The first slot to write.
   * @returns Number of answers, at most {@linkcode MOST_NORMALIZED_PARTS}, or why the packet is dropped.
   * @throws {OnpathError} `size` when there are too few slots for the answer.
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
        // What `push` gave holds until the next call.
        const first = made.slice();
        made = joined(first, normalizer.end().bytes);
      }
    }
    carry.escape = normalizer.escape === null ? 0 : MARKS;
    carry.parts = Math.max(1, Math.ceil(made.length / longest));
    if (flow.over || carry.parts > MOST_NORMALIZED_PARTS) {
      // It comes out of none of its text, so the host begins where the packet before has ended.
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
