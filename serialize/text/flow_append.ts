/**
 * The answers of a flow that keeps its state on the device: appended in the order of the text, whatever the order
 * in which they come.
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

/** What became of a packet of tokens. */
export type TokenOutcome =
  | "accepted"
  /** It waits for those before it. */
  | "early"
  | "duplicate"
  /** It is none of the flow's. */
  | "flow"
  /** It says of its tokens what does not follow from those before. */
  | "place"
  /** An id is none of the vocabulary. */
  | "token"
  | TokenRefusal;

/** Packets that may come before their turn. */
const MOST_EARLY = 2 ** 16;

/** Appends the answers of one flow to a run of tokens. */
export class FlowAppend {
  /** Why the device gave the flow up; 0 as long as it did not. */
  escape = 0;
  /** Whether the answer to the last packet of the text was appended. */
  ended = false;
  readonly #lengthOf: Int32Array;
  readonly #run: TokenRun;
  readonly #order = new AnswerOrder(MOST_EARLY);
  #flow = 0;
  #plan = 0;
  #base = 0;
  #end = 0;

  /**
   * Makes one without a flow.
   *
   * @param lengthOf By id: bytes of text that it stands for; 0 where there is no such id.
   * @param run Where tokens go.
   */
  constructor(lengthOf: Int32Array, run: TokenRun) {
    this.#lengthOf = lengthOf;
    this.#run = run;
  }

  /**
   * Begins a flow.
   *
   * @param flow Its number.
   * @param plan Number of its plan.
   * @param base Byte of the text that the device counts from.
   * @param start Where the flow's own text begins; tokens up to there are in the run.
   */
  begin(flow: number, plan: number, base: number, start: number = base): void {
    [this.#flow, this.#plan, this.#base, this.#end] = [flow, plan, base, start];
    this.escape = 0;
    this.ended = false;
    this.#order.begin();
  }

  /** Packets of text whose answers are appended whole. */
  get answered(): number {
    return this.#order.answered;
  }

  /** Offset up to which tokens were appended. */
  get end(): number {
    return this.#end;
  }

  /** Number of the flow. */
  get flow(): number {
    return this.#flow;
  }

  /**
   * Takes the packet in a slot, and those that waited for it.
   *
   * @param slots Slots with packets; the slot may be written again, here too.
   * @param slot Which one.
   * @returns What became of it.
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
