/**
 * Registers of AMD's VNx network kernels, by the `template.xml` of NetLayers and Ethernet in
 * xup_vitis_network_example. Places are bytes from the kernel's base.
 *
 * @module
 */

/** Registers of `networklayer`. A 64-bit register has its lower word first. */
export const NETWORK_REGISTER = {
  /** 48 bits. */
  mac: 0x0010,
  ip: 0x0018,
  gateway: 0x001c,
  mask: 0x0020,
  /** Writing 1 clears all probes. */
  resetProbes: 0x05f0,
  /** How many sockets the hardware has, at most 63; only read. */
  socketCount: 0x0810,
  /** The first of four tables of `socketCount` entries of 8 bytes: their IP, their port, my port, valid. */
  sockets: 0x0820,
  /** A rising edge of bit 0 asks every address of the subnet. */
  discoverArp: 0x1010,
  /** 256 bytes, one an entry: bit 0 says that the entry holds. */
  arpValid: 0x1100,
  /** 256 words: addresses with their first byte lowest. */
  arpIp: 0x1400,
  /** 256 entries of 8 bytes: addresses with their first byte lowest. */
  arpMac: 0x1800,
} as const;

/** Entries of the ARP table: one for every last byte of an address. */
export const ARP_ENTRIES = 256;

/** Most sockets that VNx can be built with. */
export const MAX_SOCKETS = 63;

/** Probes of `networklayer`: where cycles stand; bytes stand 8 behind, packets 16. */
export const PROBES = {
  /** Frames from the Ethernet port. */
  ethernetIn: 0x0400,
  /** Frames that are for this address. */
  handledIn: 0x0418,
  arpIn: 0x0430,
  arpOut: 0x0448,
  icmpIn: 0x0460,
  icmpOut: 0x0478,
  /** Frames after the Ethernet header was put before them. */
  headedOut: 0x0490,
  /** Frames to the Ethernet port. */
  ethernetOut: 0x04a8,
  udpIn: 0x04c0,
  /** Datagrams from the application. */
  applicationOut: 0x04d8,
  udpOut: 0x04f0,
  /** Datagrams to the application. */
  applicationIn: 0x0508,
} as const;

/** Registers of `cmac_0` and `cmac_1`. */
export const CMAC_REGISTER = {
  reset: 0x0004,
  mode: 0x0020,
  /** Major version in bits 15:8, minor in 7:0. */
  version: 0x0024,
  /** Bit 0: what is sent comes back inside the card. */
  loopback: 0x0090,
  txStatus: 0x0200,
  rxStatus: 0x0204,
  /** Writing 1 copies the counters to where they are read. */
  tick: 0x02b0,
  cycles: 0x02b8,
  rsfecIndication: 0x1000,
  rsfecEnable: 0x107c,
} as const;

/** Bits of {@linkcode CMAC_REGISTER} `rxStatus`. */
export const RX_STATUS = {
  link: 0,
  aligned: 1,
  misaligned: 2,
  alignedError: 3,
  highBitErrors: 4,
  remoteFault: 5,
  localFault: 6,
  signalOrderedSets: 14,
} as const;

/** Counters of 64 bits of what is sent. */
export const TX_COUNTERS = {
  packets: 0x0500,
  goodPackets: 0x0508,
  bytes: 0x0510,
  goodBytes: 0x0518,
  packets64: 0x0520,
  packets65to127: 0x0528,
  packets128to255: 0x0530,
  packets256to511: 0x0538,
  packets512to1023: 0x0540,
  packets1024to1518: 0x0548,
  packets1519to1522: 0x0550,
  packets1523to1548: 0x0558,
  packets1549to2047: 0x0560,
  packets2048to4095: 0x0568,
  packets4096to8191: 0x0570,
  packets8192to9215: 0x0578,
  packetsLarge: 0x0580,
  packetsSmall: 0x0588,
  badChecks: 0x05b8,
  pauses: 0x05f0,
  userPauses: 0x05f8,
} as const;

/** Counters of 64 bits of what is received. */
export const RX_COUNTERS = {
  packets: 0x0608,
  goodPackets: 0x0610,
  bytes: 0x0618,
  goodBytes: 0x0620,
  packets64: 0x0628,
  packets65to127: 0x0630,
  packets128to255: 0x0638,
  packets256to511: 0x0640,
  packets512to1023: 0x0648,
  packets1024to1518: 0x0650,
  packets1519to1522: 0x0658,
  packets1523to1548: 0x0660,
  packets1549to2047: 0x0668,
  packets2048to4095: 0x0670,
  packets4096to8191: 0x0678,
  packets8192to9215: 0x0680,
  packetsLarge: 0x0688,
  packetsSmall: 0x0690,
  undersize: 0x0698,
  fragmented: 0x06a0,
  oversize: 0x06a8,
  tooLong: 0x06b0,
  jabber: 0x06b8,
  badChecks: 0x06c0,
  packetsBadChecks: 0x06c8,
  stompedChecks: 0x06d0,
  pauses: 0x06f8,
  userPauses: 0x0700,
} as const;
