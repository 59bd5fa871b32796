/**
 * Plans in the Linux kernel: an XDP program that looks packets up in the tables of a plan. docs/xdp.md has the method.
 *
 * @module
 */

export { createXdpDevice, type XdpOptions } from "./device.ts";
export { XDP_MODES, type XdpMode } from "./kernel_program.ts";
export type { XdpDropReason } from "./layout.ts";
export {
  openXdpNic,
  type XdpInterface,
  type XdpNic,
  type XdpNicCounters,
  type XdpNicOptions,
  type XdpTarget,
} from "./nic.ts";
export type { ResidentPage, ResidentPages } from "./pages.ts";
export { XDP_PROFILE } from "./profile.ts";
