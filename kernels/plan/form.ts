/**
 * Check of MessagePack before decoding. The decoder reserves memory for the announced length of a list, so a
 * file of a few KiB could request gigabytes.
 *
 * @module
 */

/** Payload bytes after the type byte of each fixed-size number. */
const NUMBER_BYTES: Readonly<Record<number, number>> = {
  0xca: 4,
  0xcb: 8,
  0xcc: 1,
  0xcd: 2,
  0xce: 4,
  0xcf: 8,
  0xd0: 1,
  0xd1: 2,
  0xd2: 4,
  0xd3: 8,
};

/** Maximum nesting depth of lists and maps. */
export const MAX_FORM_DEPTH = 16;

/**
 * Refuses MessagePack that announces more items than it holds, nests too deeply, or uses unsupported types.
 *
 * @param bytes MessagePack data.
 * @param options With `longLists`, lists of more than 65,535 items are accepted; with `binary`, byte strings.
 * @throws {RangeError} When a byte or length is invalid, or the data ends early.
 */
export function checkForm(
  bytes: Uint8Array,
  options: { readonly longLists?: boolean; readonly binary?: boolean } = {},
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const open: number[] = [];
  let at = 0;
  do {
    const head = view.getUint8(at++);
    let items = 0;
    let length = 0;
    if (head >= 0x80 && head < 0x90) items = 2 * (head & 15);
    else if (head >= 0x90 && head < 0xa0) items = head & 15;
    else if (head >= 0xa0 && head < 0xc0) length = head & 31;
    else if (head === 0xd9) length = view.getUint8(at++);
    else if (head === 0xda) (length = view.getUint16(at), at += 2);
    else if (head === 0xdb) (length = view.getUint32(at), at += 4);
    else if (head === 0xdc || head === 0xde) (items = view.getUint16(at) * (head === 0xde ? 2 : 1), at += 2);
    else if (head === 0xc4 && options.binary === true) length = view.getUint8(at++);
    else if (head === 0xc5 && options.binary === true) (length = view.getUint16(at), at += 2);
    else if (head === 0xc6 && options.binary === true) (length = view.getUint32(at), at += 4);
    else if (head in NUMBER_BYTES) length = NUMBER_BYTES[head]!;
    else if (head === 0xdd && options.longLists === true) (items = view.getUint32(at), at += 4);
    else if (!(head < 0x80 || head >= 0xe0 || head === 0xc0 || head === 0xc2 || head === 0xc3)) {
      throw new RangeError(`byte 0x${head.toString(16)} at ${at - 1} is of an unsupported type`);
    }
    at += length;
    if (open.length > 0) open[open.length - 1]!--;
    if (items > bytes.length - at) {
      throw new RangeError(`${items} items announced, ${bytes.length - at} bytes left`);
    }
    if (items > 0) open.push(items);
    if (open.length > MAX_FORM_DEPTH) {
      throw new RangeError(`more than ${MAX_FORM_DEPTH} nested lists and maps`);
    }
    while (open.length > 0 && open.at(-1) === 0) open.pop();
  } while (open.length > 0);
}
