/**
 * Page swaps of a device: which pages are in the kernel, and when the next ones may come.
 *
 * The kernel cannot delay a packet until its page has come. So the device sends the requests of an epoch once its pages
 * are there, and replaces a page once every request that needs it was answered, dropped or given up.
 *
 * @module
 */

import type { PageLoad } from "../../kernels/program.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { MAX_PAGES, type ResidentPage, type ResidentPages } from "./pages.ts";

/** Pages of one loaded plan. */
export interface PageSwaps {
  /** Queues loads, in execution order. */
  readonly queue: (loads: readonly PageLoad[]) => void;
  /** Returns whether requests of an epoch must wait for a swap. */
  readonly isDue: (epoch: number) => boolean;
  /**
   * Takes the loads that may come before the requests of an epoch, once those of all earlier epochs have ended. A swap
   * takes the kernel 10 to 20 ms, so it brings later pages too, as far as their slots are free.
   *
   * @returns Resident pages after the swap, and the loads that it brings.
   */
  readonly swap: (epoch: number) => { readonly resident: ResidentPages; readonly loads: readonly PageLoad[] };
}

/** Makes the swaps of a plan without resident pages. */
export function createPageSwaps(): PageSwaps {
  const slots = new Map<number, ResidentPage>();
  let waiting: PageLoad[] = [];
  let [first, due] = [0, Infinity];
  const setDue = () => {
    due = waiting.reduce(
      (least, { after, before }) => Math.min(least, Math.max(after + 1, before)),
      Infinity,
    );
  };
  return {
    queue: (loads) => {
      for (const { page, slot } of loads) {
        if (Number.isInteger(slot) && slot >= 0 && slot < MAX_PAGES) continue;
        throw new OnpathError(
          "table",
          `Cannot load page ${page} into slot ${slot}: XDP has slots 0 to ${MAX_PAGES - 1}`,
          { page, slot, slots: MAX_PAGES },
        );
      }
      waiting.push(...loads);
      setDue();
    },
    isDue: (epoch) => epoch >= due,
    swap: (epoch) => {
      const loads: PageLoad[] = [];
      waiting = waiting.filter((load) => {
        if (load.after >= epoch) return true;
        slots.set(load.slot, load);
        first = Math.max(first, load.after + 1);
        loads.push(load);
        return false;
      });
      setDue();
      return { resident: { first, pages: distinct(slots.values()) }, loads };
    },
  };
}

/** Pages without those that are in two slots. */
function distinct(pages: Iterable<ResidentPage>): ResidentPage[] {
  return [...new Map(Array.from(pages, (each) => [each.page, each])).values()];
}
