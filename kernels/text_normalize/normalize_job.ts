/**
 * A text on its way through a device that normalises it. The text may grow.
 *
 * Every answer says from which byte of the text normalising may begin anew, so where answers are lost a new flow
 * begins there; where the device gives up, the host does the rest of the text.
 *
 * @module
 */

import { normalizeText } from "./reference.ts";
import type { TextStep } from "../tokenize/vocabulary.ts";
import { MAX_PACKETS } from "../../serialize/header.ts";
import { NormalizedAppend } from "../../serialize/text/normalized_append.ts";
import type { PacketSlots } from "../../serialize/packets.ts";
import type { TextPacket, TextWriter } from "../../serialize/text/text_writer.ts";
import type { TokenOutcome } from "../../serialize/text/flow_append.ts";
import { newFlow } from "../../serialize/flow_numbers.ts";
import type { NormalizePlan } from "./plan.ts";
import type { PacketJob } from "../tokenize/flows/text_job.ts";

/** Packets in flight after answers were lost; twice as many with each exchange. */
const SLOW_START = 2;
/** A flow says places in 32 bits. */
const MOST_FLOW = 2 ** 31;

/** What a job did. */
export interface NormalizeCounts {
  /** Packets sent. */
  sent: number;
  /** Packets sent again, or in vain. */
  resent: number;
  /** Times that the device gave the text up. */
  escapes: number;
  /** Bytes that the host normalised. */
  hostBytes: number;
}

/** One text. */
export class NormalizeJob implements PacketJob {
  readonly counts: NormalizeCounts = { sent: 0, resent: 0, escapes: 0, hostBytes: 0 };
  idle = 0;
  readonly #plan: NormalizePlan;
  readonly #writer: TextWriter;
  readonly #append = new NormalizedAppend();
  readonly #packet: TextPacket = {
    flow: 0,
    sequence: 0,
    packets: 1,
    overlap: 0,
    position: 0,
    ends: false,
  };
  // The text from `#origin` on: from where it may have to be sent again.
  #text: Uint8Array;
  #origin = 0;
  #length: number;
  #ended: boolean;
  #base = 0;
  #taken = 0;
  #window: number;
  // The host does the rest; null as long as the device does.
  #rest: readonly TextStep[] | null = null;

  /**
   * Begins a text.
   *
   * @param plan The plan.
   * @param writer Writes its packets.
   * @param text All of the text; none for a text that grows.
   */
  constructor(plan: NormalizePlan, writer: TextWriter, text?: Uint8Array) {
    this.#plan = plan;
    this.#writer = writer;
    this.#text = text ?? new Uint8Array(4096);
    this.#length = text?.length ?? 0;
    this.#ended = text !== undefined;
    this.#window = plan.packets;
    this.#begin(0, 0);
  }

  get done(): boolean {
    return this.#ended && this.#rest === null && this.#taken === this.#length &&
      this.#append.answered === this.#packet.sequence;
  }

  /** Whether there is something to send. */
  get waits(): boolean {
    return this.#rest === null && this.#taken < this.#sendable();
  }

  /**
   * More of the text comes.
   *
   * @param bytes It.
   */
  push(bytes: Uint8Array): void {
    if (this.#length - this.#origin + bytes.length > this.#text.length) this.#makeRoom(bytes.length);
    this.#text.set(bytes, this.#length - this.#origin);
    this.#length += bytes.length;
  }

  /** The text ends. */
  end(): void {
    this.#ended = true;
    this.#finish();
  }

  /** Gives what has come since the last call; good until the next packet does. */
  take(): Uint8Array {
    const { bytes, length } = this.#append;
    this.#append.length = 0;
    return bytes.subarray(0, length);
  }

  write(slots: PacketSlots, slot: number): boolean {
    const packet = this.#packet;
    if (!this.waits || packet.sequence - this.#append.answered >= this.#window) return false;
    const from = this.#taken;
    const to = Math.min(this.#sendable(), from + this.#plan.payload);
    packet.ends = this.#ended && to === this.#length;
    packet.packets = packet.ends ? packet.sequence + 1 : MAX_PACKETS;
    packet.position = from;
    this.#writer.packet(packet, this.#text, from - this.#origin, to - this.#origin, slots, slot);
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
      this.#giveUp();
    } else if (answered < sent) {
      this.counts.resent += sent - answered;
      this.idle++;
      this.#window = SLOW_START;
      this.#again();
    } else {
      this.idle = 0;
      this.#window = Math.min(2 * this.#window, this.#plan.packets);
      // A flow's numbers end at some time; another one goes on.
      if (sent > MAX_PACKETS / 2 || this.#taken - this.#base > MOST_FLOW) this.#again();
    }
  }

  /** The last byte of a text that grows waits, so that there is one to end the text with. */
  #sendable(): number {
    return this.#ended ? this.#length : this.#length - 1;
  }

  #again(): void {
    const { resume, skip } = this.#append;
    this.#begin(this.#base + resume, skip);
  }

  #begin(at: number, known: number): void {
    this.#base = this.#taken = at;
    this.#packet.flow = newFlow();
    this.#packet.sequence = 0;
    this.#append.begin(this.#packet.flow, this.#plan.id, known);
  }

  /** The device gave up: the rest of the text waits for its end and takes the reference. */
  #giveUp(): void {
    const { steps } = this.#plan;
    this.#again();
    this.#rest = this.#base > 0 ? steps.filter(({ op }) => op !== "prepend") : steps;
    this.#finish();
  }

  #finish(): void {
    if (this.#rest === null || !this.#ended) return;
    const from = this.#base - this.#origin, to = this.#length - this.#origin;
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#text.subarray(from, to));
    const all = new TextEncoder().encode(normalizeText(text, this.#rest));
    this.#append.put(all.subarray(this.#append.skip));
    this.counts.hostBytes += to - from;
    this.#rest = null;
    this.#taken = this.#length;
  }

  /** Forgets the text that is never sent again, or takes more memory. */
  #makeRoom(more: number): void {
    const keep = this.#base + this.#append.resume;
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
