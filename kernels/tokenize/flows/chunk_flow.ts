/**
 * A text in overlapping chunks, each tokenized independently: a placed flow, followed by a merge.
 *
 * If neighbouring chunks share no boundary, a packet that begins at the last final boundary repeats the
 * stretch. If no piece ends within that packet, the host completes it.
 *
 * @module
 */

import { type Missing, newFlow, type Outgoing, type Range } from "../../../serialize/flow.ts";
import { OFFSET } from "../../../serialize/header.ts";
import { type PacketSlots, slotAddress } from "../../../serialize/packets.ts";
import { ChunkMerge, type MergedChunk } from "../../../serialize/text/chunk_merge.ts";
import { chunkCount } from "../../../serialize/text/cut.ts";
import { FlowAppend, type TokenOutcome } from "../../../serialize/text/flow_append.ts";
import type { TextPacket } from "../../../serialize/text/text_writer.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { newTextCounts, type TextContext, type TextCounts, textGap, type TokenFlow } from "./context.ts";
import type { HostFallback } from "./host_fallback.ts";

/** Maximum chunks that may be sent ahead of the merge. */
const MAX_AHEAD = 4096;

/** Sending half: chunks by their numbers. */
class ChunkOutgoing implements Outgoing {
  readonly #context: TextContext;
  readonly #text: Uint8Array;
  readonly #flow: number;
  readonly #chunks: number;
  readonly #needs: (chunk: number) => boolean;
  #again: number[] = [];
  #next = 0;
  /** First chunk that the merge lacks; chunks more than {@linkcode MAX_AHEAD} beyond it are not sent. */
  merged = 0;

  constructor(context: TextContext, text: Uint8Array, flow: number, needs: (chunk: number) => boolean) {
    this.#context = context;
    this.#text = text;
    this.#flow = flow;
    this.#needs = needs;
    this.#chunks = chunkCount(text.length, context.plan.body.cut);
  }

