/**
 * What the tests know of a card's events.
 *
 * @module
 */

import { PACKETS_STATUS } from "../../../kernels/rtl/movers.ts";

export type { CardEvent } from "../../../runtime/device/emulation/mod.ts";

/** Bytes of the status in front of answers. */
export const PACKETS_STATUS_BYTES = PACKETS_STATUS.bytes;
