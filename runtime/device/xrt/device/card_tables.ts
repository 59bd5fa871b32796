/**
 * Transfer of tables and pages to a card's on-chip memory. The host copies them to the card's memory. The table
 * mover then walks a list and loads them on chip.
 *
 * Pages stay in the card's memory between exchanges. A list runs beside the packets: the kernel delays each load
 * until the previous epoch has ended, without the host.
 *
 * @module
 */

import { WINDOW_PACKETS } from "../../../../kernels/image/plan/packets.ts";
import { type PageCommand, pageWords } from "../../../../kernels/rtl/page_commands.ts";
import {
  MOVER_ERRORS,
  TABLE_LIST,
  type TableListEntry,
  writeTableListEntry,
} from "../../../../kernels/rtl/movers.ts";
import { OnpathError } from "../../../../serialize/errors.ts";
import type { WaitOptions } from "../../../../serialize/wait.ts";
import type { XrtBuffer } from "../binding/buffer.ts";
import type { XrtDevice } from "../binding/device.ts";
import type { XrtKernel } from "../binding/kernel.ts";
import type { XrtRun } from "../binding/run.ts";

/**
 * Maximum entries of a list; more are divided among several lists. The loads of a session's window are one list: XRT's
 * software scheduler may start two lists that wait in either order.
 */
const LIST_ENTRIES = WINDOW_PACKETS + 64;

/** Maximum lists in flight. */
const LISTS = 4;

/** Bytes of a table entry, for tables that are loaded whole. */
const TABLE_WIDTH = 8;

/** Bytes of a word of the card's memory; tables and pages are aligned to it. */
const WORD = 64;

/** Maximum bytes of a plan's pages in the card's memory (1 GiB). */
const MAX_PAGE_BYTES = 2 ** 30;

/** Loader of one kernel's tables and pages. */
export interface CardTables {
  /** Loads whole tables. Resolves when they are on chip. */
  readonly load: (
    tables: readonly { readonly table: number; readonly entries: ArrayLike<number> }[],
    options: WaitOptions,
  ) => Promise<void>;
  /** Allocates card memory for `count` pages of `bytes` bytes. The pages of the previous plan are freed. */
  readonly openPages: (count: number, bytes: number, options: WaitOptions) => Promise<void>;
  /** Whether a page is in the card's memory. */
  readonly holds: (page: number) => boolean;
  /** Copies a page to the card's memory, unless it holds the page. */
  readonly bring: (page: number, bytes: Uint8Array, options: WaitOptions) => Promise<void>;
  /** Starts page commands, which run beside the packets that follow. The card's memory must hold their pages. */
  readonly queue: (
    commands: readonly (PageCommand & { readonly page: number | null })[],
    options: WaitOptions,
  ) => Promise<void>;
  /**
   * Refuses tables and pages of which memory has refused a part since the last call.
   *
   * @throws {OnpathError} `device` when there are any.
   */
  readonly check: () => void;
  /** Waits until no list is in flight. */
  readonly settle: (options: WaitOptions) => Promise<void>;
}

/** Memory of a list, and its run. */
interface List {
  readonly buffer: XrtBuffer;
  readonly view: DataView;
  readonly run: XrtRun;
}

/**
 * Creates the loader of a kernel's tables.
 *
 * @param device Device with the kernel.
 * @param kernel Mover of the kernel's tables.
 * @param options Timeout of each allocation, and abort signal.
 * @throws {OnpathError} `device` when an allocation fails; `timeout`.
 */
