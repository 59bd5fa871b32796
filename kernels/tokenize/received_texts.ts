/**
 * Receiving halves of stretches of text: tokens in the order of the text, or chunks that are merged.
 *
 * @module
 */

import { newHeader } from "../../serialize/header.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import { ChunkMerge } from "../../serialize/text/chunk_merge.ts";
import { chunkCount } from "../../serialize/text/cut.ts";
import { HeldPackets } from "../../serialize/text/held_packets.ts";
import { newTokenCarry, readTokenPacket } from "../../serialize/text/token_packet.ts";
import { TokenRun } from "../../serialize/text/token_run.ts";
import { OnpathError } from "../../serialize/errors.ts";
import type { ReceivedFlow } from "../halves.ts";
import type { TextContext } from "./flows/context.ts";
import { TokenIncoming } from "./flows/token_flow.ts";
import { takePart } from "./token_parts.ts";

/** Answers that are held because a part of the same chunk is missing. */
const MAX_HELD = 2 ** 12;
/** Parts of one answer: numbers 0 to 255. */
const PARTS = 256;

/** Receiving half of one stretch of text. */
export interface ReceivedText extends ReceivedFlow {
  /** Tokens so far. */
  readonly run: TokenRun;
}

/** Stretch in one sequential flow. */
export class ReceivedTokens implements ReceivedText {
  readonly requests: number;
  readonly #incoming: TokenIncoming;
  readonly #length: number;
  readonly #covers: boolean;
  readonly #idLimit: number;
  #isCompleted = false;

  /**
   * Starts a stretch.
   *
   * @param context Plan and vocabulary.
   * @param flow Flow number.
   * @param length Bytes of the stretch.
   */
  constructor(context: TextContext, readonly flow: number, length: number) {
    this.requests = Math.ceil(length / context.plan.packets.request);
    this.#incoming = new TokenIncoming(context, flow);
    this.#length = length;
    this.#covers = context.covers;
    this.#idLimit = context.lengthOf.length;
  }

  get run(): TokenRun {
    return this.#incoming.run;
  }

  get done(): boolean {
    if (this.#isCompleted) return true;
    return this.#incoming.done && (!this.#covers || this.#incoming.end === this.#length);
  }

  get escaped(): boolean {
    // Answers that end before the text does are treated like an escape.
    return !this.done && (this.#incoming.escape !== 0 || this.#incoming.ended);
  }

  accept(slots: PacketSlots, slot: number): string {
    return this.#isCompleted ? "duplicate" : this.#incoming.accept(slots, slot);
  }

  resume(): number {
    this.#incoming.resume();
    return this.#incoming.settled;
  }

  append(part: Uint8Array, isLast: boolean): void {
    const length = this.#length;
    const end = takePart(part, this.run, { idLimit: this.#idLimit, length, from: 0 }, false);
    if (isLast && this.#covers && end !== length) {
      throw new OnpathError("packet", `Cannot receive a text: its tokens end at ${end} of ${length} bytes`);
    }
    this.#isCompleted = isLast;
  }
}

/** Stretch in overlapping chunks. The sender tokenizes what no two chunks share a boundary in. */
export class ReceivedChunks implements ReceivedText {
  readonly requests: number;
  readonly #merge: ChunkMerge;
  readonly #length: number;
  readonly #idLimit: number;
  readonly #plan: number;
  readonly #held = new HeldPackets(MAX_HELD);
  // Parts of each chunk's answer that were merged.
  readonly #parts: Uint16Array;
  #redo: TokenRun | undefined;

  /** Starts a stretch, with the parameters of {@linkcode ReceivedTokens}. */
  constructor({ plan, lengthOf, covers }: TextContext, readonly flow: number, length: number) {
    const { cut } = plan.body;
    this.requests = chunkCount(length, cut);
    // The length comes from another host, so the run grows with the tokens that arrive.
    const run = new TokenRun();
    this.#merge = new ChunkMerge({ length, cut, flow, plan: plan.id, lengthOf, covers, run });
    this.#length = length;
    this.#idLimit = lengthOf.length;
    this.#plan = plan.id;
    this.#parts = new Uint16Array(this.requests);
  }

  get run(): TokenRun {
    return this.#merge.run;
  }

  get done(): boolean {
    return this.#merge.done;
  }

  get escaped(): boolean {
    return this.#merge.stuck;
  }

  accept(slots: PacketSlots, slot: number): string {
    const refusal = readTokenPacket(slots, slot, header, carry);
    if (refusal !== null) return refusal;
    const { sequence } = header;
    if (header.flow !== this.flow || header.plan !== this.#plan || sequence >= this.requests) return "flow";
    const due = this.#parts[sequence]!;
    if (carry.part < due) return "duplicate";
    if (carry.part > due) {
      return this.#held.keep(sequence * PARTS + carry.part, slots, slot) ? "early" : "duplicate";
    }
    for (let first = true;; first = false) {
      const outcome = this.#merge.accept(slots, slot);
      // The merge needs no chunk before its boundary. The chunk has arrived all the same.
      if (outcome !== "accepted" && outcome !== "duplicate") return first ? outcome : "accepted";
      const part = ++this.#parts[sequence]!;
      if (!this.#held.putBack(sequence * PARTS + part, slots, slot)) return "accepted";
    }
  }

  resume(): number {
    this.#redo = new TokenRun();
    return this.#merge.boundary;
  }

  append(part: Uint8Array, isLast: boolean): void {
    const run = this.#redo;
    if (run === undefined) {
      throw new OnpathError("packet", "Cannot receive a text: its tokens are not expected from the sender");
    }
    const from = this.#merge.boundary;
    const end = takePart(part, run, { idLimit: this.#idLimit, length: this.#length, from }, isLast);
    if (!isLast) return;
    this.#redo = undefined;
    if (end > from) this.#merge.redone(run, run.count, end);
  }
}

const header = newHeader();
const carry = newTokenCarry();
