/**
 * Runs a kernel on a file, piece by piece: piece n+1 is written while n runs and n-1 is read back.
 * `onpath xrt run nic.xclbin vadd --input in.bin --output out.bin --length size:4 --set scale=2.5`.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { XrtRing } from "../../../runtime/device/xrt/binding/ring.ts";
import { type Context, print, printJson } from "../context.ts";
import { MAX_INPUT_BYTES, readBounded } from "../../io/read.ts";
import { writeWhole } from "../../io/write.ts";
import { withXrt, type XrtFlags } from "../../xrt/open.ts";

/** Options of `xrt run`. */
export interface RunFlags extends XrtFlags {
  /** `--input`: path of the input. */
  readonly input: string;
  /** `--output`: path of the result, which is as long as the input. */
  readonly output: string;
  /** `--from`: argument of the input buffer; default: the first buffer. */
  readonly from?: string | undefined;
  /** `--to`: argument of the output buffer; default: the second buffer. */
  readonly to?: string | undefined;
  /** `--length name:bytes`: argument for a piece's length, counted in items of `bytes` bytes. */
  readonly length?: string | undefined;
  /** `--set name=value`, repeatable. */
  readonly set?: readonly string[] | undefined;
  /** `--piece`: bytes of a piece; default 1 MiB. */
  readonly piece?: number | undefined;
  /** `--slots`: pieces in flight; default 3. */
  readonly slots?: number | undefined;
}

/** Runs a kernel on all pieces of a file, and writes the result. */
export async function xrtRun(
  path: string,
  name: string,
  flags: RunFlags,
  { signal }: Context,
): Promise<void> {
  const data = await readBounded(flags.input, { maxBytes: MAX_INPUT_BYTES, signal });
  const output = new Uint8Array(data.length);
  const piece = Math.min(flags.piece ?? 2 ** 20, Math.max(1, data.length));
  await withXrt(flags, signal, async (device, waits) => {
    await device.load(path, waits);
    using kernel = device.kernel(name);
    const [from, to] = kernel.metadata.arguments.filter(({ kind }) => kind === "buffer").map(({ name }) =>
      name
    );
    const [input, result] = [flags.from ?? from, flags.to ?? to];
    if (input === undefined || result === undefined) {
      throw new OnpathError("device", `Cannot run kernel ${name} on a file: expected two buffer arguments`, {
        kernel: name,
      });
    }
    const buffers = {
      [input]: { bytes: piece, direction: "in" },
      [result]: { bytes: piece, direction: "out" },
    } as const;
    using ring = await XrtRing.create(device, kernel, { depth: flags.slots, buffers, ...waits });
    for (const { run } of ring.slots) {
      for (const setting of flags.set ?? []) {
        const [argument, value] = split(setting, "=");
        run.set(argument, value);
      }
    }
    const length = flags.length === undefined ? undefined : split(flags.length, ":");
    const starts = Array.from({ length: Math.ceil(data.length / piece) }, (_, i) => i * piece);
    const start = performance.now();
    const pieces = await ring.run(starts, {
      fill: ({ buffers, run }, at) => {
        const bytes = data.subarray(at, at + piece);
        buffers[input]!.map().set(bytes);
        if (length !== undefined) run.set(length[0], Math.ceil(bytes.length / length[1]));
      },
      drain: ({ buffers }, at) =>
        output.set(buffers[result]!.map().subarray(0, Math.min(piece, data.length - at)), at),
    }, waits);
    const milliseconds = performance.now() - start;
    await writeWhole(flags.output, [output], signal);
    if (flags.json) return printJson({ pieces, bytes: data.length, milliseconds });
    print(`${data.length} bytes in ${pieces} pieces, ${milliseconds.toFixed(1)} ms: ${flags.output}\n`);
  });
}

/** Parses `name=value` or `name:value`; the last separator counts. */
function split(text: string, by: string): [name: string, value: number] {
  const at = text.lastIndexOf(by);
  const value = Number(text.slice(at + 1));
  if (at > 0 && text.length > at + 1 && Number.isFinite(value)) return [text.slice(0, at), value];
  throw new OnpathError("size", `Cannot read "${text}": expected a name, "${by}" and a number`, { text });
}
