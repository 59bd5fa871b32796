/**
 * The rules of tokenizing with state in the plainest form, for what the RTL is held to: whole arrays of a flow
 * instead of a ring, nothing reused, nothing fast.
 *
 * @module
 */

import { type BpeTables, pairHash, type Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { FLAG, HEADER_BYTES, KIND, newHeader, readHeader, writeHeader } from "../../serialize/header.ts";

const WINDOW = 512, FLOWS = 8;
const PENDING = 1, LOOKAHEAD = 2;

interface Token {
  id: number;
  length: number;
  ends: boolean;
}

/** Pieces that the hardware's table is asked for, and those that it has. */
export interface PieceCounts {
  pieces: number;
  found: number;
}

/** Longest piece of the table, in bytes. */
const TABLE_BYTES = 15;

/** A flow from its first packet on. */
class Flow {
  next = 0;
  escape = 0;
  /** Of the packet that is being taken. */
  tokens: Token[] = [];
  replaced = false;
  from = 0;
  /** Decoded bytes before the piece, all of the piece's bytes and what follows, and its tokens. */
  offset = 0;
  private text: number[] = []; // decoded bytes from the piece's start on
  private points: { class: number; bytes: number }[] = []; // by position of their first byte, else undefined
  private lasts: number[] = [];
  private seen = 0;
  private accept = 0;
  private gone = 0; // bytes of the piece whose tokens have left
  private state = 0;
  private cell = 0;
  private need: number[] = []; // bytes of an unfinished sequence
  constructor(readonly vocabulary: Vocabulary, readonly counts: PieceCounts) {
    this.state = vocabulary.pieces!.start;
  }

  get held(): number {
    return this.text.length - this.gone;
  }

  get cut(): boolean {
    return this.need.length > 0;
  }

  take(bytes: Uint8Array, end: boolean): void {
    this.tokens = [];
    this.replaced = false;
    this.from = this.offset + this.gone;
    for (let at = 0; at < bytes.length && this.escape === 0;) at += this.byte(bytes[at]!);
    if (!end || this.escape !== 0) return;
    if (this.need.length > 0) this.unknown();
    while (this.escape === 0 && this.held > 0) {
      const { transitions, classes, accept } = this.vocabulary.pieces!;
      const to = transitions[this.state * classes + classes - 1]!;
      if (to >= 0 && accept[to]! >= 0) this.accept = this.text.length;
      this.walk();
      this.cutPiece();
      this.seeAgain();
    }
  }

  /** Takes a byte of UTF-8; 0 when it is to be looked at again. */
  private byte(byte: number): number {
    if (this.need.length > 0) {
      const first = this.need[0]!;
      const second = this.need.length === 1;
      const low = second && first === 0xe0 ? 0xa0 : second && first === 0xf0 ? 0x90 : 0x80;
      const high = second && first === 0xed ? 0x9f : second && first === 0xf4 ? 0x8f : 0xbf;
      if (byte < low || byte > high) {
        this.unknown();
        return 0;
      }
      this.need.push(byte);
      const whole = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
      if (this.need.length === whole) {
        const sequence = this.need;
        this.need = [];
        this.point(
          new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(sequence)).codePointAt(0)!,
        );
      }
      return 1;
    }
    if (byte < 0x80) this.point(byte);
    else if (byte >= 0xc2 && byte <= 0xf4) this.need = [byte];
    else this.unknown();
    return 1;
  }

  private unknown(): void {
    this.need = [];
    this.replaced = true;
    this.point(0xfffd);
  }

  private point(point: number): void {
    const bytes = new TextEncoder().encode(String.fromCodePoint(point));
    if (this.held + bytes.length >= WINDOW) {
      this.escape = this.text.length - this.accept > WINDOW / 2 ? LOOKAHEAD : PENDING;
      return;
    }
    const { blockOf, classOf } = this.vocabulary.pieces!;
    this.points[this.text.length] = {
      class: classOf[blockOf[point >> 8]! * 256 + (point & 255)]!,
      bytes: bytes.length,
    };
    this.text.push(...bytes);
    this.seeAgain();
  }

  /** The DFA goes on with the code points that it has not seen. */
  private seeAgain(): void {
    const { transitions, classes, accept, final } = this.vocabulary.pieces!;
    while (this.seen < this.text.length && this.escape === 0) {
      const point = this.points[this.seen]!;
      const to = transitions[this.state * classes + point.class]!;
      let cuts = to < 0;
      if (to >= 0) {
        this.state = to;
        this.seen += point.bytes;
        if (accept[to] === 0) this.accept = this.seen;
        if (accept[to] === 1) this.accept = this.seen - point.bytes;
        cuts = accept[to]! >= 0 && final[to] === 1;
      }
      this.walk();
      if (cuts) this.cutPiece();
    }
  }

  /** The walk goes on with the bytes that are the piece's. */
  private walk(): void {
    const bpe = this.vocabulary.bpe!;
    while (this.lasts.length < this.accept) {
      const at = this.lasts.length;
      const byte = this.text[at]!;
      while (bpe.check[bpe.base[this.cell]! + byte] !== this.cell) this.cell = bpe.fail[this.cell]!;
      this.cell = bpe.base[this.cell]! + byte;
      let token = bpe.longest[this.cell]!;
      for (;; token = bpe.suffix[token]!) {
        const from = at + 1 - bpe.lengths[token]!;
        if (from === 0) break;
        if (from >= this.gone && from > 0 && compatible(bpe, this.lasts[from - 1]!, token)) break;
      }
      this.lasts.push(token);
      const walked = at + 1;
      if (walked % 32 === 0 && walked - this.gone >= 64) this.agree(walked);
    }
  }

  /** Tokens leave that all ways on share. */
  private agree(at: number): void {
    const { depth, lengths } = this.vocabulary.bpe!;
    const ways = new Set<number>();
    for (let p = Math.max(this.gone, at - depth[this.cell]!); p <= at; p++) ways.add(p);
    while (ways.size > 1) {
      const furthest = Math.max(...ways);
      ways.delete(furthest);
      ways.add(furthest - lengths[this.lasts[furthest - 1]!]!);
    }
    this.leave([...ways][0]!, false);
  }

  private leave(to: number, ends: boolean): void {
    const { ids, lengths } = this.vocabulary.bpe!;
    const row: Token[] = [];
    for (let at = to; at > this.gone; at -= lengths[this.lasts[at - 1]!]!) {
      const token = this.lasts[at - 1]!;
      row.push({ id: ids[token]!, length: lengths[token]!, ends: ends && at === to });
    }
    this.tokens.push(...row.reverse());
    this.gone = to;
  }

  private cutPiece(): void {
    const { wholeFirst, whole, depth, ids } = this.vocabulary.bpe!;
    const length = this.accept;
    const [isShort, before] = [this.gone === 0 && length <= TABLE_BYTES, this.tokens.length];
    const token = depth[this.cell] === length ? whole[this.cell]! : -1;
    if (wholeFirst && this.gone === 0 && token >= 0) {
      this.tokens.push({ id: ids[token]!, length, ends: true });
    } else this.leave(length, true);
    if (isShort) {
      this.counts.pieces++;
      if (this.tokens.length === before + 1) this.counts.found++;
    }
    this.offset += length;
    this.text = this.text.slice(length);
    this.points = this.points.slice(length);
    this.lasts = [];
    this.gone =
      this.seen =
      this.accept =
      this.cell =
        0;
    this.state = this.vocabulary.pieces!.start;
  }
}

