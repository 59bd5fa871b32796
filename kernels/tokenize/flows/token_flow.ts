/**
 * A text in a sequential flow: the device keeps state between packets. The text may grow.
 *
 * If the device gives the flow up or an answer is lost, the tokens up to the last end of a piece stay valid.
 * From there a new flow begins, or the host completes the piece.
 *
 * @module
 */

import { type Incoming, type Missing, newFlow } from "../../../serialize/flow.ts";
import type { PacketSlots } from "../../../serialize/packets.ts";
import { FlowAppend, type TokenOutcome } from "../../../serialize/text/flow_append.ts";
import { TextOutgoing } from "../../../serialize/text/text_outgoing.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { newTextCounts, type TextContext, type TextCounts, textGap, type TokenFlow } from "./context.ts";
import type { HostFallback } from "./host_fallback.ts";

/** Receiving half: collects answers in a run of tokens. */
export class TokenIncoming implements Incoming<TokenRun> {
  readonly run: TokenRun = new TokenRun();
  readonly #append: FlowAppend;
  readonly #plan: number;
  // Offset of the first token of the run; 0 until tokens are removed.
  #floor = 0;

  /**
   * Starts a text.
   *
   * @param context Context of the session.
   * @param flow Number of the first flow.
   */
  constructor({ plan, lengthOf }: TextContext, flow: number) {
    this.#plan = plan.id;
    this.#append = new FlowAppend(lengthOf, this.run);
    this.#append.begin(flow, this.#plan, 0);
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

  /** Whether the answer to the last packet of the text came. */
  get ended(): boolean {
    return this.#append.ended;
  }

  /** Offset up to which tokens came. */
  get end(): number {
    return this.#append.end;
  }

  /** Offset up to which tokens are final. */
  get settled(): number {
    const confirmed = this.run.confirmed();
    return confirmed === 0 ? this.#floor : this.run.ends[confirmed - 1]!;
  }

  get done(): boolean {
    return this.#append.ended && this.escape === 0;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    return this.#append.accept(slots, slot);
  }

  missing(sent: number): Missing | null {
    return this.escape === 0 && this.answered >= sent ? null : this.resume();
  }

  /** Drops the tokens that are not final and expects a new flow from there. */
  resume(): Missing {
    const from = this.settled;
    this.run.count = this.run.confirmed();
    const flow = newFlow();
    this.#append.begin(flow, this.#plan, from);
    return { flow, ranges: [[from, Infinity]] };
  }

  /**
   * Removes the first tokens of the run, to bound the memory of a growing text.
   *
   * @param count Number of tokens; the last one ends a piece.
   */
  forget(count: number): void {
    const { run } = this;
    this.#floor = run.ends[count - 1]!;
    run.tokens.copyWithin(0, count, run.count);
    run.ends.copyWithin(0, count, run.count);
    run.lengths.copyWithin(0, count, run.count);
    run.count -= count;
  }

  result(): TokenRun {
    return this.run;
  }
}

/** Both halves of a sequential flow, and the host's fallback. */
export class SequentialFlow implements TokenFlow {
  readonly counts: TextCounts = newTextCounts();
  idle = 0;
  readonly #context: TextContext;
  readonly #incoming: TokenIncoming;
  readonly #outgoing: TextOutgoing;
  #fallback: HostFallback | null = null;
  // Offset up to which the host has tokenized; -1 while the device does it.
  #hostAt = -1;

  /**
   * Starts a text.
   *
   * @param context Context of the session.
   * @param text The whole text; omitted for a growing text.
   */
  constructor(context: TextContext, text?: Uint8Array) {
    this.#context = context;
    const { packets: { request: payload, inFlight } } = context.plan;
    const flow = newFlow();
    this.#outgoing = new TextOutgoing(context.writer, { payload, inFlight }, flow, text);
    this.#incoming = new TokenIncoming(context, flow);
  }

  get run(): TokenRun {
    return this.#incoming.run;
  }

  get done(): boolean {
    const { ended, position, length, sent } = this.#outgoing;
    return ended && this.#hostAt < 0 && position === length && this.#incoming.answered === sent;
  }

  get isBrief(): boolean {
    return this.#hostAt < 0 && this.#outgoing.isBrief;
  }

  /** Appends `bytes` from offset `from` to the exclusive end `to`. */
  push(bytes: Uint8Array, from: number, to: number): void {
    this.#outgoing.release(this.#incoming.settled);
    this.#outgoing.push(bytes, from, to);
    if (this.#hostAt >= 0) this.#completePiece();
  }

  /** Ends the text. */
  end(): void {
    this.#outgoing.end();
    if (this.#hostAt >= 0) this.#completePiece();
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    if (this.#hostAt >= 0) return 0;
    const count = this.#outgoing.write(slots, slot, capacity);
    this.counts.sent += count;
    return count;
  }

  owns(flow: number): boolean {
    return flow === this.#incoming.flow;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    return this.#incoming.accept(slots, slot);
  }

  settle(): void {
    const { sent } = this.#outgoing;
    const incoming = this.#incoming;
    if (this.#hostAt >= 0) return;
    if (incoming.escape !== 0) {
      this.counts.escapes++;
      this.counts.resent += sent - incoming.answered;
      this.#giveToHost();
    } else if (incoming.answered < sent || this.#isShort()) {
      this.counts.resent += Math.max(1, sent - incoming.answered);
      this.idle++;
      this.#outgoing.resend(incoming.resume());
    } else {
      this.idle = 0;
      this.#outgoing.acknowledge(incoming.answered);
      if (this.#outgoing.isWorn) this.#startFlow();
    }
  }

  restart(): void {
    if (this.#hostAt < 0 && !this.done) this.#outgoing.resend(this.#incoming.resume());
  }

  gap(tries: number, outcomes: Readonly<Record<string, number>>): Error {
    return textGap(tries, outcomes);
  }

  /** Removes the first `count` tokens of the run; the last of them ends a piece. */
  forget(count: number): void {
    this.#incoming.forget(count);
  }

  /** The device answered everything, but its answers end before the text does. */
  #isShort(): boolean {
    const { ended, position, length, sent } = this.#outgoing;
    if (!ended || position !== length || sent === 0) return false;
    return this.#context.covers ? this.#incoming.end !== length : !this.#incoming.ended;
  }

  #startFlow(): void {
    const { flow, ranges } = this.#incoming.resume();
    this.#outgoing.resume(flow, ranges[0]![0]);
  }

  #giveToHost(): void {
    this.#startFlow();
    this.#fallback ??= this.#context.makeFallback();
    this.#hostAt = this.#outgoing.position;
    this.#fallback.begin(this.#hostAt);
    this.#completePiece();
  }

  /** Completes the piece on the host with the available text; then the device continues. */
  #completePiece(): void {
    const fallback = this.#fallback!;
    const outgoing = this.#outgoing;
    const before = fallback.bytes;
    const { run } = this.#incoming;
    const first = run.count;
    const text = outgoing.from(this.#hostAt);
    const taken = fallback.take(text, 0, text.length, outgoing.ended, run);
    this.#hostAt += taken;
    this.counts.hostBytes += fallback.bytes - before;
    const isAll = outgoing.ended && this.#hostAt === outgoing.length;
    if (!isAll && run.confirmed() <= first) return;
    this.idle = 0;
    if (isAll) outgoing.resume(this.#incoming.flow, outgoing.length);
    else outgoing.resend(this.#incoming.resume());
    this.#hostAt = -1;
  }
}
