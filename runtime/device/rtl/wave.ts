/**
 * Waveforms: the RTL's signals during a range of packets, as a Value Change Dump (VCD, IEEE 1364-2005, clause 18).
 * GTKWave, Surfer and the viewers of all simulators open this format.
 *
 * @module
 */

import { checkInteger, OnpathError } from "../../../serialize/errors.ts";
import type { WaveExports } from "./exports.ts";

/** Options of a waveform. */
export interface WaveOptions {
  /** First packet to write, counted from 0 in the order of sending. */
  readonly first: number;
  /** Packet behind the last one to write, greater than `first`. */
  readonly end: number;
  /**
   * Receives the file in consecutive pieces. A piece is valid until the function returns. An error that it throws
   * ends the exchange in flight.
   */
  readonly write: (chunk: Uint8Array) => void;
}

/** Writer of an open waveform. */
export interface Wave {
  /** Starts a run of `packets` packets. */
  begin(packets: number): void;
  /** Passes the text written so far to {@linkcode WaveOptions.write}. */
  drain(): void;
}

/** Packet number that no run reaches. */
const NEVER = 2 ** 31 - 1;

/**
 * Checks the packet range of a waveform.
 *
 * @param wave Options to check.
 * @throws {OnpathError} `size` when `first` is not a whole number from 0 on, or `end` is not greater than `first`.
 */
export function checkWave({ first, end }: WaveOptions): void {
  checkInteger("first packet", first, 0, NEVER - 1);
  checkInteger("end packet", end, first + 1, NEVER);
}

/**
 * Starts a waveform: writes its header and the declarations of all signals.
 *
 * @param rtl Exports of the instance.
 * @param wave Packet range and the receiver of the file.
 * @param clockMHz Assumed clock, for the time scale.
 * @throws {OnpathError} `size` when the packet range is invalid; `device` when the build writes no waveforms.
 */
export function createWave(rtl: WaveExports, wave: WaveOptions, clockMHz: number): Wave {
  checkWave(wave);
  const { first, end, write } = wave;
  const drain = openWave(rtl, `packets ${first} to ${end - 1}, cycles`, write, clockMHz);
  let sent = 0;
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

/** What both kinds of builds with waveforms export: a kernel alone, and one with its movers. */
export type WaveText = Pick<WaveExports, "memory" | "wave_open" | "wave_at" | "wave_size" | "wave_clear">;

/**
 * Writes the header of a waveform and the declarations of all signals.
 *
 * @param rtl Exports of the instance.
 * @param contents What the waveform has, for the comment at its head.
 * @param write Receives the file in consecutive pieces, each valid until it returns.
 * @param clockMHz Assumed clock, for the time scale.
 * @returns Function that passes the text written since to `write`.
 * @throws {OnpathError} `device` when the build writes no waveforms.
 */
export function openWave(
  rtl: WaveText,
  contents: string,
  write: WaveOptions["write"],
  clockMHz: number,
): () => void {
  if (!("wave_open" in rtl)) {
    throw new OnpathError("device", "Cannot write a waveform: the build of the RTL has no waveform support");
  }
  write(
    new TextEncoder().encode(
      `$comment onpath: ${contents} of an assumed ${clockMHz} MHz $end\n$timescale 1ps $end\n`,
    ),
  );
  rtl.wave_open(Math.round(1e6 / clockMHz / 2));
  const drain = () => {
    const size = rtl.wave_size();
    if (size === 0) return;
    write(new Uint8Array(rtl.memory.buffer, rtl.wave_at(), size));
    rtl.wave_clear();
  };
  drain();
  return drain;
}
