/**
 * What the programs that call XRT share: an image, and lines of JSON on stdout.
 *
 * @module
 */

import { writeXclbin } from "../../../../runtime/device/xrt/xclbin/xclbin_write.ts";
import { OnpathError } from "../../../../serialize/errors.ts";

/** An image with a kernel of two buffers in two memories, and one that runs by itself. */
export const IMAGE: Uint8Array<ArrayBuffer> = writeXclbin({
  platform: "onpath_noop",
  memories: [
    { tag: "bank0", bytes: 2n ** 32n, base: 0n },
    { tag: "bank1", bytes: 2n ** 32n, base: 2n ** 32n },
  ],
  kernels: [{
    name: "vadd",
    arguments: [
      { name: "in", kind: "buffer", offset: 0x10, memory: 0 },
      { name: "out", kind: "buffer", offset: 0x1c, memory: 1 },
      { name: "size", kind: "scalar", offset: 0x28 },
      { name: "scale", kind: "scalar", offset: 0x30, type: "float" },
    ],
    instances: [{ name: "vadd_1", base: 0x1800000n }],
  }, {
    name: "networklayer",
    control: "AP_CTRL_NONE",
    range: 0x2000,
    arguments: [],
    instances: [{ name: "networklayer_0", base: 0x1000000n }],
  }],
});

/** A run of so many words never ends on the card of the tests. */
export const STALLS = 0xdead;

/** A run of so many words takes a while there. */
export const SLOW = 77;

/** Prints a line of JSON. */
export function tell(value: Record<string, unknown>): void {
  console.log(JSON.stringify(value, (_, each) => typeof each === "bigint" ? `0x${each.toString(16)}` : each));
}

/** What a function throws, as the error says it; `fine` where it throws nothing. */
export async function failure(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return "fine";
  } catch (error) {
    if (error instanceof OnpathError) return { code: error.code, message: error.message };
    return { thrown: String(error) };
  }
}
