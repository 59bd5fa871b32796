/**
 * The device process: an emulated card that waits for XRT, or that XRT has started.
 *
 * @module
 */

import { appendFileSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type CardEvent, createEmulatedCard } from "../../runtime/device/emulation/card.ts";
import { parseFaults } from "../../runtime/device/emulation/faults.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { removeIfAbandoned, SOCKETS } from "./environment.ts";
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
      owned: { type: "boolean" },
      faults: { type: "string" },
      trace: { type: "string" },
    },
  });
  const path = values.listen ?? values.connect ?? (values.spawned ? spawnedSocket() : undefined);
  if (path === undefined) {
    throw new OnpathError("size", "Cannot emulate a card: --listen, --connect or --spawned is wanted");
  }
  const release = values.owned ? watchOwner(path) : undefined;
  const trace = values.trace;
  const card = createEmulatedCard({
    faults: parseFaults(values.faults ?? ""),
    readText: (path) => readFileSync(path, "utf8"),
    die: () => process.kill(process.pid, "SIGKILL"),
    onEvent: trace === undefined
      ? undefined
      : (event: CardEvent) => appendFileSync(trace, JSON.stringify(event) + "\n"),
  });
  const socket = values.listen === undefined ? await reach(path) : await accept(path);
  const closed = await serveCard(socket, card);
  await release?.(!closed);
}

/** Milliseconds in which a host that has broken its connection shows that it is gone altogether. */
const GONE_MS = 500;

/**
 * Ends this process when the host that started it is gone, however that ended: then its end of our stdin is closed.
 * What the host could not remove is removed.
 *
 * @returns Ends the watch; of a connection that broke, once it is known whether the host is gone too.
 */
function watchOwner(path: string): (broken: boolean) => Promise<void> {
  const { stdin } = process;
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    // A host that ends only us closes our stdin too, and what is in its folder is still its own.
    const deadline = performance.now() + GONE_MS;
    while (!removeIfAbandoned(dirname(path)) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    process.exit(0);
  };
  stdin.on("end", end).on("close", end).on("error", end);
  // A host that is gone before it was told that there is a socket.
  process.stdout.on("error", end);
  stdin.resume();
  return async (broken) => {
    if (broken) await new Promise((resolve) => setTimeout(resolve, GONE_MS));
    stdin.off("end", end).off("close", end).off("error", end);
    process.stdout.off("error", end);
    stdin.destroy();
  };
}

/** Where XRT listens for a process that it has started. */
function spawnedSocket(): string {
  const { USER = "", EMULATION_SOCKETID = "" } = process.env;
  return join(SOCKETS, USER, EMULATION_SOCKETID);
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
