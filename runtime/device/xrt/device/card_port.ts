/**
 * Port of a kernel on a card: registers, movers and memory.
 *
 * @module
 */

import type { PageImage } from "../../../../kernels/program.ts";
import type { PlanBuild } from "../../../../kernels/rtl/builds.ts";
import { PAGE_ENTRIES, pageCommands } from "../../../../kernels/rtl/page_commands.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { Port } from "../../port.ts";
import type { XrtBuffer } from "../binding/buffer.ts";
import type { XrtDevice } from "../binding/device.ts";
import { openCardKernel } from "./card_kernel.ts";
import { createCardPackets } from "./card_packets.ts";
import { createCardTables } from "./card_tables.ts";

/** Ends the work in flight of a closing port; `settle` waits for it. */
export type EndWork = (settle: (wait: WaitOptions) => Promise<void>) => Promise<void>;

/**
 * Opens the port of a build.
 *
 * @param device Device with a loaded xclbin.
 * @param build Build of the RTL that names the kernel.
 * @param wait Timeout of each allocation, and abort signal.
 * @param end Ends the work in flight when the port closes.
 * @param instance Index of the kernel's instance.
 * @throws {OnpathError} `device` when the xclbin lacks the kernel, or XRT fails; `timeout`.
 */
export async function openCardPort(
  device: XrtDevice,
  build: PlanBuild,
  wait: WaitOptions,
  end: EndWork,
  instance: number,
): Promise<Port> {
  const kernel = openCardKernel(device, build, instance);
  try {
    const tables = await createCardTables(device, kernel.tables, wait);
    const packets = createCardPackets(device, kernel.packets);
    let sent = 0;
    // Contents of external memory. The kernel reads them while its program is loaded.
    let words: XrtBuffer | undefined;
    let pages: PageImage | undefined;
    // Pages still to be copied to the card, in reverse order.
    let ahead: number[] = [];

    /** Copies pages of later epochs to the card's memory while packets are in flight. */
    const bringAhead = async ({ make }: PageImage, moving: Promise<unknown>, wait: WaitOptions) => {
      let isOver = false;
      void moving.catch(() => {}).then(() => isOver = true);
      while (!isOver && ahead.length > 0) {
        const page = ahead.pop()!;
        if (!tables.holds(page)) await tables.bring(page, make(page), wait);
      }
    };

    const startWithMemory = async (values: readonly number[], memory: Uint8Array, wait: WaitOptions) => {
      const next = await device.allocate({ ...wait, bytes: memory.length, group: kernel.group() });
      try {
        next.map().set(memory);
        await next.sync("toDevice", memory.length, 0, wait);
        await kernel.start(values, wait, next);
      } catch (error) {
        next.close();
        throw error;
      }
      words?.close();
      words = next;
    };

    return {
      start: ({ values, memory }, wait) =>
        memory === undefined ? kernel.start(values, wait) : startWithMemory(values, memory, wait),
      load: async (image, wait) => {
        pages = image.pages;
        if (pages !== undefined) {
          await tables.openPages(pages.count, pages.bytes, wait);
          ahead = [...pages.order()].reverse();
        }
        await tables.load(image.tables, wait);
      },
      queue: async (loads, lastEpoch, wait) => {
        for (const { page, bytes } of loads) await tables.bring(page, bytes, wait);
        const commands = pageCommands(loads, lastEpoch, kernel.readsAhead ? PAGE_ENTRIES : 1);
        await tables.queue(commands.map((each, n) => ({ ...each, page: loads[n - 1]?.page ?? null })), wait);
      },
      exchange: async (exchange, each, wait) => {
        const moving = packets.exchange(exchange, each, wait);
        const [collected] = await Promise.all([
          moving,
          pages === undefined ? undefined : bringAhead(pages, moving, wait),
        ]).finally(() => moving.catch(() => undefined));
        sent += exchange.count;
        // Answers made with refused words or pages have a valid CRC, so this is where they are found.
        kernel.checkMemory();
        if (pages !== undefined) tables.check();
        return collected;
      },
      read: kernel.read,
      sent: () => sent,
      isRunning: packets.running,
      settle: packets.settle,
      close: () =>
        end(async (wait) => {
          await packets.settle(wait);
          await tables.settle(wait);
        }),
    };
  } catch (error) {
    kernel.close();
    throw error;
  }
}