/** Whether two tokens may stand side by side: no merge across their border comes before those that made them. */
function compatible(bpe: BpeTables, x: number, y: number): boolean {
  let limit = Infinity;
  for (;;) {
    const rank = rankOf(bpe, x, y);
    if (rank >= 0 && rank < limit) return false;
    const leftFirst = bpe.ranks[x]! > bpe.ranks[y]!;
    if (bpe.right[x]! >= 0 && (leftFirst || bpe.left[y]! < 0)) {
      limit = bpe.ranks[x]!;
      x = bpe.right[x]!;
    } else if (bpe.left[y]! >= 0) {
      limit = bpe.ranks[y]! + 1;
      y = bpe.left[y]!;
    } else return true;
  }
}

function rankOf({ pairLeft, pairRight, pairRank }: BpeTables, x: number, y: number): number {
  const mask = pairLeft.length - 1;
  for (let slot = pairHash(x, y) & mask; pairLeft[slot] !== -1; slot = (slot + 1) & mask) {
    if (pairLeft[slot] === x && pairRight[slot] === y) return pairRank[slot]!;
  }
  return -1;
}

/** What came of packets of text: the parts of each one's answer, or the name of the check. */
export type TextVerdict = Uint8Array[] | "order" | "overlap";

/** Takes packets of text one after another, as the device does. */
export class TextRules {
  /** Of all packets so far. */
  readonly counts: PieceCounts = { pieces: 0, found: 0 };
  private readonly flows = new Map<number, Flow>(); // the one served last comes last
  constructor(readonly vocabulary: Vocabulary, readonly longest: number) {}

