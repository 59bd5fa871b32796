/**
 * Constants of the xclbin container, from the public header `xrt/detail/xclbin.h`. All fields are
 * little-endian.
 *
 * @module
 */

/** Names of section kinds, indexed by `enum axlf_section_kind`. */
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

/** Name of a section kind. */
export type SectionKind = (typeof SECTION_KINDS)[number];

/** Names of modes, indexed by `enum XCLBIN_MODE`. A mode is the target: a card or an emulation. */
export const XCLBIN_MODES = [
  "FLAT",
  "PR",
  "TANDEM_STAGE2",
  "TANDEM_STAGE2_WITH_PR",
  "HW_EMU",
  "SW_EMU",
  "HW_EMU_PR",
] as const;

/** Name of a mode. */
export type XclbinMode = (typeof XCLBIN_MODES)[number];

/** Names of memory types, indexed by `enum MEM_TYPE`. */
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

/** Name of a memory type. */
export type MemoryType = (typeof MEMORY_TYPES)[number];

/** Names of start protocols, indexed by `enum IP_CONTROL`: bits 15:8 of an instance's properties. */
export const IP_CONTROLS = [
  "AP_CTRL_HS",
  "AP_CTRL_CHAIN",
  "AP_CTRL_NONE",
  "AP_CTRL_ME",
  "ACCEL_ADAPTER",
  "FAST_ADAPTER",
] as const;

/** Name of a start protocol. */
export type IpControl = (typeof IP_CONTROLS)[number];

/** Names of clock types, indexed by `enum CLOCK_TYPE`. */
export const CLOCK_TYPES = ["UNUSED", "DATA", "KERNEL", "SYSTEM"] as const;

/** Name of a clock type. */
export type ClockType = (typeof CLOCK_TYPES)[number];

/** Byte offsets in `struct axlf`, and layouts of its section headers and of the sections with entries. */
export const AXLF = {
  magic: "xclbin2\0",
  /** int32_t: length of the signature in bytes, -1 without one. */
  signatureLength: 8,
  /** 28 reserved bytes of 0xff. */
  reserved: 12,
  /** uint64_t m_uniqueId. */
  uniqueId: 296,
  /** uint64_t m_length: size of the file in bytes. */
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
  /** First section header. */
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

/** Limits of the reader, which refuses a larger file. */
export const XCLBIN_LIMITS = {
  /** Maximum bytes of a file (2 GiB). Files for the largest cards have about 100 MB. */
  bytes: 2 ** 31,
  /** Maximum sections (`XCLBIN_MAX_NUM_SECTION`). */
  sections: 0x10000,
  /** Maximum entries of a section: memories, instances, connections or clocks. */
  entries: 65_536,
  /** Maximum length of the kernels' XML, in characters. */
  xml: 2 ** 24,
  /** Maximum elements in the kernels' XML. */
  elements: 200_000,
} as const;
