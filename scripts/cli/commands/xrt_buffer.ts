/**
 * Access to a card's memory through a new buffer: `onpath xrt peek nic.xclbin --bytes 256` shows the contents;
 * `onpath xrt poke nic.xclbin data.bin` writes a file, reads it back and compares.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { type Context, print, printJson } from "../context.ts";
import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { hex, hexDump, withXrt, type XrtFlags } from "../../xrt/open.ts";

/** Options of both commands. */
export interface BufferFlags extends XrtFlags {
  /** `--group` of memory. */
  readonly group?: number | undefined;
  /** `--bytes` of the buffer; default 256. */
  readonly bytes?: number | undefined;
}

/** Prints the card's memory at the address of a new buffer. */
export async function xrtPeek(path: string, flags: BufferFlags, { signal }: Context): Promise<void> {
  await withXrt(flags, signal, async (device, waits) => {
    await device.load(path, waits);
    using buffer = await device.allocate({ bytes: flags.bytes ?? 256, group: flags.group, ...waits });
    await buffer.sync("fromDevice", undefined, 0, waits);
    if (flags.json) return printJson({ address: hex(buffer.address), bytes: [...buffer.map()] });
    print(hexDump(buffer.map(), buffer.address));
  });
}

/** Writes a file into a new buffer on the card, reads it back and compares. */
export async function xrtPoke(
  path: string,
  file: string,
  flags: BufferFlags,
  { signal }: Context,
): Promise<void> {
  const data = await readBounded(file, { maxBytes: MAX_INPUT_BYTES, signal });
  await withXrt(flags, signal, async (device, waits) => {
    await device.load(path, waits);
    using buffer = await device.allocate({ bytes: data.length, group: flags.group, ...waits });
    const memory = buffer.map();
    memory.set(data);
    const start = performance.now();
    await buffer.sync("toDevice", undefined, 0, waits);
    const there = performance.now();
    memory.fill(0);
    await buffer.sync("fromDevice", undefined, 0, waits);
    const milliseconds = { toDevice: there - start, fromDevice: performance.now() - there };
    const wrong = data.findIndex((byte, i) => byte !== memory[i]);
    if (wrong >= 0) {
      throw new OnpathError(
        "device",
        `Cannot trust the memory of group ${buffer.group}: byte ${wrong} came back as ${memory[wrong]}, not ${
          data[wrong]
        }`,
        { group: buffer.group, at: wrong, found: memory[wrong], expected: data[wrong] },
      );
    }
    if (flags.json) return printJson({ address: hex(buffer.address), bytes: data.length, milliseconds });
    print(`${data.length} bytes at ${hex(buffer.address)} and back, equal\n`);
  });
}
