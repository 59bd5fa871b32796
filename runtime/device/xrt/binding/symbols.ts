/**
 * C interface of libxrt_coreutil, as data. The interface is stable since XRT 2.13; functions that some
 * versions lack are optional.
 *
 * Handles are `void*`; `xrtBufferFlags` is `uint64_t`, `xrtMemoryGroup` is `uint32_t`, `xuid_t` is
 * `unsigned char[16]`, `enum ert_cmd_state` is `int`. A function with varargs has one entry for each argument
 * type. On x86-64 and AArch64 Linux, integer and pointer varargs are passed in the same registers as fixed
 * arguments.
 *
 * @module
 */

import type { SymbolTable } from "./native.ts";

/** Bound functions of libxrt_coreutil, grouped by header. */
export const XRT_SYMBOLS = {
  // xrt_device.h
  xrtDeviceOpen: { parameters: ["u32" /* unsigned int index */], result: "pointer" },
  xrtDeviceOpenByBDF: { parameters: ["buffer" /* const char* bdf */], result: "pointer" },
  xrtDeviceClose: { parameters: ["pointer" /* xrtDeviceHandle */], result: "i32" },
  xrtDeviceLoadXclbin: { parameters: ["pointer", "buffer" /* const struct axlf* */], result: "i32" },
  xrtDeviceLoadXclbinFile: { parameters: ["pointer", "buffer" /* const char* path */], result: "i32" },
  xrtDeviceLoadXclbinHandle: { parameters: ["pointer", "pointer" /* xrtXclbinHandle */], result: "i32" },
  xrtDeviceLoadXclbinUUID: { parameters: ["pointer", "buffer" /* const xuid_t */], result: "i32" },
  xrtDeviceGetXclbinUUID: { parameters: ["pointer", "buffer" /* xuid_t out */], result: "i32" },
  xrtDeviceToXclDevice: { parameters: ["pointer"], result: "pointer" /* xclDeviceHandle */ },

  // xrt_xclbin.h
  xrtXclbinAllocFilename: { parameters: ["buffer" /* const char* path */], result: "pointer" },
  xrtXclbinAllocRawData: {
    parameters: ["buffer", /* const char* */ "i32" /* int size */],
    result: "pointer",
  },
  xrtXclbinFreeHandle: { parameters: ["pointer" /* xrtXclbinHandle */], result: "i32" },
  xrtXclbinGetXSAName: {
    parameters: ["pointer", "buffer", /* char* name */ "i32", /* int size */ "buffer" /* int* ret_size */],
    result: "i32",
  },
  xrtXclbinGetUUID: { parameters: ["pointer", "buffer" /* xuid_t out */], result: "i32" },
  xrtXclbinGetNumKernels: { parameters: ["pointer"], result: "usize" },
  xrtXclbinGetNumKernelComputeUnits: { parameters: ["pointer"], result: "usize" },
  xrtXclbinGetData: {
    parameters: ["pointer", "buffer", /* char* data */ "i32", /* int size */ "buffer" /* int* ret_size */],
    result: "i32",
  },

  // xrt_bo.h
  xrtBOAlloc: {
    parameters: ["pointer", /* xrtDeviceHandle */ "usize", /* size */ "u64", /* flags */ "u32" /* group */],
    result: "pointer",
  },
  xrtBOAllocUserPtr: {
    parameters: ["pointer", /* device */ "pointer", /* void* userptr */ "usize", "u64", "u32"],
    result: "pointer",
  },
  xrtBOSubAlloc: {
    parameters: ["pointer", /* parent */ "usize", /* size */ "usize" /* offset */],
    result: "pointer",
  },
  xrtBOExport: { parameters: ["pointer"], result: "i32" /* xclBufferExportHandle, a file descriptor */ },
  xrtBOImport: { parameters: ["pointer", /* device */ "i32" /* xclBufferExportHandle */], result: "pointer" },
  xrtBOFree: { parameters: ["pointer" /* xrtBufferHandle */], result: "i32" },
  xrtBOSize: { parameters: ["pointer"], result: "usize" },
  xrtBOAddress: { parameters: ["pointer"], result: "u64" },
  xrtBOMap: { parameters: ["pointer"], result: "pointer" /* void* */ },
  xrtBOSync: {
    parameters: ["pointer", "i32", /* enum xclBOSyncDirection */ "usize", /* size */ "usize" /* offset */],
    result: "i32",
  },
  xrtBOWrite: {
    parameters: ["pointer", "buffer", /* const void* */ "usize", /* size */ "usize" /* seek */],
    result: "i32",
  },
  xrtBORead: {
    parameters: ["pointer", "buffer", /* void* */ "usize", /* size */ "usize" /* skip */],
    result: "i32",
  },
  xrtBOCopy: {
    parameters: [
      "pointer", /* dst */
      "pointer", /* src */
      "usize", /* size */
      "usize", /* dst */
      "usize", /* src */
    ],
    result: "i32",
  },

  // xrt_kernel.h
  xrtPLKernelOpen: {
    parameters: ["pointer", /* device */ "buffer", /* const xuid_t */ "buffer" /* const char* name */],
    result: "pointer",
  },
  xrtPLKernelOpenExclusive: { parameters: ["pointer", "buffer", "buffer"], result: "pointer" },
  xrtKernelClose: { parameters: ["pointer" /* xrtKernelHandle */], result: "i32" },
  xrtKernelArgGroupId: { parameters: ["pointer", "i32" /* int argno */], result: "i32" },
  xrtKernelArgOffset: { parameters: ["pointer", "i32" /* int argno */], result: "u32" },
  xrtKernelReadRegister: {
    parameters: ["pointer", "u32", /* offset */ "buffer" /* uint32_t* */],
    result: "i32",
  },
  xrtKernelWriteRegister: { parameters: ["pointer", "u32", /* offset */ "u32" /* data */], result: "i32" },
  xrtRunOpen: { parameters: ["pointer" /* xrtKernelHandle */], result: "pointer" },
  xrtRunStart: { parameters: ["pointer" /* xrtRunHandle */], result: "i32" },
  xrtRunWait: { parameters: ["pointer"], result: "i32" /* enum ert_cmd_state */ },
  xrtRunWaitFor: { parameters: ["pointer", "u32" /* unsigned int milliseconds */], result: "i32" },
  xrtRunState: { parameters: ["pointer"], result: "i32" },
  xrtRunSetCallback: {
    parameters: [
      "pointer",
      "i32", /* enum ert_cmd_state */
      "pointer", /* function */
      "pointer", /* void* data */
    ],
    result: "i32",
  },
  xrtRunClose: { parameters: ["pointer"], result: "i32" },

  // Arguments of a run. xrtRunSetArgV has no varargs: (xrtRunHandle, int index, const void* value, size_t bytes).
  // No header declares xrtRunSetArgV. With C++ linkage, its mangled name is the same on every Linux.
  xrtRunSetArgV: { parameters: ["pointer", "i32", "buffer", "usize"], result: "i32", optional: true },
  xrtRunSetArgVMangled: {
    name: "_Z13xrtRunSetArgVPviPKvm",
    parameters: ["pointer", "i32", "buffer", "usize"],
    result: "i32",
    optional: true,
  },
  xrtRunSetArgPointer: { name: "xrtRunSetArg", parameters: ["pointer", "i32", "pointer"], result: "i32" },
  xrtRunSetArgU32: { name: "xrtRunSetArg", parameters: ["pointer", "i32", "u32"], result: "i32" },
  xrtRunSetArgU64: { name: "xrtRunSetArg", parameters: ["pointer", "i32", "u64"], result: "i32" },
  // C promotes a float among varargs to double. Works on x86-64 only, where AL counts the vector registers.
  xrtRunSetArgF64: { name: "xrtRunSetArg", parameters: ["pointer", "i32", "f64"], result: "i32" },
  // Changes an argument of a run in flight; on edge devices only.
  xrtRunUpdateArgPointer: {
    name: "xrtRunUpdateArg",
    parameters: ["pointer", "i32", "pointer"],
    result: "i32",
  },
  xrtRunUpdateArgU64: { name: "xrtRunUpdateArg", parameters: ["pointer", "i32", "u64"], result: "i32" },

  // xrt_ini.h and xrt_profile.h
  xrtIniStringSet: {
    parameters: ["buffer", /* const char* key */ "buffer" /* const char* */],
    result: "i32",
  },
  xrtIniUintSet: { parameters: ["buffer", /* const char* key */ "u32" /* unsigned int */], result: "i32" },
  xrtURStart: {
    parameters: ["u32", /* id */ "buffer", /* const char* label */ "buffer" /* const char* tooltip */],
    result: "void",
    optional: true,
  },
  xrtUREnd: { parameters: ["u32" /* id */], result: "void", optional: true },
  xrtUEMark: { parameters: ["buffer" /* const char* label */], result: "void", optional: true },
} as const satisfies SymbolTable;

