/**
 * AMD's XRT from TypeScript: the C interface of libxrt_coreutil, for cards and their emulation. Deno calls it
 * through its own foreign function interface, Node through koffi.
 *
 * | what | how |
 * |---|---|
 * | list | `await listXrtDevices()` |
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

export { BUFFER_KINDS, type BufferKind, DIRECTION, type Direction, XrtBuffer } from "./binding/buffer.ts";
export { type AllocateOptions, type OpenOptions, XrtDevice } from "./binding/device.ts";
export { type ListedDevice, listXrtDevices } from "./binding/devices.ts";
export { RUN_STATES, type RunState } from "./binding/failures.ts";
export { XrtIp } from "./binding/ip.ts";
export { XrtKernel } from "./binding/kernel.ts";
export { libraryPlaces, openXrt, type Xrt, type XrtOptions } from "./binding/library.ts";
export type {
  MaybeNative,
  NativeArguments,
  NativeCalls,
  NativeLibrary,
  NativeSymbol,
  NativeTasks,
  NativeType,
  NativeValues,
  Pointer,
  Provider,
  SymbolTable,
} from "./binding/native.ts";
export { type InFlightSteps, keepInFlight } from "./binding/in_flight.ts";
export type { Registers } from "./binding/registers.ts";
export { type RingSlot, type RingSteps, XrtRing } from "./binding/ring.ts";
export { XrtRun } from "./binding/run.ts";
export type { RunKernel } from "./binding/run_facts.ts";
export { XRT_SYMBOLS, type XrtSymbols } from "./binding/symbols.ts";
export {
  createXrtOffload,
  openXrtOffload,
  XRT_PROFILE,
  type XrtOffloadOptions,
} from "./device/card_device.ts";
export { loadVnxKernel, type NetworkDevice, type VnxKernel } from "./vnx/kernel.ts";
export { createVnxOffload, openVnxOffload, UDP_PROFILE } from "./vnx/device.ts";
export type { VnxAddressing, VnxOffloadOptions } from "./vnx/options.ts";
export { type VnxLink, VnxPort, type VnxPortStatistics } from "./vnx/cmac.ts";
export { PROBES, RX_COUNTERS, RX_STATUS, TX_COUNTERS } from "./vnx/map.ts";
export {
  type VnxAddresses,
  type VnxArpEntry,
  VnxNetwork,
  type VnxProbe,
  type VnxProbeName,
  type VnxSocket,
} from "./vnx/network.ts";
export type {
  Xclbin,
  XclbinArgument,
  XclbinClock,
  XclbinConnection,
  XclbinInstance,
  XclbinKernel,
  XclbinMemory,
  XclbinSection,
} from "./xclbin/xclbin.ts";
export {
  CLOCK_TYPES,
  type ClockType,
  IP_CONTROLS,
  type IpControl,
  MEMORY_TYPES,
  type MemoryType,
  XCLBIN_MODES,
  type XclbinMode,
} from "./xclbin/xclbin_format.ts";
export { readXclbin } from "./xclbin/xclbin_read.ts";
export {
  type ArgumentDraft,
  type KernelDraft,
  writeXclbin,
  type XclbinDraft,
} from "./xclbin/xclbin_write.ts";
