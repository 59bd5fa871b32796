/**
 * RTL kernels as WebAssembly: packets in, packets out, cycle by cycle.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

/** What the exports of the harness are (kernels/rtl/harness/packets.cpp). */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __wasm_call_ctors: () => void;
  readonly reset: () => void;
  readonly configure: (plan: number, kind: number, longest: number, item: number) => void;
  readonly configure_resize: (channels: number, weights: number, fraction: number, ties: number) => void;
  readonly load: (terms: number, address: number, low: number, high: number) => void;
  readonly run: (count: number, sendPause: number, takePause: number, seed: number, most: number) => number;
  readonly input_at: () => number;
  readonly output_at: () => number;
  readonly ends_at: () => number;
  readonly answers_at: () => number;
  readonly drops_at: () => number;
  readonly cycles_so_far: () => number;
}

/** Chances in 16 that an end pauses in a cycle, and what the generator begins with. */
export interface Pauses {
  readonly send?: number;
  readonly take?: number;
  readonly seed?: number;
}

/** What came of a run. */
export interface Outcome {
  readonly answers: Uint8Array[];
  /** Drops by the number of the check, of this run. */
  readonly drops: number[];
  readonly cycles: number;
}

/** The tables of a resize of the form `nibble` or `universal`. */
export interface ResizeTables {
  readonly channels: number;
  /** Four weights' numbers for each weight index. */
  readonly ids: ArrayLike<number>;
  /** 16 entries a weight. */
  readonly terms: ArrayLike<number>;
  readonly fraction: number;
  /** Units below which a sum is a tie; 0 rounds ties up. */
  readonly ties: number;
}

/** An instance of the RTL. */
export interface Rtl {
  reset(): void;
  configure(plan: number, kind: number, longest: number, itemBytes: number): void;
  /** Loads the tables of a resize; only `packet_resize` has any. */
  loadResize(tables: ResizeTables): void;
  /** Sends packets and waits for all; fails when that takes more cycles than it may. */
  run(packets: readonly Uint8Array[], pauses?: Pauses): Outcome;
  /** Sends packets, stops after some cycles, whatever is under way. */
  interrupt(packets: readonly Uint8Array[], cycles: number): void;
}

/** Instantiates a kernel and resets it. */
export async function openRtl(top: "packet_echo" | "packet_resize"): Promise<Rtl> {
  const bytes = await readFile(new URL(`../../kernels/rtl/${top}.wasm`, import.meta.url));
  const { instance } = await WebAssembly.instantiate(Uint8Array.from(bytes));
  const rtl = instance.exports as unknown as Exports;
  rtl.__wasm_call_ctors();
  rtl.reset();
  const memory = () => new Uint8Array(rtl.memory.buffer);
  const words = (at: number, count: number) => Array.from(new Uint32Array(rtl.memory.buffer, at, count));
  const send = (packets: readonly Uint8Array[]) => {
    const ends = new Uint32Array(rtl.memory.buffer, rtl.ends_at(), 4096);
    let at = 0;
    packets.forEach((packet, index) => {
      memory().set(packet, rtl.input_at() + at);
      ends[index] = at += packet.length;
    });
    assert(at <= 2 ** 21 && packets.length <= 4096);
  };
  return {
    reset: rtl.reset,
    configure: (plan, kind, longest, itemBytes) => rtl.configure(plan, kind, longest, Math.log2(itemBytes)),
    loadResize: ({ channels, ids, terms, fraction, ties }) => {
      assert(ids.length <= 4 * 1024 && terms.length <= 8192, "the tables are larger than the RTL's");
      rtl.configure_resize(channels, ids.length / 4, fraction, ties);
      for (let index = 0; index < ids.length / 4; index++) {
        // Four numbers of 9 bits, the first lowest.
        const word = [0, 1, 2, 3].reduce((sum, n) => sum + ids[4 * index + n]! * 512 ** n, 0);
        rtl.load(0, index, word >>> 0, Math.floor(word / 2 ** 32));
      }
      for (let at = 0; at < terms.length; at++) rtl.load(1, at, terms[at]!, 0);
    },
    run: (packets, { send: sendPause = 0, take = 0, seed = 1 } = {}) => {
      send(packets);
      const before = { cycles: rtl.cycles_so_far(), drops: words(rtl.drops_at(), 16) };
      const count = rtl.run(packets.length, sendPause, take, seed, 2_000_000);
      assert(count >= 0, `the RTL hangs or overflows: ${count}`);
      let from = rtl.output_at();
      const answers = words(rtl.answers_at(), count).map((end) => {
        const answer = memory().slice(from, rtl.output_at() + end);
        from = rtl.output_at() + end;
        return answer;
      });
      return {
        answers,
        drops: words(rtl.drops_at(), 16).map((drops, at) => drops - before.drops[at]!),
        cycles: rtl.cycles_so_far() - before.cycles,
      };
    },
    interrupt: (packets, cycles) => {
      send(packets);
      rtl.run(packets.length, 0, 0, 1, cycles);
    },
  };
}
