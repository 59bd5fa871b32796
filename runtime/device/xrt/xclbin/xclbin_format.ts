/**
 * The numbers of the xclbin container, from the public header `xrt/detail/xclbin.h`. All fields are
 * little-endian.
 *
 * @module
 */

/** Sections by their number (`enum axlf_section_kind`). */
export const SECTION_KINDS = [
  "BITSTREAM",
  "CLEARING_BITSTREAM",
  "EMBEDDED_METADATA",
  "FIRMWARE",
  "DEBUG_DATA",
  "SCHED_FIRMWARE",
  "MEM_TOPOLOGY",
  "CONNECTIVITY",
  "IP_LAYOUT",
  "DEBUG_IP_LAYOUT",
  "DESIGN_CHECK_POINT",
  "CLOCK_FREQ_TOPOLOGY",
  "MCS",
  "BMC",
  "BUILD_METADATA",
  "KEYVALUE_METADATA",
  "USER_METADATA",
  "DNA_CERTIFICATE",
  "PDI",
  "BITSTREAM_PARTIAL_PDI",
  "PARTITION_METADATA",
  "EMULATION_DATA",
  "SYSTEM_METADATA",
  "SOFT_KERNEL",
  "ASK_FLASH",
  "AIE_METADATA",
  "ASK_GROUP_TOPOLOGY",
  "ASK_GROUP_CONNECTIVITY",
  "SMARTNIC",
  "AIE_RESOURCES",
  "OVERLAY",
  "VENDER_METADATA",
  "AIE_PARTITION",
  "IP_METADATA",
  "AIE_RESOURCES_BIN",
  "AIE_TRACE_METADATA",
  "DTBO",
] as const;

/** The name of a section. */
export type SectionKind = (typeof SECTION_KINDS)[number];

/** What an xclbin is for, by number (`enum XCLBIN_MODE`). */
export const XCLBIN_MODES = [
  "FLAT",
  "PR",
  "TANDEM_STAGE2",
  "TANDEM_STAGE2_WITH_PR",
  "HW_EMU",
  "SW_EMU",
  "HW_EMU_PR",
] as const;

/** The name of a mode. */
export type XclbinMode = (typeof XCLBIN_MODES)[number];

/** Kinds of memory by number (`enum MEM_TYPE`). */
export const MEMORY_TYPES = [
  "DDR3",
  "DDR4",
  "DRAM",
  "STREAMING",
  "PREALLOCATED_GLOB",
  "ARE",
  "HBM",
  "BRAM",
  "URAM",
  "STREAMING_CONNECTION",
  "HOST",
  "PS_KERNEL",
] as const;

/** The name of a kind of memory. */
export type MemoryType = (typeof MEMORY_TYPES)[number];

/** How a kernel is started, by number (`enum IP_CONTROL`); bits 15:8 of its properties. */
export const IP_CONTROLS = [
  "AP_CTRL_HS",
  "AP_CTRL_CHAIN",
  "AP_CTRL_NONE",
  "AP_CTRL_ME",
  "ACCEL_ADAPTER",
  "FAST_ADAPTER",
] as const;

/** The name of a protocol of starting. */
export type IpControl = (typeof IP_CONTROLS)[number];

/** Kinds of clocks by number (`enum CLOCK_TYPE`). */
export const CLOCK_TYPES = ["UNUSED", "DATA", "KERNEL", "SYSTEM"] as const;

/** The name of a kind of clock. */
export type ClockType = (typeof CLOCK_TYPES)[number];

/** Where things stand, in bytes: `struct axlf`, its header and what its sections hold. */
export const AXLF = {
  magic: "xclbin2\0",
  /** int32_t: -1, or the length of a signature. */
  signatureLength: 8,
  /** 28 reserved bytes of 0xff. */
  reserved: 12,
  /** uint64_t m_uniqueId. */
  uniqueId: 296,
  /** uint64_t m_length: the file's bytes. */
  length: 304,
  /** uint64_t: seconds since 1970. */
  timeStamp: 312,
  /** uint16_t patch, uint8_t major, uint8_t minor. */
  version: 328,
  /** uint16_t m_mode. */
  mode: 332,
  /** char[64] m_platformVBNV. */
  platform: 352,
  /** 16 bytes. */
  uuid: 416,
  /** uint32_t m_numSections. */
  numSections: 448,
  /** Section headers begin here. */
  sections: 456,
  /** Bytes of a section header: kind u32, name char[16], 4 of padding, offset u64, size u64. */
  sectionBytes: 40,
  /** Entries of MEM_TOPOLOGY: int32_t count, entries of 40 bytes from byte 8 on. */
  memory: { first: 8, bytes: 40 },
  /** Entries of IP_LAYOUT: int32_t count, entries of 80 bytes from byte 8 on. */
  ip: { first: 8, bytes: 80 },
  /** Entries of CONNECTIVITY: int32_t count, entries of 12 bytes from byte 4 on. */
  connection: { first: 4, bytes: 12 },
  /** Entries of CLOCK_FREQ_TOPOLOGY: int16_t count, entries of 136 bytes from byte 2 on. */
  clock: { first: 2, bytes: 136 },
} as const;

/** Limits of what is read; a file beyond them is refused. */
export const XCLBIN_LIMITS = {
  /** Bytes of a file (2 GiB): those of the largest card are about 100 MB. */
  bytes: 2 ** 31,
  /** Sections (`XCLBIN_MAX_NUM_SECTION`). */
  sections: 0x10000,
  /** Memories, kernels' instances, connections or clocks in a section. */
  entries: 65_536,
  /** Bytes of the XML of the kernels. */
  xml: 2 ** 24,
  /** Elements in it. */
  elements: 200_000,
} as const;
