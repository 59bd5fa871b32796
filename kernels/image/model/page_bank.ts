/**
 * Page slots of the model device, with their clock. Loads run in parallel with the work, as in the schedule
 * simulator, but driven by the packets and bytes that actually arrive.
 * With RTL timing, another clock counts the cycles. This one then only tracks the resident pages.
 *
 * @module
 */

import type { PageLoad } from "../../program.ts";
import type { PageSlots } from "../kernel.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { checkLoadEpochs, createEpochEnds, MAX_EPOCH } from "../../epochs.ts";
import { bytesPerCycle, type DeviceProfile, latencyCycles } from "../../target/profile.ts";

/** Counters of a page bank. */
export interface PageCounts {
  /** Cycles so far. */
  now: number;
  /** Cycles stalled on a page, included in `now`. */
  stalls: number;
  /** Pages loaded so far. */
  swaps: number;
  /** Bytes of the pages loaded. */
  bytes: number;
}

/** Page bank of one plan. */
export interface PageBank {
  /** Cycles, stalls and loads since creation. */
  readonly counts: PageCounts;
  /** Queues loads, in execution order. */
  readonly stage: (pages: readonly PageLoad[]) => void;
  /** Starts an epoch unless it is running. Returns false if it has ended or exceeds {@linkcode MAX_EPOCH}. */
  readonly begin: (epoch: number) => boolean;
  /** Advances the clock by cycles of core work. */
  readonly work: (cycles: number) => void;
  /** Throws the error for a page that is not resident. */
  readonly fail: (sequence: number, epoch: number) => never;
  /** Number of epoch ends and loads that are held. */
  readonly held: () => number;
}

/**
 * Creates the page bank of a plan.
 *
 * @param device Profile of the device.
 * @param slots Page slots of the model.
 * @param pages Bytes of a page, and number of slots.
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
  // Latest epoch whose end freed a slot.
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
        // The load now overwrites the slot. The previous page is lost, whether or not it is needed again.
        slots.clear(load.slot);
        if (load.before > epoch) return true;
        // After a load whose slot was freed later, only the channel delays this one.
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
        `Cannot process packet ${sequence}: page ${page} is not resident in epoch ${epoch}, the swap schedule ` +
          `does not load it`,
        { sequence, epoch, page },
      );
    },
    held: () => ends.size() + queue.length,
  };
}

/**
 * Refuses pages of the wrong size, and epochs out of range.
 *
 * @param pages Page loads to check.
 * @param pageBytes Bytes of a page of the plan.
 * @throws {OnpathError} `table`, with the page.
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
