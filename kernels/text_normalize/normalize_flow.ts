/**
 * A text in a sequential flow that a device normalises. The text may grow.
 *
 * Every answer names the resume offset: where normalising may begin again if what follows is lost. If the device
 * gives the flow up, the host normalises the rest.
 *
 * @module
 */

import {
  type FlowCounts,
  type Incoming,
  type Missing,
  newFlow,
  type PacketFlow,
} from "../../serialize/flow.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import type { TokenOutcome } from "../../serialize/text/flow_append.ts";
import { NormalizedAppend } from "../../serialize/text/normalized_append.ts";
import { TextOutgoing } from "../../serialize/text/text_outgoing.ts";
import type { TextWriter } from "../../serialize/text/text_writer.ts";
import { textGap } from "../tokenize/flows/context.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import type { NormalizePlan } from "./plan.ts";
import { normalizeText } from "./reference.ts";

/** Work of a flow of normalisation. */
export interface NormalizeCounts extends FlowCounts {
  /** Times that the device gave the text up. */
  escapes: number;
  /** Bytes that the host normalised. */
  hostBytes: number;
}

/** The receiving half: puts answers into a normalised text. */
export class NormalizedIncoming implements Incoming<Uint8Array> {
  readonly #append: NormalizedAppend;
  readonly #plan: number;
  #base = 0;

  /**
   * Starts a text.
   *
   * @param plan The plan.
   * @param flow Number of the first flow.
   */
  constructor({ id, packets }: NormalizePlan, flow: number) {
    this.#plan = id;
    this.#append = new NormalizedAppend(packets.request);
    this.#append.begin(flow, id, 0);
  }

  /** Number of the current flow. */
  get flow(): number {
    return this.#append.flow;
  }

  /** Requests of the current flow that were answered. */
  get answered(): number {
    return this.#append.answered;
  }

  /** Reason why the device gave the flow up; 0 if it did not. */
  get escape(): number {
    return this.#append.escape;
  }

  get done(): boolean {
    return this.#append.ended && this.escape === 0;
  }

  /** Whether the answer to the last packet of the text came. */
  get ended(): boolean {
    return this.#append.ended;
  }

  /** Bounds resume offsets by the bytes of the current flow that were sent. */
  set limit(bytes: number) {
    this.#append.limit = bytes;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    return this.#append.accept(slots, slot);
  }

  missing(sent: number): Missing | null {
    return this.escape === 0 && this.answered >= sent ? null : this.resume();
  }

  /** Offset of the text from which it is normalised again, and the bytes of that which are there already. */
  get place(): { readonly offset: number; readonly skip: number } {
    return { offset: this.#base + this.#append.resume, skip: this.#append.skip };
  }

  /** Expects a new flow from the resume offset on. */
  resume(): Missing {
    const { offset, skip } = this.place;
    const flow = newFlow();
    this.#base = offset;
    this.#append.begin(flow, this.#plan, skip);
    return { flow, ranges: [[offset, Infinity]] };
  }

  /** Appends text that the host made. */
  put(bytes: Uint8Array): void {
    this.#append.put(bytes);
  }

  /** Gives what came since the last call; valid until the next packet comes. */
  result(): Uint8Array {
    const { bytes, length } = this.#append;
    this.#append.length = 0;
    return bytes.subarray(0, length);
  }
}

/** Both halves of a flow of normalisation, and the host's fallback. */
export class NormalizeFlow implements PacketFlow {
  readonly counts: NormalizeCounts = { sent: 0, resent: 0, escapes: 0, hostBytes: 0 };
  idle = 0;
  readonly #steps: readonly TextStep[];
  readonly #outgoing: TextOutgoing;
  readonly #incoming: NormalizedIncoming;
  // Steps for the rest of the text, once the device gave it up.
  #fallback: readonly TextStep[] | null = null;

  /**
   * Starts a text.
   *
   * @param plan The plan.
   * @param writer Writer of its packets.
   * @param text The whole text; leave it out for a text that grows.
   */
  constructor(plan: NormalizePlan, writer: TextWriter, text?: Uint8Array) {
    this.#steps = plan.body.steps;
    const { request: payload, inFlight } = plan.packets;
    const flow = newFlow();
    this.#outgoing = new TextOutgoing(writer, { payload, inFlight }, flow, text);
    this.#incoming = new NormalizedIncoming(plan, flow);
  }

  get done(): boolean {
    const { ended, position, length, sent } = this.#outgoing;
    return ended && this.#fallback === null && position === length && this.#incoming.answered === sent;
  }

  /** Appends to the text. */
  push(bytes: Uint8Array): void {
    this.#outgoing.release(this.#incoming.place.offset);
    this.#outgoing.push(bytes);
  }

  /** Ends the text. */
  end(): void {
    this.#outgoing.end();
    this.#completeOnHost();
  }

  /** Gives what came since the last call; valid until the next packet comes. */
  take(): Uint8Array {
    return this.#incoming.result();
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    if (this.#fallback !== null) return 0;
    const count = this.#outgoing.write(slots, slot, capacity);
    this.counts.sent += count;
    return count;
  }

  owns(flow: number): boolean {
    return flow === this.#incoming.flow;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    this.#incoming.limit = this.#outgoing.position - this.#outgoing.base;
    return this.#incoming.accept(slots, slot);
  }

  settle(): void {
    if (this.#fallback !== null) return;
    const { sent } = this.#outgoing;
    const { answered, escape } = this.#incoming;
    if (escape !== 0) {
      this.counts.escapes++;
      this.counts.resent += sent - answered;
      this.#giveToHost();
    } else if (answered < sent || this.#isShort()) {
      this.counts.resent += Math.max(1, sent - answered);
      this.idle++;
      this.#outgoing.resend(this.#incoming.resume());
    } else {
      this.idle = 0;
      this.#outgoing.acknowledge(answered);
      if (this.#outgoing.isWorn) this.#startFlow();
    }
  }

  restart(): void {
    if (this.#fallback === null && !this.done) this.#outgoing.resend(this.#incoming.resume());
  }

  gap(tries: number, outcomes: Readonly<Record<string, number>>): Error {
    return textGap(tries, outcomes);
  }

  /** The device answered everything, but no answer ends the text. */
  #isShort(): boolean {
    const { ended, position, length, sent } = this.#outgoing;
    return ended && position === length && sent > 0 && !this.#incoming.ended;
  }

  #startFlow(): void {
    const { flow, ranges } = this.#incoming.resume();
    this.#outgoing.resume(flow, ranges[0]![0]);
  }

  /** The rest of the text waits for its end and is normalised by the reference. */
  #giveToHost(): void {
    this.#startFlow();
    this.#fallback = this.#outgoing.base > 0 ? this.#steps.filter(({ op }) => op !== "prepend") : this.#steps;
    this.#completeOnHost();
  }

  #completeOnHost(): void {
    const outgoing = this.#outgoing;
    if (this.#fallback === null || !outgoing.ended) return;
    const rest = outgoing.from(outgoing.base);
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(rest);
    const all = new TextEncoder().encode(normalizeText(text, this.#fallback));
    this.counts.hostBytes += rest.length;
    this.#incoming.put(all.subarray(Math.min(this.#incoming.place.skip, all.length)));
    this.#fallback = null;
    this.idle = 0;
    outgoing.resume(newFlow(), outgoing.length);
  }
}
