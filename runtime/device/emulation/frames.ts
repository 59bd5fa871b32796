/**
 * Frames on the emulation's socket: length, call number (requests only), and message.
 *
 * | bytes of a request | | bytes of a response | |
 * |---|---|---|---|
 * | 0 | 0x09 | 0 | 0x09 |
 * | 1-8 | bytes of the message, u64 | 1-8 | bytes of the message, u64 |
 * | 9 | 0x15 | 9- | the message |
 * | 10-13 | the call number, u32 | | |
 * | 14- | the message | | |
 *
 * 0x09 and 0x15 are protobuf tags: field 1 of 64 bits, field 2 of 32 bits. All numbers are little-endian.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** Bytes in front of the message, by kind of frame. */
export const FRAME_HEADER = { request: 14, response: 9 } as const;

/** Maximum bytes of a message. XRT transfers at most 8 MiB at once. */
export const MAX_MESSAGE = 2 ** 25;

const MARK = { size: 0x09, call: 0x15 } as const;

/** A complete frame. */
export interface Frame {
  /** Call number; −1 for a response. */
  readonly call: number;
  /** Header and message. The view is valid until the reader receives its next piece. */
  readonly whole: Uint8Array<ArrayBuffer>;
  /** Message, a view of {@linkcode Frame.whole}. */
  readonly message: Uint8Array<ArrayBuffer>;
}

/**
 * Makes a reader that assembles frames from the pieces of a socket.
 *
 * @param kind Kind of the frames.
 * @returns Function that receives a piece and yields the frames that are complete. Process each frame before the next
 * one is requested.
 */
export function createFrameReader(
  kind: keyof typeof FRAME_HEADER,
): (piece: Uint8Array) => Generator<Frame> {
  const header = FRAME_HEADER[kind];
  let buffer = new Uint8Array(2 ** 16);
  let first = 0;
  let end = 0;
  const reserve = (length: number) => {
    if (buffer.length - end >= length) return;
    const held = end - first;
    if (held + length <= buffer.length) buffer.copyWithin(0, first, end);
    else {
      const larger = new Uint8Array(Math.max(2 * buffer.length, held + length));
      larger.set(buffer.subarray(first, end));
      buffer = larger;
    }
    [first, end] = [0, held];
  };
  return function* (piece) {
    reserve(piece.length);
    buffer.set(piece, end);
    end += piece.length;
    while (end - first >= header) {
      const { size, call } = readHeader(buffer, first, kind);
      const whole = header + size;
      if (end - first < whole) return;
      const at = first;
      first += whole;
      yield {
        call,
        whole: buffer.subarray(at, at + whole),
        message: buffer.subarray(at + header, at + whole),
      };
    }
  };
}

function readHeader(bytes: Uint8Array<ArrayBuffer>, at: number, kind: keyof typeof FRAME_HEADER) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const size = view.getUint32(1, true) + 2 ** 32 * view.getUint32(5, true);
  const marked = bytes[at] === MARK.size && (kind === "response" || bytes[at + 9] === MARK.call);
  if (!marked || size > MAX_MESSAGE) {
    throw new OnpathError(
      "packet",
      `Cannot read a ${kind} of XRT: ` +
        (marked ? `it has ${size} bytes, expected at most ${MAX_MESSAGE}` : "its first bytes are invalid"),
      { size, most: MAX_MESSAGE },
    );
  }
  return { size, call: kind === "request" ? view.getUint32(10, true) : -1 };
}

/**
 * Makes the frame of a response.
 *
 * @param message Response message in protobuf.
 */
export function responseFrame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER.response + message.length);
  frame[0] = MARK.size;
  new DataView(frame.buffer).setUint32(1, message.length, true);
  frame.set(message, FRAME_HEADER.response);
  return frame;
}

/**
 * Makes the frame of a request, as XRT sends it.
 *
 * @param call Call number.
 * @param message Request message in protobuf.
 */
export function requestFrame(call: number, message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER.request + message.length);
  const view = new DataView(frame.buffer);
  frame[0] = MARK.size;
  view.setUint32(1, message.length, true);
  frame[9] = MARK.call;
  view.setUint32(10, call, true);
  frame.set(message, FRAME_HEADER.request);
  return frame;
}
