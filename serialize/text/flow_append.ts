/**
 * Answers of a flow with state on the device. They are appended in text order, in whatever order they arrive.
 *
 * @module
 */

import { FLAG, type Header, newHeader } from "../header.ts";
import type { PacketSlots } from "../packets.ts";
import { AnswerOrder } from "./answer_order.ts";
import {
  newTokenCarry,
  readTokenPacket,
  type TokenCarry,
  type TokenRefusal,
  unpackTokens,
} from "./token_packet.ts";
import type { TokenRun } from "./token_run.ts";

/** Outcome of a packet of tokens. */
export type TokenOutcome =
  | "accepted"
  /** The packet is held until the preceding ones arrive. */
  | "early"
  | "duplicate"
  /** The packet belongs to another flow. */
  | "flow"
  /** The packet's position does not follow from the preceding packets. */
  | "place"
  /** A token id is not in the vocabulary. */
  | "token"
  | TokenRefusal;

/** Maximum answers held because they arrived early. */
const MAX_EARLY = 2 ** 16;

/** Appends the answers of one flow to a run of tokens. */
export class FlowAppend {
  /** Reason number if the device gave the flow up; otherwise 0. */
  escape = 0;
  /** Whether the answer to the last packet of the text was appended. */
  ended = false;
  readonly #lengthOf: Int32Array;
  readonly #run: TokenRun;
  readonly #order = new AnswerOrder(MAX_EARLY);
  #flow = 0;
  #plan = 0;
  #base = 0;
  #end = 0;

  /**
   * Creates an instance without a flow.
   *
   * @param lengthOf Bytes of text of each token id; 0 if the id does not exist.
   * @param run Run that receives the tokens.
   */
  constructor(lengthOf: Int32Array, run: TokenRun) {
    this.#lengthOf = lengthOf;
    this.#run = run;
  }

  /**
   * Starts a flow.
   *
   * @param flow Flow number that answers must carry.
   * @param plan Plan id that answers must carry.
   * @param base Byte offset in the text where the device starts to count.
   * @param start Byte offset where the flow's own text starts; the run holds the tokens before it. Default
   * `base`.
   */
  begin(flow: number, plan: number, base: number, start: number = base): void {
    [this.#flow, this.#plan, this.#base, this.#end] = [flow, plan, base, start];
    this.escape = 0;
    this.ended = false;
    this.#order.begin();
  }

  /** Packets of text whose answers were appended completely. */
  get answered(): number {
    return this.#order.answered;
  }

  /** Byte offset in the text up to which tokens were appended. */
  get end(): number {
    return this.#end;
  }

  /** Number of the current flow. */
  get flow(): number {
    return this.#flow;
  }

  /**
   * Processes the packet in a slot, and held packets that follow it.
   *
   * @param slots Slots to read from. The slot may be reused afterwards; held packets overwrite it.
   * @param slot Slot number, from 0.
   * @returns Outcome of the packet.
   */
  accept(slots: PacketSlots, slot: number): TokenOutcome {
    const refusal = readTokenPacket(slots, slot, header, carry);
    if (refusal !== null) return refusal;
    if (header.flow !== this.#flow || header.plan !== this.#plan) return "flow";
    const kept = this.#order.check(header.sequence, carry.part, slots, slot);
    if (kept !== null) return kept;
    const outcome = this.#append(slots, slot, header, carry);
    if (outcome !== "accepted") return outcome;
    while (this.#order.next(slots, slot)) {
      const late = readTokenPacket(slots, slot, header, carry);
      const next = late ?? this.#append(slots, slot, header, carry);
      if (next !== "accepted") return next;
    }
    return outcome;
  }

  #append(slots: PacketSlots, slot: number, { position, flags }: Header, carry: TokenCarry): TokenOutcome {
    if (this.#base + position !== this.#end) return "place";
    const end = unpackTokens(slots, slot, carry, this.#lengthOf, this.#end, this.#run);
    if (end < 0) return "token";
    this.#end = end;
    if (this.#order.advance(carry.part, carry.parts)) {
      this.escape = carry.escape;
      this.ended = (flags & FLAG.endOfText) !== 0;
    }
    return "accepted";
  }
}

const header = newHeader();
const carry = newTokenCarry();
