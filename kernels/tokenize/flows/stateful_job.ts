/**
 * A text in a flow that keeps its state on the device. The text may grow.
 *
 * Where the device gives the flow up, or an answer is lost, the tokens up to the last end of a piece stand; from
 * there on the host ends the piece, or a new flow begins.
 *
 * @module
 */

import { FlowAppend, type TokenOutcome } from "../../../serialize/text/flow_append.ts";
import { MAX_PACKETS } from "../../../serialize/header.ts";
import type { PacketSlots } from "../../../serialize/packets.ts";
import type { TextPacket } from "../../../serialize/text/text_writer.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { newFlow } from "../../../serialize/flow_numbers.ts";
import type { HostTail } from "./host_tail.ts";
import { newJobCounts, type TextContext, type TextJob, type TextJobCounts } from "./text_job.ts";

/** Packets in flight after a flow was given up; twice as many with each exchange. */
const SLOW_START = 2;

/** A text, or the part between two special tokens, in `stateful` mode. */
export class StatefulJob implements TextJob {
  readonly run: TokenRun = new TokenRun();
  readonly counts: TextJobCounts = newJobCounts();
  idle = 0;
  readonly #context: TextContext;
  readonly #append: FlowAppend;
  readonly #packet: TextPacket = {
    flow: 0,
    sequence: 0,
    packets: 1,
    overlap: 0,
    position: 0,
    ends: false,
  };
  #tail: HostTail | null = null;
  // The text from `#origin` on; of a text that grows, what lies before is forgotten.
  #text: Uint8Array;
  #origin = 0;
  #length: number;
  #ended: boolean;
  // Bytes that were sent, or that the host has tokenized.
  #taken = 0;
  #onHost = false;
  #window: number;
  // Where tokens of the run begin: 0, or behind those that were forgotten.
  #floor = 0;

  /**
   * Begins a text.
   *
   * @param context What jobs of the session share.
   * @param text All of the text; none for a text that grows.
   */
  constructor(context: TextContext, text?: Uint8Array) {
    this.#context = context;
    this.#text = text ?? new Uint8Array(4096);
    this.#length = text?.length ?? 0;
    this.#ended = text !== undefined;
    this.#window = context.plan.packets;
    this.#append = new FlowAppend(context.lengthOf, this.run);
    this.#begin(0);
  }

  get done(): boolean {
    return this.#ended && this.#taken === this.#length && !this.#onHost &&
      this.#append.answered === this.#packet.sequence;
  }

  /** Whether there is something to send. */
  get waits(): boolean {
    return !this.#onHost && this.#taken < this.#sendable();
  }

  /**
   * More of the text comes.
   *
   * @param bytes Where it is.
   * @param from Its first byte.
   * @param to Behind the last one.
   */
  push(bytes: Uint8Array, from: number, to: number): void {
    const more = to - from;
    if (this.#length - this.#origin + more > this.#text.length) this.#makeRoom(more);
    this.#text.set(bytes.subarray(from, to), this.#length - this.#origin);
    this.#length += more;
    if (this.#onHost) this.#goOn();
  }

  /** The text ends. */
  end(): void {
    this.#ended = true;
    if (this.#onHost) this.#goOn();
  }

  write(slots: PacketSlots, slot: number): boolean {
    const { plan, writer } = this.#context;
    const packet = this.#packet;
    if (!this.waits || packet.sequence - this.#append.answered >= this.#window) return false;
    const from = this.#taken;
    const to = Math.min(this.#sendable(), from + plan.cut.payload);
    packet.ends = this.#ended && to === this.#length;
    // A flow that grows says that it has most packets, until its last one says that it is the last.
    packet.packets = packet.ends
      ? packet.sequence + 1
      : this.#ended
      ? packet.sequence + Math.ceil((this.#length - from) / plan.cut.payload)
      : MAX_PACKETS;
    packet.position = from;
    writer.packet(packet, this.#text, from - this.#origin, to - this.#origin, slots, slot);
    packet.sequence++;
    this.#taken = to;
    this.counts.sent++;
    return true;
  }

  owns(flow: number): boolean {
    return flow === this.#append.flow;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    return this.#append.accept(slots, slot);
  }

  settle(): void {
    const { answered, escape } = this.#append;
    const sent = this.#packet.sequence;
    if (escape !== 0) {
      this.counts.escapes++;
      this.counts.resent += sent - answered;
      this.#giveToHost();
    } else if (answered < sent) {
      this.counts.resent += sent - answered;
      this.idle++;
      this.#again();
    } else {
      this.idle = 0;
      this.#window = Math.min(2 * this.#window, this.#context.plan.packets);
      // A flow has no more numbers at some time; the next one begins where a piece does.
      if (sent > MAX_PACKETS / 2) this.#again();
    }
  }

  /**
   * Forgets the first tokens of the run, as a text that grows without end must.
   *
   * @param count How many; the last one ends a piece.
   */
  forget(count: number): void {
    const { run } = this;
    this.#floor = run.ends[count - 1]!;
    run.tokens.copyWithin(0, count, run.count);
    run.ends.copyWithin(0, count, run.count);
    run.lengths.copyWithin(0, count, run.count);
    run.count -= count;
  }

  /** The last byte of a text that grows waits, so that there is one to end the text with. */
  #sendable(): number {
    return this.#ended ? this.#length : this.#length - 1;
  }

  /** Byte of the text up to which tokens are for certain; tokens behind it are forgotten. */
  #settled(): number {
    const { run } = this;
    run.count = run.confirmed();
    return run.count === 0 ? this.#floor : run.ends[run.count - 1]!;
  }

  #again(): void {
    this.#window = SLOW_START;
    this.#begin(this.#settled());
  }

  /** A new flow begins at a byte of the text. */
  #begin(at: number): void {
    this.#taken = at;
    this.#packet.flow = newFlow();
    this.#packet.sequence = 0;
    this.#append.begin(this.#packet.flow, this.#context.plan.id, at);
  }

  #giveToHost(): void {
    this.#tail ??= this.#context.makeTail();
    this.#begin(this.#settled());
    this.#tail.begin(this.#taken);
    this.#onHost = true;
    this.#goOn();
  }

  /** The host takes what there is, until the piece ends; then the device goes on. */
  #goOn(): void {
    const tail = this.#tail!;
    const before = tail.bytes;
    const { run } = this;
    const first = run.count;
    const [from, to] = [this.#taken - this.#origin, this.#length - this.#origin];
    this.#taken = tail.take(this.#text, from, to, this.#ended, run) + this.#origin;
    this.counts.hostBytes += tail.bytes - before;
    const isAll = this.#ended && this.#taken === this.#length;
    if (!isAll && run.confirmed() <= first) return;
    this.#onHost = false;
    this.idle = 0;
    if (!isAll) this.#again();
  }

  /** Forgets the text before the last end of a piece, or takes more memory. */
  #makeRoom(more: number): void {
    const { run } = this;
    const confirmed = run.confirmed();
    const keep = confirmed === 0 ? this.#floor : run.ends[confirmed - 1]!;
    const held = this.#text.subarray(keep - this.#origin, this.#length - this.#origin);
    const room = held.length + more;
    if (2 * room <= this.#text.length) {
      this.#text.copyWithin(0, keep - this.#origin, this.#length - this.#origin);
    } else {
      const text = new Uint8Array(4 * room);
      text.set(held);
      this.#text = text;
    }
    this.#origin = keep;
  }
}
