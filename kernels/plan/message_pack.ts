/**
 * Reads MessagePack whose form was checked by {@linkcode checkForm}: numbers, texts, booleans, null, lists and maps of
 * texts. It is a tenth of a general decoder, which matters in a browser.
 *
 * @module
 */

import { checkForm } from "./form.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads a value.
 *
 * @param bytes MessagePack.
 * @returns Plain data; integers of 64 bits become numbers.
 * @throws {RangeError} If the form is invalid, bytes follow the value, or a key of a map is no text or `__proto__`.
 */
export function readMessagePack(bytes: Uint8Array): unknown {
  checkForm(bytes, { longLists: true });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const step = (by: number) => (at += by) - by;
  const text = (length: number) => {
    const from = step(length);
    return utf8.decode(bytes.subarray(from, at));
  };
  const list = (length: number) => {
    const items: unknown[] = [];
    while (items.length < length) items.push(read());
    return items;
  };
  const map = (length: number) => {
    const fields: Record<string, unknown> = {};
    for (; length > 0; length--) {
      const key = read();
      if (typeof key !== "string" || key === "__proto__") {
        throw new RangeError(`a key of a map is ${String(key)}`);
      }
      fields[key] = read();
    }
    return fields;
  };
  const read = (): unknown => {
    const head = view.getUint8(step(1));
    if (head < 0x80) return head;
    if (head < 0x90) return map(head & 15);
    if (head < 0xa0) return list(head & 15);
    if (head < 0xc0) return text(head & 31);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return view.getFloat32(step(4));
      case 0xcb:
        return view.getFloat64(step(8));
      case 0xcc:
        return view.getUint8(step(1));
      case 0xcd:
        return view.getUint16(step(2));
      case 0xce:
        return view.getUint32(step(4));
      case 0xcf:
        return Number(view.getBigUint64(step(8)));
      case 0xd0:
        return view.getInt8(step(1));
      case 0xd1:
        return view.getInt16(step(2));
      case 0xd2:
        return view.getInt32(step(4));
      case 0xd3:
        return Number(view.getBigInt64(step(8)));
      case 0xd9:
        return text(view.getUint8(step(1)));
      case 0xda:
        return text(view.getUint16(step(2)));
      case 0xdb:
        return text(view.getUint32(step(4)));
      case 0xdc:
        return list(view.getUint16(step(2)));
      case 0xdd:
        return list(view.getUint32(step(4)));
      case 0xde:
        return map(view.getUint16(step(2)));
    }
    throw new RangeError(`byte 0x${head.toString(16)} at ${at - 1} is of an unsupported type`);
  };
  const value = read();
  if (at < bytes.length) throw new RangeError(`${bytes.length - at} bytes follow the value`);
  return value;
}
