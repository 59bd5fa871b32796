/**
 * Runs the XDP program on one frame in the kernel, without an interface: BPF_PROG_TEST_RUN.
 *
 * @module
 */

import type { KernelProgram } from "../../runtime/xdp/kernel_program.ts";
import { succeed } from "../../runtime/xdp/native.ts";

/** Verdicts of an XDP program, by number. */
export const VERDICTS = ["aborted", "drop", "pass", "tx", "redirect"] as const;

/** Verdict on a frame. */
export interface TestRun {
  /** What the program decided. */
  readonly verdict: (typeof VERDICTS)[number];
  /** The frame afterwards: a view that the next run overwrites. */
  readonly frame: Uint8Array;
}

/** Maximum bytes of a frame. */
const MAX_FRAME = 3072;
const OPTIONS_BYTES = 80;

/**
 * Prepares runs of a program.
 *
 * @param kernel The loaded program.
 * @returns Function that runs a frame of 14 to 3,072 bytes.
 */
export function testRunner({ native, program }: KernelProgram): (frame: Uint8Array) => TestRun {
  const { bpf, provider } = native;
  const [input, output] = [new Uint8Array(MAX_FRAME), new Uint8Array(MAX_FRAME)];
  // struct bpf_test_run_opts: size, data in and out, their sizes, contexts, verdict.
  const options = new Uint8Array(OPTIONS_BYTES);
  const view = new DataView(options.buffer);
  const addressOf = (bytes: Uint8Array) => BigInt(provider.address(provider.pointerTo(bytes)));
  view.setBigUint64(0, BigInt(OPTIONS_BYTES), true);
  view.setBigUint64(8, addressOf(input), true);
  view.setBigUint64(16, addressOf(output), true);
  return (frame) => {
    input.set(frame);
    view.setUint32(24, frame.length, true);
    view.setUint32(28, MAX_FRAME, true);
    view.setUint32(60, 1, true);
    succeed(native, "run the XDP program on a frame", bpf.bpf_prog_test_run_opts(program, options));
    return {
      verdict: VERDICTS[view.getUint32(56, true)]!,
      frame: output.subarray(0, view.getUint32(28, true)),
    };
  };
}
