/**
 * Registers of AMD's VNx network kernels, by the `template.xml` of NetLayers and Ethernet in
 * xup_vitis_network_example. Offsets are bytes from the kernel's base.
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
  /** Number of sockets in the hardware, at most 63. Read-only. */
  socketCount: 0x0810,
  /** Four tables in sequence: peer IP, peer port, own port, valid. Each has `socketCount` entries of 8 bytes. */
  sockets: 0x0820,
  /** A rising edge of bit 0 sends an ARP request to each address of the subnet. */
  discoverArp: 0x1010,
  /** 256 bytes, one per entry: bit 0 marks a valid entry. */
  arpValid: 0x1100,
  /** 256 words: IP addresses, the first byte in bits 7:0. */
  arpIp: 0x1400,
  /** 256 entries of 8 bytes: MAC addresses, the first byte in bits 7:0. */
  arpMac: 0x1800,
} as const;

/** Number of ARP entries: one per value of an address's last byte. */
export const ARP_ENTRIES = 256;

/** Maximum sockets of a VNx build. */
export const MAX_SOCKETS = 63;

/** Offsets of the probes in `networklayer`: cycles at +0, bytes at +8, packets at +16. */
export const PROBES = {
  /** Frames from the Ethernet port. */
  ethernetIn: 0x0400,
  /** Frames addressed to this card. */
  handledIn: 0x0418,
  arpIn: 0x0430,
  arpOut: 0x0448,
  icmpIn: 0x0460,
  icmpOut: 0x0478,
  /** Frames after their Ethernet header was added. */
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
  /** Bit 0: loopback inside the card. */
  loopback: 0x0090,
  txStatus: 0x0200,
  rxStatus: 0x0204,
  /** Writing 1 copies the counters to their registers and resets them. */
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

/** Offsets of the 64-bit transmit counters. */
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

/** Offsets of the 64-bit receive counters. */
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
