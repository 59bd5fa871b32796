/**
 * Resident pages of a plan in the format of the XDP program: one value of a map, replaced as a whole by each swap.
 *
 * @module
 */

import { MAX_EPOCH } from "../../kernels/epochs.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";

/** Maximum resident pages of a plan. A swap waits for the kernel, so one swap should bring many. */
export const MAX_PAGES = 16;

/** Maximum bytes of a page. */
export const MAX_PAGE_BYTES = 32_768;

/** Bytes of a plan's pages in the kernel: `struct pages`. */
export const PAGES_BYTES: number = 8 + 2 ** 16 + MAX_PAGES * MAX_PAGE_BYTES;

/** Offsets of the places of all pages, and of the first page; the place of a page that is not resident. */
const [PLACES, FIRST_PAGE, ABSENT] = [8, 8 + 2 ** 16, 255] as const;

/** Page in the kernel: its number and its contents. */
export interface ResidentPage {
  /** Number of the page in the kernel image. */
  readonly page: number;
  /** Contents of the page, in the byte order of the table stream. */
  readonly bytes: Uint8Array;
}

/** Pages that a plan has in the kernel from one swap to the next. */
export interface ResidentPages {
  /** First epoch that is served. Requests of earlier epochs are dropped by the reason `epoch`. */
  readonly first: number;
  /** At most 16 different pages. A request that needs another one is dropped as `page`. */
  readonly pages: readonly ResidentPage[];
}

/** No page is resident, and every epoch is to come. */
export const NO_PAGES: ResidentPages = { first: 0, pages: [] };

/**
 * Encodes the pages of a plan.
 *
 * @param resident Pages, and the first epoch that they serve.
 * @param pages Number of pages of the plan, and bytes of each.
 * @throws {OnpathError} `table` if there are too many pages, one is there twice, unknown, or of another length; `size`
 * for an invalid epoch.
 */
export function encodePages(
  { first, pages }: ResidentPages,
  { count, bytes: pageBytes }: { readonly count: number; readonly bytes: number },
): Uint8Array<ArrayBuffer> {
  checkInteger("first epoch", first, 0, MAX_EPOCH);
  if (pages.length > MAX_PAGES) {
    throw new OnpathError("table", `Cannot hold ${pages.length} pages in XDP: at most ${MAX_PAGES}`, {
      pages: pages.length,
      most: MAX_PAGES,
    });
  }
  const value = new Uint8Array(PAGES_BYTES);
  new DataView(value.buffer).setUint32(0, first, true);
  value.fill(ABSENT, PLACES, FIRST_PAGE);
  const seen = new Set<number>();
  for (const [place, { page, bytes }] of pages.entries()) {
    const isKnown = Number.isInteger(page) && page >= 0 && page < count && !seen.has(page);
    if (!isKnown || bytes.length !== pageBytes) {
      throw new OnpathError(
        "table",
        `Cannot hold page ${page} of ${bytes.length} bytes in XDP: expected different pages below ${count}, ` +
          `of ${pageBytes} bytes`,
        { page, bytes: bytes.length, count, expected: pageBytes },
      );
    }
    seen.add(page);
    value[PLACES + page] = place;
    value.set(bytes, FIRST_PAGE + MAX_PAGE_BYTES * place);
  }
  return value;
}
