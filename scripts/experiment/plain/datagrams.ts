/**
 * Datagrams of the path without a NIC: raw bytes of inputs, and reports of what has arrived.
 *
 * | data: byte | field                  | report: byte | field                                    |
 * | ---------- | ---------------------- | ------------ | ---------------------------------------- |
 * | 0          | u32 input number       | 0            | u32 input number                         |
 * | 4          | u32 sequence number    | 4            | u32 first datagram that is missing       |
 * | 8          | u32 bytes of the input | 8            | u8 1 once the input was served           |
 * | 12         | payload                | 9            | bitmap of the datagrams behind the first |
 *
 * All numbers are little-endian. The head has the input number, because datagrams of two inputs may be reordered.
 *
 * @module
 */

/** Bytes before the payload of a datagram. */
export const DATA_HEAD = 12;
/** Bytes before the bitmap of a report. */
export const REPORT_HEAD = 9;
/** Maximum bytes of a report's bitmap. */
const MAX_BITMAP = 256;
/** Datagrams after which a receiver reports at once. */
export const REPORT_EVERY = 16;
/** Maximum bytes of an input. */
export const MAX_INPUT_BYTES = 2 ** 28;

/** Report of one input. */
export interface PlainReport {
  /** Input number. */
  readonly input: number;
  /** First datagram that is missing. */
  readonly first: number;
  /** Whether the receiver has computed the result. */
  readonly isServed: boolean;
  /** Bit n is set if datagram `first` + n has arrived. */
  readonly bitmap: Uint8Array;
}

/** Number of datagrams of an input. */
export function datagramCount(inputBytes: number, datagramBytes: number): number {
  return Math.ceil(inputBytes / (datagramBytes - DATA_HEAD));
}

/** Input as datagrams, each at a multiple of `datagramBytes` of one memory. */
export interface CutInput {
  /** Memory of the datagrams. */
  readonly memory: Uint8Array;
  /** Maximum bytes of a datagram. */
  readonly datagramBytes: number;
  /** Number of datagrams. */
  readonly count: number;
  /** Bytes of the last datagram. */
  readonly lastBytes: number;
}

/**
 * Cuts an input into datagrams.
 *
 * @param input Input number.
 * @param bytes Bytes of the input, at least one.
 * @param datagramBytes Maximum bytes of a datagram.
 * @param memory Receives the datagrams.
 */
export function cutInput(
  input: number,
  bytes: Uint8Array,
  datagramBytes: number,
  memory: Uint8Array,
): CutInput {
  const payload = datagramBytes - DATA_HEAD, view = new DataView(memory.buffer, memory.byteOffset);
  const count = datagramCount(bytes.length, datagramBytes);
  for (let sequence = 0, at = 0; sequence < count; sequence++, at += datagramBytes) {
    view.setUint32(at, input, true);
    view.setUint32(at + 4, sequence, true);
    view.setUint32(at + 8, bytes.length, true);
    memory.set(bytes.subarray(sequence * payload, (sequence + 1) * payload), at + DATA_HEAD);
  }
  const lastBytes = DATA_HEAD + bytes.length - (count - 1) * payload;
  return { memory, datagramBytes, count, lastBytes };
}

/** Encodes a report of the datagrams from `first` to before `end`. */
export function encodePlainReport(
  input: number,
  first: number,
  end: number,
  arrived: Uint8Array,
  isServed: boolean,
): Uint8Array {
  const count = Math.max(0, Math.min(8 * MAX_BITMAP, end - first));
  const bytes = new Uint8Array(REPORT_HEAD + Math.ceil(count / 8));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, input, true);
  view.setUint32(4, first, true);
  bytes[8] = isServed ? 1 : 0;
  for (let n = 0; n < count; n++) {
    if (arrived[first + n] === 1) bytes[REPORT_HEAD + (n >> 3)]! |= 1 << (n & 7);
  }
  return bytes;
}

/** Decodes a report; undefined for other datagrams. */
export function decodePlainReport(bytes: Uint8Array): PlainReport | undefined {
  if (bytes.length < REPORT_HEAD || bytes.length > REPORT_HEAD + MAX_BITMAP) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    input: view.getUint32(0, true),
    first: view.getUint32(4, true),
    isServed: bytes[8] === 1,
    bitmap: bytes.subarray(REPORT_HEAD),
  };
}
