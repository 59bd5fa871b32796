/**
 * A text in a sequential flow that a device normalises. The text may grow.
 *
 * Every answer carries the resume offset: the position from which to normalise again after a loss. If the
 * device gives the flow up, the host normalises the rest.
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

/** Counters of a normalisation flow. */
export interface NormalizeCounts extends FlowCounts {
  /** Escapes reported by the device. */
  escapes: number;
  /** Bytes normalised on the host. */
  hostBytes: number;
}

/** Receiving half: collects answers in a normalised text. */
export class NormalizedIncoming implements Incoming<Uint8Array> {
  readonly #append: NormalizedAppend;
  readonly #plan: number;
  #base = 0;

  /**
   * Starts a text.
   *
   * @param plan Plan of the session.
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

  /** Answered requests of the current flow. */
  get answered(): number {
    return this.#append.answered;
  }

  /** Reason of the device's escape; 0 without one. */
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

  /** Resume offset in the text, and the leading bytes of the repeated output that were already received. */
  get place(): { readonly offset: number; readonly skip: number } {
    return { offset: this.#base + this.#append.resume, skip: this.#append.skip };
  }

  /** Expects a new flow from the resume offset. */
  resume(): Missing {
    const { offset, skip } = this.place;
    const flow = newFlow();
    this.#base = offset;
    this.#append.begin(flow, this.#plan, skip);
    return { flow, ranges: [[offset, Infinity]] };
  }

  /** Appends text normalised on the host. */
  put(bytes: Uint8Array): void {
    this.#append.put(bytes);
  }

  /** Returns the text received since the last call; valid until the next packet arrives. */
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
  // Steps for the rest of the text after an escape; null before.
  #fallback: readonly TextStep[] | null = null;

  /**
   * Starts a text.
   *
   * @param plan Plan of the session.
   * @param writer Writes packets of text.
   * @param text The whole text; omitted for a growing text.
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

  /** Appends UTF-8 to the text. */
  push(bytes: Uint8Array): void {
    this.#outgoing.release(this.#incoming.place.offset);
    this.#outgoing.push(bytes);
  }

  /** Ends the text. */
  end(): void {
    this.#outgoing.end();
    this.#completeOnHost();
  }

  /** Returns the text received since the last call; valid until the next packet arrives. */
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

  /** Buffers the rest of the text until its end, for the reference on the host. */
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
