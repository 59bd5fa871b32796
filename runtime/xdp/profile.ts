/**
 * Profile of the XDP device.
 *
 * @module
 */

import type { DeviceProfile } from "../../kernels/target/profile.ts";
import { RTL_PROFILE } from "../device/rtl/profile.ts";
import { MAX_PAGES } from "./pages.ts";

const { nibble, universal, products, levels, "row-pages": rowPages } = RTL_PROFILE.depths!;

/**
 * Profile of the XDP device: the tables of the RTL that stand alone in a packet. Clock and blocks are those of the
 * RTL's profile, so that the planner chooses the same forms; the kernel counts no cycles.
 *
 * @example
 * ```ts
 * import { XDP_PROFILE } from "onpath/xdp";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(XDP_PROFILE.layouts, ["cells"]);
 * ```
 */
export const XDP_PROFILE: DeviceProfile = {
  ...RTL_PROFILE,
  name: "xdp",
  summary: "the Linux kernel, by an XDP program with the tables of the RTL",
  layouts: ["cells"],
  kernels: ["resize", "remap", "normalize"],
  timing: "bus",
  built: undefined,
  // Each swap waits until no processor uses the earlier pages. With more slots, it brings more.
  slots: MAX_PAGES,
  depths: {
    ...(nibble && { nibble }),
    ...(universal && { universal }),
    ...(products && { products }),
    ...(levels && { levels }),
    ...(rowPages && { "row-pages": rowPages }),
  },
};
