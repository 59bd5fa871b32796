/**
 * Shows what an xclbin holds: `onpath xclbin info nic.xclbin`. No XRT and no card is needed.
 *
 * @module
 */

import { readXclbin } from "../../../runtime/device/xrt/xclbin/xclbin_read.ts";
import { XCLBIN_LIMITS } from "../../../runtime/device/xrt/xclbin/xclbin_format.ts";
import { type Context, print, printJson } from "../context.ts";
import { readBounded } from "../../io/read.ts";
import { describeXclbin, xclbinAsJson } from "../../xrt/describe.ts";

/** Prints what a file says about itself. */
export async function xclbinInfo(
  path: string,
  { json }: { json?: boolean },
  { signal }: Context,
): Promise<void> {
  const xclbin = readXclbin(await readBounded(path, { most: XCLBIN_LIMITS.bytes, signal }));
  if (json) printJson(xclbinAsJson(xclbin));
  else print(describeXclbin(xclbin));
}