/** The type of {@linkcode XRT_SYMBOLS}. */
export type XrtSymbols = typeof XRT_SYMBOLS;

/**
 * Bound functions of the device library (`libxrt_core`, or the library of an emulation), from xrt.h. They
 * access registers of free-running instances (AP_CTRL_NONE), which libxrt_coreutil offers in C++ only
 * (`xrt::ip`).
 */
export const SHIM_SYMBOLS = {
  xclOpenContext: {
    parameters: [
      "pointer", /* xclDeviceHandle */
      "buffer", /* const xuid_t */
      "u32", /* unsigned int ipIndex */
      "u32", /* bool shared */
    ],
    result: "i32",
  },
  xclCloseContext: {
    parameters: ["pointer", "buffer", /* const xuid_t */ "u32" /* ipIndex */],
    result: "i32",
  },
  xclRegRead: {
    parameters: ["pointer", "u32", /* ipIndex */ "u32", /* offset */ "buffer" /* uint32_t* */],
    result: "i32",
  },
  xclRegWrite: {
    parameters: ["pointer", "u32", /* ipIndex */ "u32", /* offset */ "u32" /* data */],
    result: "i32",
  },
} as const satisfies SymbolTable;

/** The type of {@linkcode SHIM_SYMBOLS}. */
export type ShimSymbols = typeof SHIM_SYMBOLS;