  /** A packet that has passed the checks of every kernel. */
  take(packet: Uint8Array): TextVerdict {
    const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
    const header = newHeader();
    readHeader(view, 0, packet.length, header);
    if (header.overlap > 0) return "overlap";
    let flow = this.flows.get(header.flow);
    if ((flow?.next ?? 0) !== header.sequence) return "order";
    if (flow === undefined) {
      if (this.flows.size === FLOWS) this.flows.delete(this.flows.keys().next().value!);
      flow = new Flow(this.vocabulary, this.counts);
    }
    flow.next++;
    this.flows.delete(header.flow);
    if ((header.flags & (FLAG.last | FLAG.endOfText)) === 0) this.flows.set(header.flow, flow);
    const payload = packet.subarray(HEADER_BYTES, HEADER_BYTES + header.length);
    flow.take(payload, (header.flags & FLAG.endOfText) !== 0);
    return this.answer(flow, header);
  }

  private answer(flow: Flow, request: ReturnType<typeof newHeader>): Uint8Array[] {
    const bits = Math.max(1, 32 - Math.clz32(this.vocabulary.idLimit - 1));
    const most = Math.floor(8 * this.longest / (bits + 1));
    const { tokens, escape } = flow;
    const parts = Math.max(1, Math.ceil(tokens.length / most));
    const packets: Uint8Array[] = [];
    let position = flow.from;
    for (let part = 0; part < parts; part++) {
      const here = tokens.slice(part * most, (part + 1) * most);
      const length = Math.max(1, Math.ceil(here.length * (bits + 1) / 8));
      const packet = new Uint8Array(HEADER_BYTES + length);
      const view = new DataView(packet.buffer);
      writeHeader(view, 0, {
        ...request,
        kind: KIND.tokens,
        flags: request.flags | (escape > 0 ? FLAG.escape : 0),
        length,
        overlap: 0,
        position,
      });
      const done = escape === 0 && flow.held === 0 && !flow.cut;
      view.setUint16(48, here.length, true);
      packet.set([bits, part, parts, (flow.replaced ? 1 : 0) | (done ? 2 : 0)], 50);
      view.setUint16(54, here.findLastIndex(({ ends }) => ends) + 1, true);
      view.setUint32(56, escape > 0 ? 0 : flow.held, true);
      view.setUint32(60, escape, true);
      here.forEach(({ id, ends }, at) => {
        for (let bit = 0; bit <= bits; bit++) {
          const place = at * (bits + 1) + bit;
          const value = bit === bits ? Number(ends) : (id >> bit) & 1;
          packet[HEADER_BYTES + (place >> 3)]! |= value << (place & 7);
        }
      });
      position += here.reduce((sum, { length }) => sum + length, 0);
      packets.push(packet);
    }
    flow.tokens = [];
    return packets;
  }
}
