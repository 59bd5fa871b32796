/**
 * Reads and writes a card's memory through a new buffer. `onpath xrt peek nic.xclbin --bytes 256` prints its
 * contents. `onpath xrt poke nic.xclbin data.bin` writes a file, reads it back and compares.
 *
 * @module
 */

import { runScript } from "./cli/script.ts";

await runScript(["xrt"]);
