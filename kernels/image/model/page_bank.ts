/**
 * The page slots of the model device and their clock: loads run beside the work, as the schedule's
 * simulator has it, but driven by the packets and the bytes that really arrive. Where the device's cycles
 * are those of the RTL, another clock counts them and this one only says which pages stand.
 *
 * @module
 */

import type { PageLoad } from "../../program.ts";
import type { PageSlots } from "../kernel.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { checkLoadEpochs, createEpochEnds, MAX_EPOCH } from "../../epochs.ts";
import { bytesPerCycle, type DeviceProfile, latencyCycles } from "../../target/profile.ts";

/** What the bank has counted. */
export interface PageCounts {
  /** Cycles so far. */
  now: number;
  /** Of these, cycles of waiting for a page. */
  stalls: number;
  /** Pages loaded. */
  swaps: number;
  /** Bytes of pages loaded. */
  bytes: number;
}

/** The bank of one plan. */
export interface PageBank {
  /** Its counts. */
  readonly counts: PageCounts;
  /** Queues loads, in the order in which they run. */
  readonly stage: (pages: readonly PageLoad[]) => void;
  /** Begins an epoch unless it has begun; false when it is over, or beyond the last one. */
  readonly begin: (epoch: number) => boolean;
  /** The core works. */
  readonly work: (cycles: number) => void;
  /** Says that a page is not there. */
  readonly fail: (sequence: number, epoch: number) => never;
  /** Ends of epochs and loads that are held. */
  readonly held: () => number;
}

/**
 * Makes the bank of a plan.
 *
 * @param device The device's numbers.
 * @param slots The model's slots.
 * @param pages Bytes of a page, and the number of slots.
 */
export function createPageBank(
  device: DeviceProfile,
  slots: PageSlots,
  { bytes: pageBytes, slots: slotCount }: { readonly bytes: number; readonly slots: number },
): PageBank {
  const counts: PageCounts = { now: 0, stalls: 0, swaps: 0, bytes: 0 };
  const latency = latencyCycles(device);
  const beats = Math.ceil(pageBytes / bytesPerCycle(device));
  const ends = createEpochEnds(slotCount);
  let queue: (PageLoad & { readonly staged: number })[] = [];
  let current = -1;
  let channel = 0;
  // The latest epoch whose end freed a slot.
  let latest = -1;
  return {
    counts,
    stage: (pages) => {
      checkPages(pages, pageBytes);
      for (const page of pages) queue.push({ ...page, staged: counts.now });
    },
    begin: (epoch) => {
      if (epoch <= current || epoch > MAX_EPOCH) return epoch === current;
      ends.set(current, counts.now);
      current = epoch;
      let reach = counts.now;
      queue = queue.filter((load) => {
        if (load.after >= epoch) return true;
        // From here on the slot is written: whatever stood there is gone, before it is needed again or not.
        slots.clear(load.slot);
        if (load.before > epoch) return true;
        // Behind a load whose slot came free later, the channel decides alone.
        const free = load.after < latest ? -Infinity : ends.get(load.after) ?? counts.now;
        const request = load.after < 0 ? load.staged : free;
        latest = Math.max(latest, load.after);
        channel = Math.max(request + latency, channel) + beats;
        reach = Math.max(reach, channel);
        slots.install(load.slot, load.page, load.bytes);
        counts.swaps++;
        counts.bytes += load.bytes.length;
        return false;
      });
      counts.stalls += reach - counts.now;
      counts.now = reach;
      return true;
    },
    work: (cycles) => {
      counts.now += cycles;
    },
    fail: (sequence, epoch) => {
      const page = slots.wanted();
      throw new OnpathError(
        "table",
        `Cannot process packet ${sequence}: page ${page} is not resident in epoch ${epoch}, its swap schedule ` +
          `does not serve it`,
        { sequence, epoch, page },
      );
    },
    held: () => ends.size() + queue.length,
  };
}

/**
 * Refuses pages of another size than the plan's, and epochs that no packet can have.
 *
 * @param pages The pages.
 * @param pageBytes Bytes that each must have.
 * @throws {OnpathError} `table`, naming the page.
 */
export function checkPages(pages: readonly PageLoad[], pageBytes: number): void {
  for (const load of pages) {
    checkLoadEpochs(load);
    const { page, bytes } = load;
    if (bytes.length !== pageBytes) {
      throw new OnpathError(
        "table",
        `Cannot stage page ${page}: it has ${bytes.length} bytes, expected ${pageBytes}`,
        { page, bytes: bytes.length, expected: pageBytes },
      );
    }
  }
}
