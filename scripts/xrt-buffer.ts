/**
 * Peeks and pokes a card's memory through a buffer: `onpath xrt peek nic.xclbin --bytes 256` shows what
 * stands where XRT puts a new buffer; `onpath xrt poke nic.xclbin data.bin` writes a file there, reads it
 * back and compares.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt"]);
