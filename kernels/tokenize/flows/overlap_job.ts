/**
 * A text in chunks that overlap, each tokenized by itself.
 *
 * Where chunks share no boundary, the stretch is done again by a packet that begins where what is certain ends;
 * where no piece ends within that, the host ends it.
 *
 * @module
 */

import { chunkCount } from "../../../serialize/text/cut.ts";
import { ChunkMerge, type MergedChunk } from "../../../serialize/text/chunk_merge.ts";
import { FlowAppend, type TokenOutcome } from "../../../serialize/text/flow_append.ts";
import type { PacketSlots } from "../../../serialize/packets.ts";
import type { TextPacket } from "../../../serialize/text/text_writer.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { newFlow } from "../../../serialize/flow_numbers.ts";
import type { HostTail } from "./host_tail.ts";
import { newJobCounts, type TextContext, type TextJob, type TextJobCounts } from "./text_job.ts";

/** Chunks that may be there before their turn. */
const MOST_AHEAD = 4096;

/** A text, or the part between two special tokens, in `overlap` mode. */
export class OverlapJob implements TextJob {
  readonly counts: TextJobCounts = newJobCounts();
  idle = 0;
  readonly #context: TextContext;
  readonly #text: Uint8Array;
  readonly #merge: ChunkMerge;
  readonly #flow: number;
  readonly #chunks: number;
  /** Chunks that have been sent and may have to be sent again, and the next one to send. */
  readonly #unanswered: number[] = [];
  readonly #toSend: number[] = [];
  #next = 0;
  #redo: Redo | null = null;
  #tail: HostTail | null = null;
  #progress = 0;
  #sent = 0;

  /**
   * Begins a text.
   *
   * @param context What jobs of the session share.
   * @param text All of the text, well-formed UTF-8, at least a byte.
   * @param onChunk Called with what became of each chunk.
   */
  constructor(context: TextContext, text: Uint8Array, onChunk?: (merged: MergedChunk) => void) {
    this.#context = context;
    this.#text = text;
    this.#flow = newFlow();
    const { plan, lengthOf } = context;
    const { cut } = plan;
    this.#merge = new ChunkMerge({ text, cut, flow: this.#flow, plan: plan.id, lengthOf, onChunk });
    this.#chunks = chunkCount(text.length, cut);
  }

  get run(): TokenRun {
    return this.#merge.run;
  }

  get done(): boolean {
    return this.#merge.done;
  }

  write(slots: PacketSlots, slot: number): boolean {
    if (this.done) return false;
    const { plan, writer } = this.#context;
    if (this.#redo !== null) {
      if (this.#redo.sent) return false;
      this.#redo.sent = true;
      const { packet, to } = this.#redo;
      writer.packet(packet, this.#text, packet.position, to, slots, slot);
      this.counts.sent++;
      return true;
    }
    let chunk = this.#toSend.pop();
    while (chunk !== undefined && !this.#merge.needs(chunk)) chunk = this.#toSend.pop();
    if (chunk === undefined) {
      while (this.#next < this.#chunks && !this.#merge.needs(this.#next)) this.#next++;
      if (this.#next >= this.#chunks || this.#next > this.#merge.next + MOST_AHEAD) return false;
      chunk = this.#next++;
    }
    writer.chunks(this.#text, plan.cut, this.#flow, chunk, 1, slots, slot);
    this.#unanswered.push(chunk);
    this.counts.sent++;
    return true;
  }

  owns(flow: number): boolean {
    return flow === this.#flow || flow === this.#redo?.packet.flow;
  }

  accept(slots: PacketSlots, slot: number): TokenOutcome {
    const flow = slots.engine.view.getUint32(slots.address + slot * slots.slotBytes + FLOW_AT, true);
    return flow === this.#flow ? this.#merge.accept(slots, slot) : this.#redo!.append.accept(slots, slot);
  }

  settle(): void {
    const merge = this.#merge;
    if (this.#redo?.sent === true) this.#settleRedo(this.#redo);
    for (const chunk of this.#unanswered) {
      if (!merge.needs(chunk)) continue;
      this.#toSend.push(chunk);
      this.counts.resent++;
    }
    this.#unanswered.length = 0;
    if (this.#redo === null && merge.stuck) this.#beginRedo();
    this.counts.removed = merge.removed;
    // A turn without packets of this job says nothing.
    const turn = this.counts.sent > this.#sent;
    const progress = merge.boundary + merge.next + this.counts.retries;
    if (progress > this.#progress) this.idle = 0;
    else if (turn) this.idle++;
    this.#progress = progress;
    this.#sent = this.counts.sent;
  }

  /** The stretch from the boundary on goes once more, as long as answers may be. */
  #beginRedo(): void {
    const { plan, lengthOf } = this.#context;
    const { boundary } = this.#merge;
    const to = Math.min(this.#text.length, boundary + plan.longest);
    const ends = to === this.#text.length;
    const packet = { flow: newFlow(), sequence: 0, packets: 1, overlap: 0, position: boundary, ends };
    const run = new TokenRun();
    const append = new FlowAppend(lengthOf, run);
    append.begin(packet.flow, plan.id, 0, boundary);
    this.#redo = { packet, to, append, run, sent: false };
    this.counts.retries++;
  }

  #settleRedo(redo: Redo): void {
    if (redo.append.answered === 0) {
      // Its answer was lost: it is sent again, in the same flow, which the device does not keep.
      redo.sent = false;
      redo.run.count = 0;
      redo.append.begin(redo.packet.flow, this.#context.plan.id, 0, redo.packet.position);
      this.counts.resent++;
      return;
    }
    this.#redo = null;
    const { run, append, packet, to } = redo;
    if (append.escape !== 0) this.counts.escapes++;
    const confirmed = run.confirmed();
    if (packet.ends && append.escape === 0) this.#merge.redone(run, run.count, to);
    else if (confirmed > 0) this.#merge.redone(run, confirmed, run.ends[confirmed - 1]!);
    else this.#doOnHost();
  }

  /** No piece ends within a packet: the host ends it. */
  #doOnHost(): void {
    const { boundary } = this.#merge;
    const tail = this.#tail ??= this.#context.makeTail();
    const before = tail.bytes;
    const run = new TokenRun();
    tail.begin(boundary);
    const { length } = this.#text;
    const at = tail.take(this.#text, boundary, length, true, run);
    this.counts.hostBytes += tail.bytes - before;
    const confirmed = run.confirmed();
    this.#merge.redone(run, confirmed, at === length ? length : run.ends[confirmed - 1]!);
  }
}

/** A stretch that is done again. */
interface Redo {
  readonly packet: TextPacket;
  readonly to: number;
  readonly append: FlowAppend;
  readonly run: TokenRun;
  sent: boolean;
}

/** Where a header has its flow. */
const FLOW_AT = 8;
