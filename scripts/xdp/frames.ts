/**
 * Ethernet frames with a UDP datagram, written and checked without the XDP program's own code.
 *
 * @module
 */

/** Addresses of a datagram. */
export interface FrameAddresses {
  /** Sender: bytes of IPv4 or IPv6. */
  readonly from: Uint8Array;
  /** Receiver, of the same family. */
  readonly to: Uint8Array;
  /** Port of the sender. */
  readonly fromPort: number;
  /** Port of the receiver. */
  readonly toPort: number;
}

/** Ethernet addresses of sender and receiver in frames. */
export const FRAME_MACS: readonly [number[], number[]] = [[2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]];

const ETHERNET = 14;
const UDP = 17;

/** Folds 16-bit words into a sum of one's complement. */
function onesSum(bytes: Uint8Array, start = 0): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += (bytes[at]! << 8) + (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 65536);
  return sum;
}

/** Sum of the pseudo header of UDP. */
function pseudoSum({ from, to }: FrameAddresses, length: number): number {
  return onesSum(to, onesSum(from)) + UDP + length;
}

/**
 * Writes a frame.
 *
 * @param addresses Addresses of the datagram.
 * @param payload Payload of the datagram.
 */
export function writeFrame(addresses: FrameAddresses, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const { from, to, fromPort, toPort } = addresses;
  const isFour = from.length === 4;
  const ip = isFour ? 20 : 40;
  const length = 8 + payload.length;
  const frame = new Uint8Array(ETHERNET + ip + length);
  const view = new DataView(frame.buffer);
  frame.set([...FRAME_MACS[1], ...FRAME_MACS[0]]);
  view.setUint16(12, isFour ? 0x0800 : 0x86dd);
  if (isFour) {
    frame.set([0x45, 0], 14);
    view.setUint16(16, ip + length);
    frame.set([64, UDP], 22);
    frame.set([...from, ...to], 26);
    view.setUint16(24, 0xffff ^ onesSum(frame.subarray(14, 34)));
  } else {
    view.setUint32(14, 0x6000_0000);
    view.setUint16(18, length);
    frame.set([UDP, 64, ...from, ...to], 20);
  }
  const udp = ETHERNET + ip;
  view.setUint16(udp, fromPort);
  view.setUint16(udp + 2, toPort);
  view.setUint16(udp + 4, length);
  frame.set(payload, udp + 8);
  view.setUint16(udp + 6, (0xffff ^ onesSum(frame.subarray(udp), pseudoSum(addresses, length))) || 0xffff);
  return frame;
}

/** A frame as read. */
export interface ReadFrame {
  /** Addresses of the datagram. */
  readonly addresses: FrameAddresses;
  /** Ethernet addresses: receiver, then sender. */
  readonly macs: Uint8Array;
  /** Payload of the datagram: a view of the frame. */
  readonly payload: Uint8Array;
}

/**
 * Reads a frame that ends with its datagram.
 *
 * @returns The datagram, or the name of what is wrong.
 */
export function readFrame(frame: Uint8Array): ReadFrame | string {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const type = view.getUint16(12);
  if (type !== 0x0800 && type !== 0x86dd) return "type";
  const isFour = type === 0x0800;
  const ip = isFour ? 20 : 40;
  const bytes = frame.length - ETHERNET - ip;
  if (bytes < 8) return "short";
  if (isFour) {
    if (view.getUint8(14) !== 0x45 || (view.getUint16(20) & 0x3fff) !== 0 || view.getUint8(23) !== UDP) {
      return "IPv4";
    }
    if (view.getUint16(16) !== ip + bytes) return "IPv4 length";
    if (onesSum(frame.subarray(14, 34)) !== 0xffff) return "IPv4 checksum";
  } else {
    if (view.getUint8(14) >> 4 !== 6 || view.getUint8(20) !== UDP) return "IPv6";
    if (view.getUint16(18) !== bytes) return "IPv6 length";
  }
  const [from, to] = isFour
    ? [frame.subarray(26, 30), frame.subarray(30, 34)]
    : [frame.subarray(22, 38), frame.subarray(38, 54)];
  const udp = ETHERNET + ip;
  const addresses = { from, to, fromPort: view.getUint16(udp), toPort: view.getUint16(udp + 2) };
  if (view.getUint16(udp + 4) !== bytes) return "UDP length";
  const hasSum = view.getUint16(udp + 6) !== 0;
  if (!hasSum && !isFour) return "no UDP checksum";
  if (hasSum && onesSum(frame.subarray(udp), pseudoSum(addresses, bytes)) !== 0xffff) return "UDP checksum";
  return { addresses, macs: frame.subarray(0, 12), payload: frame.subarray(udp + 8) };
}
