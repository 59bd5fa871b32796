/**
 * Device process: an emulated card that listens for XRT, or that XRT starts.
 *
 * @module
 */

import { appendFileSync, readFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { type CardEvent, createEmulatedCard } from "../../runtime/device/emulation/card.ts";
import type { PlanBuild } from "../../kernels/rtl/builds.ts";
import { parseFaults } from "../../runtime/device/emulation/faults.ts";
import type { UnitWave } from "../../runtime/device/emulation/units.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { openWhole, type WholeFile } from "../io/write.ts";
import { removeIfAbandoned, SOCKETS } from "./environment.ts";
import { serveCard } from "./serve.ts";

/** Timeout in milliseconds for the connection to XRT's socket. */
const CONNECT_MS = 10_000;

/** Milliseconds between two attempts. */
const RETRY_MS = 20;

/**
 * Runs a device process until XRT ends the emulation or disconnects.
 *
 * | argument | effect |
 * |---|---|
 * | `--listen <socket>` | listens on a socket, to which XRT connects |
 * | `--connect <socket>` | connects to a socket on which XRT listens |
 * | `--spawned` | connects to the socket in the variables that XRT sets for its child processes |
 * | `--owned` | ends when the host that started it has ended |
 * | `--faults <plan>` | faults, in the syntax of `parseFaults` |
 * | `--trace <file>` | appends events to a file, one JSON object per line |
 * | `--wave <file>` | writes a waveform, whole or not at all |
 * | `--wave-build <name>:<path>` | the linked build with waveforms, by its name in plans |
 * | `--wave-cycles <first>:<end>` | cycles of the waveform from the reset on, `end` excluded |
 *
 * @param args Arguments of the command line.
 * @throws {OnpathError} `size` when the arguments are invalid, `device` when the socket is unreachable.
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
      wave: { type: "string" },
      "wave-build": { type: "string" },
      "wave-cycles": { type: "string" },
    },
  });
  const path = values.listen ?? values.connect ?? (values.spawned ? spawnedSocket() : undefined);
  if (path === undefined) {
    throw new OnpathError(
      "size",
      "Cannot emulate a card: no socket, expected --listen, --connect or --spawned",
    );
  }
  const release = values.owned ? watchOwner(path) : undefined;
  const trace = values.trace;
  const wave = values.wave === undefined
    ? undefined
    : await openWave(values.wave, values["wave-build"] ?? "", values["wave-cycles"] ?? "");
  const card = createEmulatedCard({
    wave: wave?.unit,
    faults: parseFaults(values.faults ?? ""),
    readText: (path) => readFileSync(path, "utf8"),
    die: () => process.kill(process.pid, "SIGKILL"),
    onEvent: trace === undefined
      ? undefined
      : (event: CardEvent) => appendFileSync(trace, JSON.stringify(event) + "\n"),
  });
  const socket = values.listen === undefined ? await reach(path) : await accept(path);
  const closed = await serveCard(socket, card).finally(() => wave?.file.finish());
  await release?.(!closed);
}

/** Opens the file of a waveform, and compiles the build that writes it. */
async function openWave(
  path: string,
  build: string,
  cycles: string,
): Promise<{ file: WholeFile; unit: UnitWave }> {
  const [, name, wasm] = /^(\w+):(.+)$/s.exec(build) ?? [];
  const [, first, end] = /^(\d{1,15}):(\d{1,15})$/.exec(cycles) ?? [];
  if (wasm === undefined || end === undefined) {
    throw new OnpathError(
      "size",
      "Cannot write a waveform: expected --wave-build <name>:<path> and --wave-cycles <first>:<end>",
      { build, cycles },
    );
  }
  const module = await WebAssembly.compile(Uint8Array.from(readFileSync(wasm)));
  const file = openWhole(path);
  const unit = {
    build: name as PlanBuild,
    module,
    first: Number(first),
    end: Number(end),
    write: file.write,
  };
  return { file, unit };
}

/** Maximum wait in milliseconds for the host to end, after its connection broke. */
const HOST_END_MS = 500;

/**
 * Ends this process when the host that started it has ended for any reason: then stdin is closed. Removes the
 * host's temporary folder, if the host could not.
 *
 * @returns Function that ends the watch. After a broken connection it first waits {@linkcode HOST_END_MS}, in case
 * the host has ended too.
 */
function watchOwner(path: string): (broken: boolean) => Promise<void> {
  const { stdin } = process;
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    // A live host that ends only this process closes stdin too, and keeps its folder.
    const deadline = performance.now() + HOST_END_MS;
    while (!removeIfAbandoned(dirname(path)) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    process.exit(0);
  };
  stdin.on("end", end).on("close", end).on("error", end);
  // The host may end before it has read that this process listens.
  process.stdout.on("error", end);
  stdin.resume();
  return async (broken) => {
    if (broken) await new Promise((resolve) => setTimeout(resolve, HOST_END_MS));
    stdin.off("end", end).off("close", end).off("error", end);
    process.stdout.off("error", end);
    stdin.destroy();
  };
}

/** Path of the socket on which XRT listens for a device process that it has started. */
function spawnedSocket(): string {
  const { USER = "", EMULATION_SOCKETID = "" } = process.env;
  return join(SOCKETS, USER, EMULATION_SOCKETID);
}

/** Listens on a socket and accepts one connection. */
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

/** Connects to a socket; retries while the socket is absent. */
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