  /** Number of chunks sent at least once. */
  get sent(): number {
    return this.#next;
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    if (capacity === 0) return 0;
    let chunk = this.#again.pop();
    while (chunk !== undefined && !this.#needs(chunk)) chunk = this.#again.pop();
    if (chunk === undefined) {
      while (this.#next < this.#chunks && !this.#needs(this.#next)) this.#next++;
      if (this.#next >= this.#chunks || this.#next > this.merged + MAX_AHEAD) return 0;
      chunk = this.#next++;
    }
    this.#context.writer.chunks(this.#text, this.#context.plan.body.cut, this.#flow, chunk, 1, slots, slot);
    return 1;
  }

  resend({ ranges }: Missing): void {
    this.#again = [];
    for (const [first, last] of ranges) for (let n = last; n >= first; n--) this.#again.push(n);
  }
}

/** Repeated stretch, sent as one packet. */
interface Redo {
  readonly packet: TextPacket;
  readonly to: number;
  readonly append: FlowAppend;
  readonly run: TokenRun;
  isSent: boolean;
}

/** Both halves of an overlapping flow, and the host's fallback. */
export class ChunkFlow implements TokenFlow {
  readonly counts: TextCounts = newTextCounts();
  idle = 0;
  readonly #context: TextContext;
  readonly #text: Uint8Array;
  readonly #merge: ChunkMerge;
  readonly #flow = newFlow();
  readonly #outgoing: ChunkOutgoing;
  #redo: Redo | null = null;
  #fallback: HostFallback | null = null;
  #progress = 0;
  #sent = 0;

  /**
   * Starts a text.
   *
   * @param context Context of the session.
   * @param text The whole text, well-formed UTF-8, at least one byte.
   * @param onChunk Called with the outcome of each chunk.
   */
  constructor(context: TextContext, text: Uint8Array, onChunk?: (merged: MergedChunk) => void) {
    this.#context = context;
    this.#text = text;
    const { plan: { id: plan, body: { cut } }, lengthOf, covers } = context;
    this.#merge = new ChunkMerge({
      length: text.length,
      cut,
      flow: this.#flow,
      plan,
      lengthOf,
      covers,
      onChunk,
    });
    this.#outgoing = new ChunkOutgoing(context, text, this.#flow, (chunk) => this.#merge.needs(chunk));
  }

  get run(): TokenRun {
    return this.#merge.run;
  }

  get done(): boolean {
    return this.#merge.done;
  }

  write(slots: PacketSlots, slot: number, capacity: number): number {
    if (this.done || capacity === 0) return 0;
    let count = 1;
    if (this.#redo === null) {
      this.#outgoing.merged = this.#merge.next;
      count = this.#outgoing.write(slots, slot, capacity);
    } else if (this.#redo.isSent) count = 0;
    else {
      this.#redo.isSent = true;
      const { packet, to } = this.#redo;
      this.#context.writer.packet(packet, this.#text, packet.position, to, slots, slot);
    }
    this.counts.sent += count;
    return count;
  }

  owns(flow: number): boolean {
    return flow === this.#flow || flow === this.#redo?.packet.flow;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    const flow = slots.engine.view.getUint32(slotAddress(slots, slot) + OFFSET.flow, true);
    const redo = this.#redo;
    return redo !== null && flow === redo.packet.flow
      ? redo.append.accept(slots, slot)
      : this.#merge.accept(slots, slot);
  }

  settle(): void {
    const merge = this.#merge;
    if (this.#redo?.isSent === true) this.#settleRedo(this.#redo);
    const lost = this.#lost();
    if (lost.length > 0) {
      this.#outgoing.resend({ flow: this.#flow, ranges: lost });
      this.counts.resent += lost.reduce((sum, [first, last]) => sum + last - first + 1, 0);
    }
    if (this.#redo === null && merge.stuck) this.#beginRedo();
    this.counts.removed = merge.removed;
    // An exchange without packets of this flow gives no evidence of a stall.
    const took = this.counts.sent > this.#sent;
    const progress = merge.boundary + merge.next + this.counts.retries;
    if (progress > this.#progress) this.idle = 0;
    else if (took) this.idle++;
    this.#progress = progress;
    this.#sent = this.counts.sent;
  }

  restart(): void {
    if (this.#redo !== null) this.#redo.isSent = false;
    this.#outgoing.resend({ flow: this.#flow, ranges: this.#lost() });
  }

  gap(tries: number, outcomes: Readonly<Record<string, number>>): Error {
    return textGap(tries, outcomes);
  }

  /** Ranges of chunks that were sent and are still needed. */
  #lost(): Range[] {
    const ranges: [number, number][] = [];
    for (let chunk = this.#merge.next; chunk < this.#outgoing.sent; chunk++) {
      if (!this.#merge.needs(chunk)) continue;
      const last = ranges.at(-1);
      if (last !== undefined && last[1] === chunk - 1) last[1] = chunk;
      else ranges.push([chunk, chunk]);
    }
    return ranges;
  }

  /** Sends the text from the last boundary again, up to the length of an answer. */
  #beginRedo(): void {
    const { plan, lengthOf } = this.#context;
    const { boundary } = this.#merge;
    const to = Math.min(this.#text.length, boundary + plan.packets.answer);
    const ends = to === this.#text.length;
    const packet = { flow: newFlow(), sequence: 0, packets: 1, overlap: 0, position: boundary, ends };
    const run = new TokenRun();
    const append = new FlowAppend(lengthOf, run);
    append.begin(packet.flow, plan.id, 0, boundary);
    this.#redo = { packet, to, append, run, isSent: false };
    this.counts.retries++;
  }

  #settleRedo(redo: Redo): void {
    const { run, append, packet, to } = redo;
    const { covers, plan } = this.#context;
    const isShort = covers && packet.ends && append.escape === 0 && append.end !== to;
    if (append.answered === 0 || isShort) {
      // The answer was lost or incomplete. The same flow is sent again; the device does not keep it.
      redo.isSent = false;
      run.count = 0;
      append.begin(packet.flow, plan.id, 0, packet.position);
      this.counts.resent++;
      return;
    }
    this.#redo = null;
    if (append.escape !== 0) this.counts.escapes++;
    const confirmed = run.confirmed();
    if (packet.ends && append.escape === 0) this.#merge.redone(run, run.count, to);
    else if (confirmed > 0) this.#merge.redone(run, confirmed, run.ends[confirmed - 1]!);
    else this.#doOnHost();
  }

  /** Completes the piece on the host, because no piece ends within a packet. */
  #doOnHost(): void {
    const { boundary } = this.#merge;
    const fallback = this.#fallback ??= this.#context.makeFallback();
    const before = fallback.bytes;
    const run = new TokenRun();
    fallback.begin(boundary);
    const { length } = this.#text;
    const at = fallback.take(this.#text, boundary, length, true, run);
    this.counts.hostBytes += fallback.bytes - before;
    const confirmed = run.confirmed();
    this.#merge.redone(run, confirmed, at === length ? length : run.ends[confirmed - 1]!);
  }
}
