/**
 * Page turns: requests of several flows on one device that swaps table pages.
 *
 * The requests of one exchange are ordered by page, resident pages first, and each page gets an epoch of the device. A
 * request that is repeated gets a later epoch, and its page is loaded again if it has left. So no request meets the
 * table of another page. An exchange loads each page at most once.
 *
 * @module
 */

import type { EpochCounter } from "../../kernels/epochs.ts";
import type { SharedPages } from "../../kernels/halves.ts";
import { replace } from "../../kernels/image/residency/replacement.ts";
import type { PageLoad } from "../../kernels/program.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { HEADER_BYTES, newHeader, OFFSET } from "../../serialize/header.ts";
import { type PacketSlots, readPacketBytes, slotAddress } from "../../serialize/packets.ts";

/** Requests in the order of their pages, and the loads that they need. */
export interface PageTurn {
  /** Slots that hold the requests. */
  readonly input: PacketSlots;
  /** Loads for the exchange. */
  readonly pages: readonly PageLoad[];
}

/** Pages of one program's device. */
export class PageTurns {
  readonly #pages: SharedPages;
  readonly #arranged: PacketSlots;
  readonly #epochs: EpochCounter;
  readonly #reload: () => Promise<void>;
  readonly #header = newHeader();
  #resident: readonly number[];

  /**
   * Begins without resident pages.
   *
   * @param pages Pages of the plan.
   * @param arranged Slots for the requests of one exchange.
   * @param epochs Epochs of the device.
   * @param reload Loads the program again. Epochs then restart at 0, and no page is resident.
   */
  constructor(pages: SharedPages, arranged: PacketSlots, epochs: EpochCounter, reload: () => Promise<void>) {
    this.#pages = pages;
    this.#arranged = arranged;
    this.#epochs = epochs;
    this.#reload = reload;
    this.#resident = new Array(pages.slots).fill(-1);
  }

  /** Checks a request that gets another epoch here, so that a new CRC hides no damage. Returns null if it is good. */
  refusal(bytes: Uint8Array): string | null {
    return readPacketBytes(bytes, this.#header) ?? this.#pages.refusal(this.#header, bytes);
  }

  /**
   * Orders requests by page.
   *
   * @param input Slots that hold requests without {@linkcode PageTurns.refusal}.
   * @param count Number of requests.
   */
  async arrange(input: PacketSlots, count: number): Promise<PageTurn> {
    const { view } = input.engine;
    const slotsOf = new Map<number, number[]>();
    for (let slot = 0; slot < count; slot++) {
      const page = this.#pages.order[view.getUint32(slotAddress(input, slot) + OFFSET.epoch, true)]!;
      const slots = slotsOf.get(page);
      if (slots === undefined) slotsOf.set(page, [slot]);
      else slots.push(slot);
    }
    const first = await this.#reserve(slotsOf.size);
    const isAbsent = (page: number) => this.#resident.includes(page) ? 0 : 1;
    const order = [...slotsOf.keys()].sort((a, b) => isAbsent(a) - isAbsent(b));
    const { loads, resident } = replace(order, this.#pages.slots, "shadow", this.#resident);
    this.#resident = resident;
    let to = 0;
    for (const [n, page] of order.entries()) {
      for (const slot of slotsOf.get(page)!) this.#copy(input, slot, to++, first + n);
    }
    const pages = loads.map(({ page, slot, after, before }): PageLoad => ({
      page,
      slot,
      bytes: this.#pages.make(page),
      after: after < 0 ? -1 : first + after,
      before: first + before,
    }));
    return { input: this.#arranged, pages };
  }

  /** Reserves epochs. Reloads the program if they run out. */
  async #reserve(count: number): Promise<number> {
    const first = this.#epochs.reserve(count);
    if (first !== null) return first;
    await this.#reload();
    this.#epochs.restart();
    this.#resident = new Array(this.#pages.slots).fill(-1);
    const again = this.#epochs.reserve(count);
    if (again !== null) return again;
    throw new OnpathError("table", `Cannot exchange packets of ${count} pages: the device has fewer epochs`);
  }

  /** Copies a request, with an epoch of the device. */
  #copy(input: PacketSlots, slot: number, to: number, epoch: number): void {
    const from = slotAddress(input, slot), at = slotAddress(this.#arranged, to);
    const { engine } = this.#arranged;
    const length = HEADER_BYTES + input.engine.view.getUint16(from + OFFSET.length, true);
    engine.bytes.set(input.engine.bytes.subarray(from, from + length), at);
    engine.view.setUint32(at + OFFSET.epoch, epoch, true);
    engine.view.setUint32(at + OFFSET.crc, 0, true);
    engine.functions.seal(at, length);
  }
}
