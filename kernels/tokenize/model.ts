/**
 * Tokenizes packet by packet, like the device: packets of text in, packets of tokens out.
 *
 * In `stateful` mode the packets of a flow come in order, and the device keeps state between them. The number
 * of held flows is bounded: a new flow evicts the least recently used. In `overlap` mode every packet is an
 * independent text that ends at its cut. Packets come in any order, and no state is kept.
 *
 * @module
 */

import { checkInteger } from "../../serialize/errors.ts";
import { FLAG, type Header, HEADER_BYTES, KIND, newHeader, type Refusal } from "../../serialize/header.ts";
import {
  newTokenCarry,
  TOKEN_FLAG,
  tokenPacketRoom,
  writeTokenPacket,
} from "../../serialize/text/token_packet.ts";
import { type PacketSlots, readPacket, slotAddress } from "../../serialize/packets.ts";
import { Compatibility } from "./compatible.ts";
import { type HeldFlow, HeldFlows } from "./held_flows.ts";
import { TextFlow, WINDOW } from "./flow.ts";
import type { TextLookups } from "./lookups.ts";
import { engineTables } from "./tables.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Modes of sending a text: `stateful`, packets in order; `overlap`, independent chunks that overlap. */
export const TEXT_MODES = ["stateful", "overlap"] as const;

/** Mode of sending a text, from {@linkcode TEXT_MODES}. */
export type TextMode = (typeof TEXT_MODES)[number];

/** Packet settings of a tokenizer. */
export interface TokenizeProgram {
  /** Plan id that packets carry. */
  readonly plan: number;
  /** Maximum payload in bytes, of text and of tokens. */
  readonly longest: number;
  /** Mode of sending a text. */
  readonly mode: TextMode;
}

/** Reason for dropping a packet of text: header check, plan, kind or length, or sequence. */
export type TextDrop = Refusal | "plan" | "items" | "order";

/** Width of a vocabulary's ids in packets, in bits. */
export function idBits({ idLimit }: Pick<Vocabulary, "idLimit">): number {
  return Math.max(1, 32 - Math.clz32(idLimit - 1));
}

/**
 * Tests whether answers carry token lengths and gaps; with byte pair encoding the ids alone determine them.
 */
export function saysPlaces({ algorithm }: Pick<Vocabulary, "algorithm">): boolean {
  return algorithm !== "bpe";
}

/**
 * Computes the maximum number of packets that answer one packet of text.
 *
 * @param vocabulary Compiled vocabulary.
 * @param longest Maximum payload, in bytes.
 */
export function maxParts(vocabulary: Pick<Vocabulary, "idLimit" | "algorithm">, longest: number): number {
  // Each byte may be malformed and become three bytes, each of them a token; a full window may be held before
  // it.
  return Math.ceil(
    (3 * longest + WINDOW) / tokenPacketRoom(longest, idBits(vocabulary), saysPlaces(vocabulary)),
  );
}

/** Maximum part count in an answer's header. */
const MAX_PARTS = 255;

/**
 * Computes the minimum payload, in bytes, with which the answers to every text fit.
 *
 * @param vocabulary Compiled vocabulary.
 */
export function minPayload(vocabulary: Pick<Vocabulary, "idLimit" | "algorithm">): number {
  let longest = 1;
  while (!(maxParts(vocabulary, longest) <= MAX_PARTS)) longest++;
  return longest;
}

interface TokenFlow extends HeldFlow {
  readonly engine: TextFlow;
  /** Decoded bytes whose tokens have been emitted. */
  position: number;
}

/** Tokenizer of a device. Lives as long as its vocabulary is loaded. */
export class TokenizeModel {
  readonly #program: TokenizeProgram;
  readonly #bits: number;
  readonly #places: boolean;
  readonly #most: number;
  readonly #counts: TextLookups = { automaton: 0, candidates: 0, pairs: 0, points: 0 };
  readonly #compatibility: Compatibility | null;
  readonly #flows: HeldFlows<TokenFlow>;
  readonly #header: Header = newHeader();
  readonly #carry = newTokenCarry();

