/**
 * AMD's XRT from TypeScript: the C interface of libxrt_coreutil through Deno's or Node's (koffi) foreign
 * function interface, for cards and for their emulation.
 *
 * | what | how |
 * |---|---|
 * | open | `using device = await XrtDevice.open({ index: 0 })` |
 * | load | `await device.load("nic.xclbin")`: checked, then loaded; returns what it says about itself |
 * | kernel | `device.kernel("onpath_image", { exclusive: true })`: arguments, registers |
 * | buffer | `await device.allocate({ bytes, group: kernel.group("from") })`, `await device.wrap(memory)` |
 * | use it | `buffer.map()`, `await buffer.sync("toDevice")`, `buffer.part(bytes, offset)`, `buffer.address` |
 * | run | `run = kernel.run()`, `run.set("from", buffer)`, `run.startNow()`, `await run.wait({ timeoutMs })` |
 * | end | `close()` or `using`, in any order; `device.abandon()` where a device no longer answers |
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
export * from "./device.ts";
export * from "./environment.ts";
export * from "./failures.ts";
export * from "./kernel.ts";
export * from "./library.ts";
export * from "./native.ts";
export * from "./run.ts";
export * from "./symbols.ts";
export * from "./xclbin.ts";
export * from "./xclbin_format.ts";
export * from "./xclbin_read.ts";
export * from "./xclbin_write.ts";
