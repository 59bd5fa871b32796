/**
 * Tokenizing packet by packet, as the device does it: packets of text in, packets of tokens out.
 *
 * In `stateful` mode a flow's packets come in order and the device keeps what waits between them. Flows that are
 * held are few: where one more begins, the one served longest ago is forgotten. In `overlap` mode every packet is
 * a text of its own that ends where it is cut, in any order, and nothing is kept.
 *
 * @module
 */

import { checkWhole } from "../../serialize/errors.ts";
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

/** How a text travels: one packet after another, or in chunks that overlap and stand alone. */
export const TEXT_MODES = ["stateful", "overlap"] as const;

/** One of {@linkcode TEXT_MODES}. */
export type TextMode = (typeof TEXT_MODES)[number];

/** What packets a tokenizer takes and gives. */
export interface TokenizeProgram {
  /** Number of the plan that packets carry. */
  readonly plan: number;
  /** Longest payload in bytes, of text and of tokens. */
  readonly longest: number;
  /** How texts travel. */
  readonly mode: TextMode;
}

/** Why a packet of text is dropped: a check of its header, its plan, its kind or length, or its turn. */
export type TextDrop = Refusal | "plan" | "items" | "order";

/** Bits of an id of a vocabulary, as packets carry it. */
export function idBits({ idLimit }: Pick<Vocabulary, "idLimit">): number {
  return Math.max(1, 32 - Math.clz32(idLimit - 1));
}

/** Whether answers say where tokens lie: with byte pair encoding the ids alone do. */
export function saysPlaces({ algorithm }: Pick<Vocabulary, "algorithm">): boolean {
  return algorithm === "wordpiece";
}

/**
 * Packets that answer a packet of text at most.
 *
 * @param vocabulary The vocabulary.
 * @param longest Longest payload in bytes.
 */
export function mostParts(vocabulary: Pick<Vocabulary, "idLimit" | "algorithm">, longest: number): number {
  // Each byte may be malformed, which makes three, each of them a token, and a window may have waited.
  return Math.ceil(
    (3 * longest + WINDOW) / tokenPacketRoom(longest, idBits(vocabulary), saysPlaces(vocabulary)),
  );
}

/** Most parts that an answer's header can number. */
const MOST_PARTS = 255;

/**
 * The least payload that answers fit into, whatever the text.
 *
 * @param vocabulary The vocabulary.
 */
export function leastPayload(vocabulary: Pick<Vocabulary, "idLimit" | "algorithm">): number {
  let longest = 1;
  while (!(mostParts(vocabulary, longest) <= MOST_PARTS)) longest++;
  return longest;
}

interface TokenFlow extends HeldFlow {
  readonly engine: TextFlow;
  /** Decoded bytes whose tokens have left. */
  position: number;
}

/** The tokenizer of a device. Lives as long as its vocabulary is loaded. */
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
   * Makes a tokenizer.
   *
   * @param vocabulary A compiled vocabulary.
   * @param program Which packets are taken.
   * @throws {OnpathError} `size` when the longest payload is too short for answers, `table` when pieces give more
   * than a code point back.
   */
  constructor(vocabulary: Vocabulary, program: TokenizeProgram) {
    checkWhole("a longest payload of", program.longest, leastPayload(vocabulary), 8192);
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

  /** What has been looked up so far. */
  lookups(): TextLookups {
    return { ...this.#counts, pairs: this.#compatibility?.lookups ?? 0 };
  }

  /**
   * Takes a packet of text and writes its answer.
   *
   * @param input Slots with packets.
   * @param slot The packet's slot.
   * @param output Slots for answers.
   * @param answer The first slot to write.
   * @returns Number of answers, at most {@linkcode mostParts}, or why the packet is dropped.
   * @throws {OnpathError} `size` when there are too few slots for the answer.
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

  /** A word or a gap that is too long to be said makes the flow escape before it. */
  #fitPlaces(engine: TextFlow): void {
    const { list } = engine;
    for (let n = 0; n < list.count; n++) {
      if (list.lengths[n]! < MOST_PLACE && list.gaps[n]! < MOST_PLACE) continue;
      list.count = n;
      engine.escape = PENDING;
    }
  }
}

/** Bytes that packets can say of a token's length or of text left out before it: less than this. */
const MOST_PLACE = 2 ** 16;
const PENDING = 1;