export async function createCardTables(
  device: XrtDevice,
  kernel: XrtKernel,
  options: WaitOptions,
): Promise<CardTables> {
  const bytes = LIST_ENTRIES * TABLE_LIST.bytes;
  const group = kernel.group("list");
  const memory = kernel.group("memory");
  const whole = await device.allocate({ ...options, bytes: LISTS * bytes, group });
  const lists = Array.from({ length: LISTS }, (_, n): List => {
    const buffer = whole.part(bytes, n * bytes);
    const run = kernel.run();
    run.set("list", buffer);
    const { buffer: mapped, byteOffset } = buffer.map();
    return { buffer, view: new DataView(mapped, byteOffset, bytes), run };
  });
  let next = 0;
  let staging: XrtBuffer | undefined;
  let pages: { readonly buffer: XrtBuffer; readonly stride: number; readonly held: Set<number> } | undefined;

  /** Starts a list, after the run that used the same memory has ended. */
  const start = async (entries: readonly TableListEntry[], data: XrtBuffer, options: WaitOptions) => {
    const list = lists[next]!;
    next = (next + 1) % LISTS;
    if (list.run.running) await list.run.wait(options);
    entries.forEach((entry, index) => writeTableListEntry(list.view, index, entry));
    await list.buffer.sync("toDevice", entries.length * TABLE_LIST.bytes, 0, options);
    list.run.set("count", entries.length);
    list.run.set("memory", data);
    await list.run.start(options);
    return list.run;
  };

  const settle = async (options: WaitOptions) => {
    for (const { run } of lists) if (run.running) await run.wait(options);
  };

  let errors = kernel.readRegister(MOVER_ERRORS);
  const check = () => {
    const now = kernel.readRegister(MOVER_ERRORS);
    const failed = (now - errors) >>> 0;
    errors = now;
    if (failed === 0) return;
    throw new OnpathError("device", `Cannot load tables: the card's memory refused ${failed} beats`, {
      failed,
    });
  };

  return {
    load: async (tables, options) => {
      if (tables.length === 0) return;
      const offsets: number[] = [];
      let bytes = 0;
      for (const { entries } of tables) {
        offsets.push(bytes);
        bytes += Math.ceil(entries.length * TABLE_WIDTH / WORD) * WORD;
      }
      // Tables without entries need no memory, but a buffer has at least one word.
      bytes = Math.max(bytes, WORD);
      if (staging === undefined || staging.bytes < bytes) {
        staging?.close();
        staging = undefined;
        staging = await device.allocate({ ...options, bytes, group: memory });
      }
      const { buffer, byteOffset } = staging.map();
      const view = new DataView(buffer, byteOffset, bytes);
      tables.forEach(({ entries }, n) => {
        for (let i = 0, at = offsets[n]!; i < entries.length; i++, at += TABLE_WIDTH) {
          view.setUint32(at, entries[i]! % 2 ** 32, true);
          view.setUint32(at + 4, Math.floor(entries[i]! / 2 ** 32), true);
        }
      });
      await staging.sync("toDevice", bytes, 0, options);
      const base = Number(staging.address);
      const run = await start(
        tables.map(({ table, entries }, n) => ({
          words: [table * 65536, entries.length],
          address: base + offsets[n]!,
          entries: entries.length,
          width: TABLE_WIDTH,
        })),
        staging,
        options,
      );
      await run.wait(options);
      check();
    },
    openPages: async (count, bytes, options) => {
      await settle(options);
      pages?.buffer.close();
      pages = undefined;
      const stride = Math.ceil(bytes / WORD) * WORD;
      if (count * stride > MAX_PAGE_BYTES) {
        throw new OnpathError(
          "table",
          `Cannot hold ${count} pages of ${bytes} bytes in the card's memory: expected at most ${MAX_PAGE_BYTES} bytes`,
          { count, bytes, most: MAX_PAGE_BYTES },
        );
      }
      const buffer = await device.allocate({ ...options, bytes: count * stride, group: memory });
      pages = { buffer, stride, held: new Set() };
    },
    holds: (page) => pages?.held.has(page) ?? false,
    bring: async (page, bytes, options) => {
      const { buffer, stride, held } = pages!;
      if (held.has(page)) return;
      buffer.map().set(bytes, page * stride);
      await buffer.sync("toDevice", stride, page * stride, options);
      held.add(page);
    },
    queue: async (commands, options) => {
      const { buffer, stride } = pages!;
      const base = Number(buffer.address);
      const entries = commands.map(({ words, entries, perWord, page }): TableListEntry => ({
        words,
        address: base + (page ?? 0) * stride,
        entries: pageWords(entries.length, perWord),
        width: perWord === 1 ? 4 : 32,
      }));
      for (let first = 0; first < entries.length; first += LIST_ENTRIES) {
        await start(entries.slice(first, first + LIST_ENTRIES), buffer, options);
      }
    },
    check,
    settle,
  };
}
