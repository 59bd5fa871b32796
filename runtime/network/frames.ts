/**
 * Frames of the control channel: a length of 4 bytes, little-endian, and that number of bytes of MessagePack.
 *
 * @module
 */

import { decode, encode } from "@msgpack/msgpack";
import { checkForm } from "../../kernels/plan/form.ts";
import { OnpathError } from "../../serialize/errors.ts";

/** Maximum bytes of a frame: a plan of 1 MiB and its envelope, or the scales of a cache. */
export const MAX_FRAME_BYTES: number = 2 ** 22;

/** Maximum length of a text, list or map in a frame. */
const MAX_ITEMS = 65_536;

/** Maximum depth of nested lists and maps. */
const MAX_DEPTH = 16;

/** Bytes of a frame's length. */
const LENGTH_BYTES = 4;

/**
 * Encodes a message.
 *
 * @throws {OnpathError} `size` if the frame would exceed {@linkcode MAX_FRAME_BYTES}.
 */
export function encodeFrame(message: unknown): Uint8Array<ArrayBuffer> {
  const body = encode(message, { maxDepth: MAX_DEPTH });
  if (body.length > MAX_FRAME_BYTES) {
    throw new OnpathError(
      "size",
      `Cannot send a control message of ${body.length} bytes: the maximum is ${MAX_FRAME_BYTES}`,
      { bytes: body.length, most: MAX_FRAME_BYTES },
    );
  }
  const frame = new Uint8Array(LENGTH_BYTES + body.length);
  new DataView(frame.buffer).setUint32(0, body.length, true);
  frame.set(body, LENGTH_BYTES);
  return frame;
}

/** Reads frames from the bytes of a stream. */
export class FrameReader {
  /** Maximum bytes of a frame. */
  maxBytes: number;
  #held: Uint8Array[] = [];
  #bytes = 0;

  /**
   * Makes a reader at the start of a stream.
   *
   * @param maxBytes Maximum bytes of a frame, at most {@linkcode MAX_FRAME_BYTES}.
   */
  constructor(maxBytes: number = MAX_FRAME_BYTES) {
    this.maxBytes = maxBytes;
  }

  /** Whether bytes of an incomplete frame are held. */
  get isWithinFrame(): boolean {
    return this.#bytes > 0;
  }

  /**
   * Takes bytes of the stream.
   *
   * @param chunk Bytes; their memory must not change afterwards.
   * @returns Messages that are complete now.
   * @throws {OnpathError} `packet` if a frame is too long or no MessagePack. The stream is unusable afterwards.
   */
  take(chunk: Uint8Array): unknown[] {
    this.#held.push(chunk);
    this.#bytes += chunk.length;
    const messages: unknown[] = [];
    while (this.#bytes >= LENGTH_BYTES) {
      const head = this.#join();
      const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
      if (length > this.maxBytes) {
        throw new OnpathError(
          "packet",
          `Cannot read a control message of ${length} bytes: the maximum is ${this.maxBytes}`,
          { bytes: length, most: this.maxBytes },
        );
      }
      if (this.#bytes < LENGTH_BYTES + length) {
        this.#needed = LENGTH_BYTES + length;
        break;
      }
      messages.push(decodeBody(head.subarray(LENGTH_BYTES, LENGTH_BYTES + length)));
      const rest = head.subarray(LENGTH_BYTES + length);
      this.#held = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
      this.#needed = LENGTH_BYTES;
    }
    return messages;
  }
  #needed = LENGTH_BYTES;

  /** Joins the held chunks once a frame may be complete; before that, its first bytes suffice. */
  #join(): Uint8Array {
    const [first] = this.#held;
    if (this.#held.length === 1 || (this.#bytes < this.#needed && first!.length >= LENGTH_BYTES)) {
      return first!;
    }
    const joined = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#held) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#held = [joined];
    return joined;
  }
}

function decodeBody(body: Uint8Array): unknown {
  try {
    checkForm(body, { binary: true });
    return decode(body, {
      maxStrLength: MAX_ITEMS,
      maxArrayLength: MAX_ITEMS,
      maxMapLength: MAX_ITEMS,
      maxBinLength: MAX_FRAME_BYTES,
      maxExtLength: 0,
    });
  } catch (cause) {
    throw new OnpathError(
      "packet",
      `Cannot read a control message: ${(cause as Error).message}`,
      { bytes: body.length },
      { cause },
    );
  }
}
