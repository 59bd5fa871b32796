/**
 * Loads an xclbin: `onpath xrt load nic.xclbin`.
 *
 * @module
 */

import { type Context, print, printJson } from "../context.ts";
import { describeXclbin, xclbinAsJson } from "../../xrt/describe.ts";
import { withXrt, type XrtFlags } from "../../xrt/open.ts";

/** Loads an xclbin into a device, and prints its contents. */
export async function xrtLoad(path: string, flags: XrtFlags, { signal }: Context): Promise<void> {
  await withXrt(flags, signal, async (device, waits) => {
    const xclbin = await device.load(path, waits);
    if (flags.json) printJson({ loaded: xclbinAsJson(xclbin) });
    else print(`loaded\n\n${describeXclbin(xclbin)}`);
  });
}
