/**
 * IP packets between hosts: destination, protocol, and a changed bit behind a right checksum.
 *
 * @module
 */

/** Numbers of protocols in IP headers. */
export const TCP = 6, UDP = 17;

/** What routes a packet. */
export interface Route {
  /** Destination as hexadecimal digits. */
  readonly to: string;
  /** Protocol of the payload. */
  readonly protocol: number;
  /** Offset of the payload. */
  readonly payload: number;
}

/** Reads the header of an IPv4 or IPv6 packet; undefined if it is truncated or of another version. */
export function readRoute(bytes: Uint8Array): Route | undefined {
  const version = bytes[0]! >> 4;
  if (version === 4 && bytes.length >= 20) {
    return { to: hex(bytes.subarray(16, 20)), protocol: bytes[9]!, payload: 4 * (bytes[0]! & 15) };
  }
  if (version === 6 && bytes.length >= 40) {
    return { to: hex(bytes.subarray(24, 40)), protocol: bytes[6]!, payload: 40 };
  }
  return undefined;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** An address as {@linkcode readRoute} returns it. IPv6 addresses are in the form `prefix::last`. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return hex(Uint8Array.from(address.split("."), Number));
  const [head, tail] = address.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups = [...head!, ...Array<string>(8 - head!.length - tail!.length).fill("0"), ...tail!];
  return groups.map((group) => group.padStart(4, "0")).join("");
}

/**
 * Changes one bit behind the header of UDP or TCP. The checksum of UDP is made right again, so that only the checks of
 * the packet inside can notice; that of TCP stays wrong, so that the kernel drops the segment.
 *
 * @param bytes Packet; changed.
 * @param place Place of the bit, from 0 to 1, exclusive.
 */
export function corruptPayload(bytes: Uint8Array, place: number): void {
  const route = readRoute(bytes);
  if (route === undefined) return;
  const start = route.payload + (route.protocol === UDP ? 8 : 20);
  const bits = 8 * (bytes.length - start);
  if (bits <= 0) return;
  const bit = Math.floor(place * bits), at = start + (bit >> 3);
  const word = at - ((at - route.payload) & 1);
  const read = (offset: number) => bytes[offset]! << 8 | (bytes[offset + 1] ?? 0);
  const before = read(word);
  bytes[at]! ^= 1 << (bit & 7);
  if (route.protocol !== UDP) return;
  // RFC 1624: a changed word changes the one's complement sum by its difference.
  const checksum = route.payload + 6;
  let sum = (~read(checksum) & 0xffff) + (~before & 0xffff) + read(word);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  const repaired = (~sum & 0xffff) || 0xffff;
  bytes[checksum] = repaired >> 8;
  bytes[checksum + 1] = repaired & 255;
}
