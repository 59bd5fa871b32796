/**
 * AMD's XRT from TypeScript: the C interface of libxrt_coreutil through Deno's or Node's (koffi) foreign
 * function interface, for cards and for their emulation.
 *
 * | what | how |
 * |---|---|
 * | open | `using device = await XrtDevice.open({ index: 0 })` |
 * | load | `await device.load("nic.xclbin")`: checked, then loaded; returns what it says about itself |
 * | kernel | `device.kernel("onpath_image", { exclusive: true })`: arguments, registers |
 * | instance that runs by itself | `device.ip("networklayer")`: registers |
 * | buffer | `await device.allocate({ bytes, group: kernel.group("from") })`, `await device.wrap(memory)` |
 * | use it | `buffer.map()`, `await buffer.sync("toDevice")`, `buffer.part(bytes, offset)`, `buffer.address` |
 * | run | `run = kernel.run()`, `run.set("from", buffer)`, `run.startNow()`, `await run.wait({ timeoutMs })` |
 * | overlap | `XrtRing`: batch n+1 is written while n runs and n-1 is read back |
 * | end | `close()` or `using`, in any order; `device.abandon()` where a device no longer answers |
 * | VNx's shell | `new VnxNetwork(device.ip("networklayer"))`, `new VnxPort(device.ip("cmac_0"))` |
 * | file | `readXclbin(bytes)`, `writeXclbin(draft)` |
 *
 * What ends in `Now` keeps this thread; what returns a promise runs on another one and has a timeout. The
 * library is opened by the first `XrtDevice.open`, from ONPATH_XRT_LIBRARY or the usual places.
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

export * from "./argument.ts";
export * from "./buffer.ts";
export * from "./card_device.ts";
export * from "./card_kernel.ts";
export * from "./card_packets.ts";
export * from "./card_tables.ts";
export * from "./device.ts";
export * from "./devices.ts";
export * from "./environment.ts";
export * from "./failures.ts";
export * from "./ip.ts";
export * from "./kernel.ts";
export * from "./library.ts";
export * from "./native.ts";
export * from "./overlap.ts";
export * from "./registers.ts";
export * from "./ring.ts";
export * from "./run.ts";
export * from "./symbols.ts";
export * from "./vnx/address.ts";
export * from "./vnx/cmac.ts";
export * from "./vnx/map.ts";
export * from "./vnx/network.ts";
export * from "./vnx/words.ts";
export * from "./xclbin.ts";
export * from "./xclbin_format.ts";
export * from "./xclbin_read.ts";
export * from "./xclbin_write.ts";
export * from "./xclbin_xml.ts";
