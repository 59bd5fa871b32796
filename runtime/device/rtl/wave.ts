/**
 * Waveforms: what the RTL's signals do while some packets pass, as a Value Change Dump (VCD, IEEE 1364-2005,
 * clause 18), which GTKWave, Surfer and every simulator's viewer open.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import type { WaveExports } from "./exports.ts";

/** A waveform that is asked for. */
export interface WaveOptions {
  /** The first packet that is written, counted from 0 in the order in which packets are sent. */
  readonly first: number;
  /** The first packet behind it that is not. */
  readonly end: number;
  /**
   * Takes the file's bytes, piece by piece and in order. A piece is valid until the function returns; what it
   * throws ends the exchange that is under way.
   */
  readonly write: (chunk: Uint8Array) => void;
}

/** A waveform that is written. */
export interface Wave {
  /** Says that a run of so many packets begins. */
  begin(packets: number): void;
  /** Passes on what was written. */
  drain(): void;
}

/** No packet of a run has this number. */
const NEVER = 2 ** 31 - 1;

/**
 * Refuses packets that are no range.
 *
 * @param wave What is asked for.
 * @throws {OnpathError} `size` when the first is no whole number from 0 on, or `end` is not behind it.
 */
export function checkWave({ first, end }: WaveOptions): void {
  checkInteger("first packet", first, 0, NEVER - 1);
  checkInteger("end packet", end, first + 1, NEVER);
}

/**
 * Begins a waveform with its header and the declarations of all signals.
 *
 * @param rtl The exports.
 * @param wave What is asked for.
 * @param clockMHz The clock that is assumed; time follows from it.
 * @throws {OnpathError} `size` when the packets are no range; `device` when the build writes no waveforms.
 */
export function createWave(rtl: WaveExports, wave: WaveOptions, clockMHz: number): Wave {
  checkWave(wave);
  if (!("wave_open" in rtl)) {
    throw new OnpathError("device", "Cannot write a waveform: the build of the RTL is not made for it");
  }
  const { first, end, write } = wave;
  const half = Math.round(1e6 / clockMHz / 2);
  write(
    new TextEncoder().encode(
      `$comment onpath: packets ${first} to ${end - 1}, cycles of an assumed ${clockMHz} MHz $end\n` +
        "$timescale 1ps $end\n",
    ),
  );
  rtl.wave_open(half);
  let sent = 0;
  const drain = () => {
    const size = rtl.wave_size();
    if (size === 0) return;
    write(new Uint8Array(rtl.memory.buffer, rtl.wave_at(), size));
    rtl.wave_clear();
  };
  drain();
  return {
    begin: (packets) => {
      const here = first < sent + packets && end > sent;
      if (here) rtl.wave_range(first - sent, end - sent);
      else rtl.wave_range(NEVER, NEVER);
      sent += packets;
    },
    drain,
  };
}
