/**
 * The packet path in RTL, as WebAssembly: packets in, packets out, cycle by cycle.
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

/** An instance of the RTL. */
export interface Echo {
  reset(): void;
  configure(plan: number, kind: number, longest: number, itemBytes: number): void;
  /** Sends packets and waits for all; fails when that takes more cycles than it may. */
  run(packets: readonly Uint8Array[], pauses?: Pauses): Outcome;
  /** Sends packets, stops after some cycles, whatever is under way. */
  interrupt(packets: readonly Uint8Array[], cycles: number): void;
}

/** Instantiates the module and resets it. */
export async function openEcho(): Promise<Echo> {
  const bytes = await readFile(new URL("../../kernels/rtl/packet_echo.wasm", import.meta.url));
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