  /**
   * Creates a tokenizer.
   *
   * @param vocabulary Compiled vocabulary.
   * @param program Packet settings.
   * @throws {OnpathError} `size` if the maximum payload is too short for answers; `table` if pieces give back
   * more than one code point.
   */
  constructor(vocabulary: Vocabulary, program: TokenizeProgram) {
    checkInteger("a longest payload of", program.longest, minPayload(vocabulary), 8192);
    const tables = engineTables(vocabulary);
    this.#program = program;
    this.#bits = idBits(vocabulary);
    this.#places = saysPlaces(vocabulary);
    this.#most = tokenPacketRoom(program.longest, this.#bits, this.#places);
    this.#compatibility = vocabulary.bpe === null ? null : new Compatibility(vocabulary.bpe);
    const make = () => new TextFlow(tables, this.#counts, this.#compatibility);
    this.#flows = new HeldFlows(() => ({ engine: make(), next: 0, position: 0 }), (flow) => {
      flow.engine.restart();
      flow.engine.list.count = flow.position = 0;
    });
  }

  /** Table lookups since creation. */
  lookups(): TextLookups {
    return { ...this.#counts, pairs: this.#compatibility?.lookups ?? 0 };
  }

  /**
   * Takes a packet of text and writes its answer.
   *
   * @param input Slots that hold packets.
   * @param slot Index of the packet's slot.
   * @param output Slots for answers.
   * @param answer Index of the first output slot.
   * @returns Number of answers, at most {@linkcode maxParts}, or the reason for dropping the packet.
   * @throws {OnpathError} `size` if `output` has too few slots.
   */
  take(input: PacketSlots, slot: number, output: PacketSlots, answer: number): number | TextDrop {
    const header = this.#header;
    const refusal = readPacket(input, slot, header);
    if (refusal !== null) return refusal;
    if (header.plan !== this.#program.plan) return "plan";
    if (header.kind !== KIND.text || header.length > this.#program.longest) return "items";
    const flow = this.#program.mode === "overlap" ? this.#flows.fresh() : this.#flows.take(header);
    if (typeof flow === "string") return flow;
    const { engine } = flow;
    const from = slotAddress(input, slot) + HEADER_BYTES;
    engine.replaced = false;
    if (this.#program.mode === "overlap") flow.position = header.position;
    engine.take(input.engine.bytes, from, from + header.length);
    if ((header.flags & FLAG.endOfText) !== 0) engine.end();
    const answers = this.#answer(flow, output, answer);
    if (this.#program.mode === "overlap") this.#flows.release(flow);
    return answers;
  }

  #answer(flow: TokenFlow, output: PacketSlots, answer: number): number {
    const { engine } = flow;
    const { list } = engine;
    if (this.#places) this.#fitPlaces(engine);
    const { escape } = engine;
    const header = this.#header, carry = this.#carry, most = this.#most;
    carry.bits = this.#bits;
    carry.parts = Math.max(1, Math.ceil(list.count / most));
    carry.flags = (engine.replaced ? TOKEN_FLAG.replaced : 0) |
      (escape === 0 && engine.idle ? TOKEN_FLAG.idle : 0) | (this.#places ? TOKEN_FLAG.places : 0);
    carry.rest = escape === 0 ? engine.held : 0;
    carry.escape = escape;
    if (escape !== 0) header.flags |= FLAG.escape;
    for (let part = 0; part < carry.parts; part++) {
      const from = part * most;
      carry.part = part;
      carry.tokens = Math.min(list.count - from, most);
      header.position = flow.position;
      writeTokenPacket(output, answer + part, header, carry, list, from);
      for (let n = from; n < from + carry.tokens; n++) flow.position += list.lengths[n]! + list.gaps[n]!;
    }
    list.count = 0;
    return carry.parts;
  }

  /** Makes the flow escape before a word or gap whose length does not fit its field. */
  #fitPlaces(engine: TextFlow): void {
    const { list } = engine;
    for (let n = 0; n < list.count; n++) {
      if (list.lengths[n]! < MAX_PLACE && list.gaps[n]! < MAX_PLACE) continue;
      list.count = n;
      engine.escape = PENDING;
    }
  }
}

/** Exclusive limit of a token's length and of a gap in packets, in bytes. */
const MAX_PLACE = 2 ** 16;
const PENDING = 1;
