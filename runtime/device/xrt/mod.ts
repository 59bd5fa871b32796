/**
 * AMD's XRT from TypeScript: the C interface of libxrt_coreutil, for cards and their emulation. Deno calls it
 * through its own foreign function interface, Node through koffi.
 *
 * | what | how |
 * |---|---|
 * | open | `using device = await XrtDevice.open({ index: 0 })` |
 * | load | `await device.load("nic.xclbin")`: checks and loads the file, returns its metadata |
 * | kernel | `device.kernel("onpath_image", { exclusive: true })`: arguments, registers |
 * | free-running instance | `device.ip("networklayer")`: registers |
 * | buffer | `await device.allocate({ bytes, group: kernel.group("from") })`, `await device.wrap(memory)` |
 * | use it | `buffer.map()`, `await buffer.sync("toDevice")`, `buffer.part(bytes, offset)`, `buffer.address` |
 * | run | `run = kernel.run()`, `run.set("from", buffer)`, `run.startNow()`, `await run.wait({ timeoutMs })` |
 * | overlap | `XrtRing`: batch n+1 is written while n runs and n-1 is read back |
 * | end | `close()` or `using`, in any order; `device.abandon()` if a device no longer responds |
 * | VNx's shell | `new VnxNetwork(device.ip("networklayer"))`, `new VnxPort(device.ip("cmac_0"))` |
 * | file | `readXclbin(bytes)`, `writeXclbin(draft)` |
 *
 * Methods that return no promise, such as `startNow`, block this thread. Methods that return a promise run on
 * another thread and have a timeout. The first `XrtDevice.open` opens the library, from ONPATH_XRT_LIBRARY or
 * the standard paths.
 *
 * @example
 * ```ts
 * import { libraryPlaces } from "onpath/xrt";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(libraryPlaces("libxrt_coreutil.so.2"), ["libxrt_coreutil.so.2"]);
 * ```
 *
 * @module
 */

export type { PlanBuild } from "../../../kernels/rtl/builds.ts";
export * from "./binding/argument.ts";
export * from "./binding/buffer.ts";
export * from "./device/card_device.ts";
export * from "./device/card_kernel.ts";
export * from "./device/card_packets.ts";
export * from "./device/card_port.ts";
export * from "./device/card_tables.ts";
export * from "./binding/device.ts";
export * from "./binding/devices.ts";
export * from "./binding/environment.ts";
export * from "./binding/failures.ts";
export * from "./binding/ip.ts";
export * from "./binding/kernel.ts";
export * from "./binding/library.ts";
export * from "./binding/native.ts";
export * from "./binding/overlap.ts";
export * from "./binding/registers.ts";
export * from "./binding/ring.ts";
export * from "./binding/run.ts";
export * from "./binding/symbols.ts";
export * from "./vnx/address.ts";
export * from "./vnx/cmac.ts";
export * from "./vnx/map.ts";
export * from "./vnx/network.ts";
export * from "./vnx/words.ts";
export * from "./xclbin/xclbin.ts";
export * from "./xclbin/xclbin_format.ts";
export * from "./xclbin/xclbin_ips.ts";
export * from "./xclbin/xclbin_read.ts";
export * from "./xclbin/xclbin_write.ts";
export * from "./xclbin/xclbin_xml.ts";
