/**
 * The device process: an emulated card that waits for XRT, or that XRT has started.
 *
 * @module
 */

import { appendFileSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type CardEvent, createEmulatedCard, parseFaults } from "onpath/emulation";
import { OnpathError } from "../../mod.ts";
import { serveCard } from "./serve.ts";

/** Milliseconds that a process which XRT has started tries to reach it. */
const CONNECT_MS = 10_000;

/** Milliseconds between two tries. */
const RETRY_MS = 20;

/**
 * Runs a device process to its end.
 *
 * @param args `--listen <socket>`, where XRT connects to it; `--connect <socket>`, where XRT listens; or
 * `--spawned`, where XRT has started it and says by variables where it listens. `--faults <plan>`, `--trace <file>` (an event a line, JSON).
 * @throws {OnpathError} `size` when the arguments are wrong, `device` when the socket cannot be reached.
 */
export async function runDeviceProcess(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      listen: { type: "string" },
      connect: { type: "string" },
      spawned: { type: "boolean" },
      faults: { type: "string" },
      trace: { type: "string" },
    },
  });
  const path = values.listen ?? values.connect ?? (values.spawned ? spawnedSocket() : undefined);
  if (path === undefined) {
    throw new OnpathError("size", "Cannot emulate a card: --listen, --connect or --spawned is wanted");
  }
  const trace = values.trace;
  const card = createEmulatedCard({
    faults: parseFaults(values.faults ?? ""),
    readText: (path) => readFileSync(path, "utf8"),
    newPath: (address) => `${path}.buffer-${process.pid}-${address.toString(16)}`,
    die: () => process.kill(process.pid, "SIGKILL"),
    onEvent: trace === undefined
      ? undefined
      : (event: CardEvent) => appendFileSync(trace, JSON.stringify(event) + "\n"),
  });
  const socket = values.listen === undefined ? await reach(path) : await accept(path);
  await serveCard(socket, card);
}

/** Where XRT listens for a process that it has started. */
function spawnedSocket(): string {
  const { USER = "", EMULATION_SOCKETID = "" } = process.env;
  return join(tmpdir(), USER, EMULATION_SOCKETID);
}

/** Waits for the one connection that there will be. */
function accept(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      server.close();
      resolve(socket);
    });
    server.on("error", reject);
    server.listen(path, () => process.stdout.write("listening\n"));
  });
}

/** Connects to a socket that may not be there yet. */
async function reach(path: string): Promise<Socket> {
  const deadline = performance.now() + CONNECT_MS;
  for (;;) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket: Socket = connect(path, () => resolve(socket));
        socket.once("error", reject);
      });
    } catch (cause) {
      if (performance.now() > deadline) {
        throw new OnpathError("device", `Cannot reach XRT at ${path}`, { path }, { cause });
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
