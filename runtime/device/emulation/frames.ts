/**
 * Frames on the emulation's socket: a length, a call's number in requests, and a message.
 *
 * | bytes of a request | | bytes of a response | |
 * |---|---|---|---|
 * | 0 | 0x09 | 0 | 0x09 |
 * | 1-8 | bytes of the message, u64 | 1-8 | bytes of the message, u64 |
 * | 9 | 0x15 | 9- | the message |
 * | 10-13 | the call, u32 | | |
 * | 14- | the message | | |
 *
 * The two marks are tags of protobuf: field 1 with 64 bits, field 2 with 32. All numbers are little-endian.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";

/** Bytes in front of a message. */
export const FRAME_HEADER = { request: 14, response: 9 } as const;

/** A message has at most this many bytes; XRT moves at most 8 MiB at once. */
export const MAX_MESSAGE = 2 ** 25;

const MARK = { size: 0x09, call: 0x15 } as const;

/** A message with the call that it belongs to. */
export interface Frame {
  /** The call; −1 in a response. */
  readonly call: number;
  /** Header and message, a view that holds until the next bytes are taken in. */
  readonly whole: Uint8Array<ArrayBuffer>;
  /** The message, a view of it. */
  readonly message: Uint8Array<ArrayBuffer>;
}

/**
 * Puts frames together from the pieces that a socket gives.
 *
 * @param kind Which frames come.
 * @returns What takes a piece in and gives the frames that are whole now, one after another: the next one
 * is to be asked for when the one before is done with.
 */
export function createFrameReader(
  kind: keyof typeof FRAME_HEADER,
): (piece: Uint8Array) => Generator<Frame> {
  const header = FRAME_HEADER[kind];
  let buffer = new Uint8Array(2 ** 16);
  let first = 0;
  let end = 0;
  const makeRoom = (length: number) => {
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
    makeRoom(piece.length);
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
        (marked ? `it has ${size} bytes, at most ${MAX_MESSAGE} are taken` : "it does not begin as one"),
      { size, most: MAX_MESSAGE },
    );
  }
  return { size, call: kind === "request" ? view.getUint32(10, true) : -1 };
}

/**
 * Makes a response.
 *
 * @param message Its message.
 */
export function responseFrame(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER.response + message.length);
  frame[0] = MARK.size;
  new DataView(frame.buffer).setUint32(1, message.length, true);
  frame.set(message, FRAME_HEADER.response);
  return frame;
}

/**
 * Makes a request, as XRT does.
 *
 * @param call The call's number.
 * @param message Its message.
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
