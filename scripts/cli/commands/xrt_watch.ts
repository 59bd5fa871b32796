/**
 * Watches a kernel's counters: `onpath xrt watch nic.xclbin onpath_image`.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { COUNTER, counterAddress, DROP_REASONS } from "../../../kernels/rtl/registers.ts";
import { type Context, print } from "../context.ts";
import { openRegisters, withXrt, type XrtFlags } from "../../xrt/open.ts";

/** Options of `xrt watch`. */
export interface WatchFlags extends XrtFlags {
  /** `--interval` between lines, in milliseconds; default 1000. */
  readonly interval?: number | undefined;
  /** `--times`: number of lines; default: until interrupted. */
  readonly times?: number | undefined;
}

/** Printed counters, in order. */
const SHOWN = ["packets", "beatsIn", "beatsOut", "cycles", "stalls", "swaps", "words"] as const;

/** Prints a line of counters every interval, as differences to the line before. */
export async function xrtWatch(
  path: string,
  kernel: string,
  flags: WatchFlags,
  { signal }: Context,
): Promise<void> {
  await withXrt(flags, signal, async (device, waits) => {
    await device.load(path, waits);
    using registers = openRegisters(device, kernel);
    const names = [...SHOWN, "dropped"];
    const read = () => {
      const word = (index: number) => registers.readRegister(counterAddress(index));
      const drops = DROP_REASONS.map((_, reason) => word(COUNTER.drops + reason));
      return [
        ...SHOWN.map((name) => word(COUNTER[name])),
        drops.reduce((sum, each) => (sum + each) >>> 0, 0),
      ];
    };
    if (!flags.json) print(names.map((name) => name.padStart(11)).join("") + "\n");
    let before = read();
    for (let line = 0; line < (flags.times ?? Infinity); line++) {
      await sleep(flags.interval ?? 1000, undefined, { signal });
      const now = read();
      // Counters wrap around at 2^32.
      const values = now.map((value, i) => (value - before[i]!) >>> 0);
      before = now;
      if (flags.json) {
        print(JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]]))) + "\n");
      } else print(values.map((value) => String(value).padStart(11)).join("") + "\n");
    }
  });
}
