/**
 * Reads a Value Change Dump strictly: what is not in the format's grammar throws.
 *
 * @module
 */

import assert from "node:assert/strict";

/** What a dump says. */
export interface Vcd {
  /** The unit of time, as it is written. */
  readonly timescale: string;
  /** Signals by their path, as `TOP.packet_image.clk`. */
  readonly signals: ReadonlyMap<string, VcdSignal>;
  /** All times, ascending. */
  readonly times: readonly number[];
}

/** A signal. */
export interface VcdSignal {
  /** Its bits. */
  readonly bits: number;
  /** When it changes, ascending. */
  readonly times: readonly number[];
  /** What to. */
  readonly values: readonly bigint[];
}

/** Reads a dump of values that are all known, with no signal changing to what it is. */
export function readVcd(text: string): Vcd {
  assert(text.endsWith("\n"));
  const end = text.indexOf("$enddefinitions $end\n");
  assert(end > 0, "no end of definitions");
  const signals = new Map<string, VcdSignal>();
  const byCode = new Map<string, { bits: number; times: number[]; values: bigint[] }>();
  const scopes: string[] = [];
  let timescale = "";
  for (const [, keyword, body] of text.slice(0, end).matchAll(/\$(\w+)\s+(.*?)\s*\$end\n|[^\n]+/gs)) {
    switch (keyword) {
      case "comment":
        break;
      case "timescale":
        assert.match(body!, /^1{1}0{0,2} ?[munpf]?s$/);
        timescale = body!;
        break;
      case "scope":
        assert.match(body!, /^module [\w[\]]+$/);
        scopes.push(body!.slice(7));
        break;
      case "upscope":
        assert.notEqual(scopes.pop(), undefined);
        break;
      case "var": {
        const parts = /^wire (\d+) ([!-~]+) (\w+)((?:\[\d+\])*)(?: \[(\d+):(\d+)\])?$/.exec(body!);
        assert(parts !== null, `no variable: ${body}`);
        const [, size, code, name, place, most, least] = parts;
        const bits = Number(size);
        assert.equal(bits, most === undefined ? 1 : Number(most) - Number(least) + 1);
        let signal = byCode.get(code!);
        if (signal === undefined) byCode.set(code!, signal = { bits, times: [], values: [] });
        assert.equal(signal.bits, bits, `${name} shares a code with another width`);
        const path = [...scopes, name + place!].join(".");
        assert(!signals.has(path), `${path} stands there twice`);
        signals.set(path, signal);
        break;
      }
      default:
        assert.fail(`not in VCD's declarations: ${keyword}`);
    }
  }
  assert.deepEqual(scopes, []);
  const times: number[] = [];
  let all: string | undefined;
  const lines = text.slice(end).split("\n").slice(1, -1);
  for (const line of lines) {
    if (line[0] === "#") {
      const time = Number(line.slice(1));
      assert(Number.isSafeInteger(time) && time > (times.at(-1) ?? -1), `time does not advance: ${line}`);
      times.push(time);
    } else if (line === "$dumpvars" || line === "$end") {
      assert.equal(all, line === "$end" ? "$dumpvars" : undefined);
      all = line;
      if (line === "$end") {
        const missing = [...signals].find(([, { values }]) => values.length === 0)?.[0];
        assert.equal(missing, undefined, "not all signals have a first value");
      }
    } else {
      const parts = /^(?:b([01]+) |([01]))([!-~]+)$/.exec(line);
      assert(parts !== null, `no change: ${line}`);
      const signal = byCode.get(parts[3]!);
      assert(signal !== undefined, `no signal has the code of: ${line}`);
      const digits = parts[1] ?? parts[2]!;
      assert(digits.length <= signal.bits && (digits.length === 1 || digits[0] === "1"));
      const value = BigInt(`0b${digits}`);
      assert.notEqual(value, signal.values.at(-1), "a change that is none");
      signal.times.push(times.at(-1)!);
      signal.values.push(value);
    }
  }
  assert.equal(all, "$end");
  return { timescale, signals, times };
}

/**
 * A signal's value just before a time, as an edge at that time takes it.
 *
 * @param signal The signal.
 * @param time The edge.
 */
export function valueBefore({ times, values }: VcdSignal, time: number): bigint {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < time) low = middle + 1;
    else high = middle;
  }
  assert(low > 0, "nothing is known before");
  return values[low - 1]!;
}
