/**
 * Shows the contents of an xclbin, without XRT or a card: `onpath xclbin info nic.xclbin`.
 *
 * @module
 */

import { readXclbin } from "../../../runtime/device/xrt/xclbin/xclbin_read.ts";
import { XCLBIN_LIMITS } from "../../../runtime/device/xrt/xclbin/xclbin_format.ts";
import { type Context, print, printJson } from "../context.ts";
import { readBounded } from "../../io/read.ts";
import { describeXclbin, xclbinAsJson } from "../../xrt/describe.ts";

/** Prints the metadata of an xclbin. */
export async function xclbinInfo(
  path: string,
  { json }: { json?: boolean },
  { signal }: Context,
): Promise<void> {
  const xclbin = readXclbin(await readBounded(path, { maxBytes: XCLBIN_LIMITS.bytes, signal }));
  if (json) printJson(xclbinAsJson(xclbin));
  else print(describeXclbin(xclbin));
}
