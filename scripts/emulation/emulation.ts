/**
 * Emulated cards for this process: environment, guard, and a process for each card that is opened.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import { emulatedXclbin } from "../../runtime/device/emulation/image.ts";
import { openXrt } from "../../runtime/device/xrt/binding/library.ts";
import { XrtDevice } from "../../runtime/device/xrt/binding/device.ts";
import { bounded, DEFAULT_TIMEOUT_MS, type WaitOptions } from "../../serialize/wait.ts";
import { checkInteger, OnpathError } from "../../serialize/errors.ts";
import { commandOf, prepareEnvironment } from "./environment.ts";
import { GUARD_STATE, type GuardCommand, type GuardEvent, type GuardOptions } from "./guard.ts";
import { watchReader } from "./reader.ts";
import { remedyDefect } from "./remedy.ts";
import { keepSignals } from "./signals.ts";

/** Devices of an emulation at most. */
const MAX_DEVICES = 8;

/** How cards are emulated. */
export interface EmulationOptions {
  /** The file that is the guard and the device process: `scripts/emulate.ts`, or what became of it. */
  readonly program: URL;
  /** What is loaded into its cards. Default: the xclbin of what `program` emulates. */
  readonly xclbin?: Uint8Array | undefined;
  /** Number of devices. Default 1. */
  readonly devices?: number | undefined;
  /** Longest wait for the answer to a call of XRT, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** How one card is emulated. */
export interface CardProcessOptions extends WaitOptions {
  /** Its number. Default 0. */
  readonly index?: number | undefined;
  /** What goes wrong, as `parseFaults` reads it. */
  readonly faults?: string | undefined;
  /** A file for its events. */
  readonly trace?: string | undefined;
}

/** An emulated card that is open. */
export interface CardProcess extends AsyncDisposable {
  /** XRT's device. */
  readonly device: XrtDevice;
  /** The number of its process. */
  readonly pid: number;
  /** Why it is gone; undefined while it is there. */
  readonly gone: () => string | undefined;
  /** Gives it up: its process is ended, and every wait in XRT ends. */
  readonly giveUp: (why: string) => void;
  /** Closes the device and ends its process. */
  readonly close: () => Promise<void>;
}

/** The emulation of a process. */
export interface Emulation extends AsyncDisposable {
  /** The folder that holds all that XRT wants. */
  readonly folder: string;
  /** The xclbin of its cards. */
  readonly xclbin: Uint8Array;
  /**
   * Starts a card's process, opens it, and loads the xclbin. XRT connects when it loads, so cards are opened
   * one after another.
   *
   * @throws {OnpathError} `device` when the card is open already, or XRT cannot open it; `timeout`.
   */
  readonly open: (options?: CardProcessOptions) => Promise<CardProcess>;
  /** Closes all cards, and removes everything. */
  readonly close: () => Promise<void>;
}

/**
 * Prepares this process for emulated cards. XRT reads its environment once, so a process has one emulation
 * in its life; cards can be opened again and again.
 *
 * @param options The program, and how many cards.
 * @throws {OnpathError} `device` when XRT's emulation is not installed.
 */
export async function startEmulation(options: EmulationOptions): Promise<Emulation> {
  const { program, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const devices = checkInteger("emulated card count", options.devices ?? 1, 1, MAX_DEVICES);
  const { folder, socket, restore } = prepareEnvironment(devices);
  const states = new Int32Array(new SharedArrayBuffer(4 * devices));
  const guard = new Worker(program, {
    workerData: { socket, states, timeoutMs } satisfies GuardOptions,
  });
  const cards = new Map<number, CardProcess>();
  // XRT keeps a thread for each device that it has opened, so a card that is opened again finds its device.
  const roots = new Map<number, XrtDevice>();
  const reasons = new Map<number, string>();
  const waiting = new Set<(event: GuardEvent) => void>();
  const event = (kind: GuardEvent["kind"], device?: number) =>
    new Promise<void>((resolve) => {
      const listen = (event: GuardEvent) => {
        if (
          event.kind !== kind || (device !== undefined && (event as { device: number }).device !== device)
        ) return;
        waiting.delete(listen);
        resolve();
      };
      waiting.add(listen);
    });
  guard.on("message", (event: GuardEvent) => {
    if (event.kind === "gone") reasons.set(event.device, event.why);
    for (const listen of [...waiting]) listen(event);
  });
  const command = (command: GuardCommand) => guard.postMessage(command);
  const xclbin = options.xclbin ?? emulatedXclbin();
  const children = new Set<ChildProcess>();
  let unwatch: (() => void) | undefined;
  // Nobody is there to be told anything, and XRT may be anywhere: what is ours is removed, and that was it.
  const end = () => {
    for (const child of children) child.kill("SIGKILL");
    restore();
    process.kill(process.pid, "SIGKILL");
  };
  let runs = 0;
  let opening: Promise<unknown> = Promise.resolve();
  try {
    await bounded("the guard of the emulation", event("ready"), { timeoutMs });
  } catch (error) {
    await guard.terminate();
    restore();
    throw error;
  }
  // What is idle keeps no process alive.
  guard.unref();

  /** Closes the devices; the guard answers for device processes that are gone. */
  const closeRoots = () => {
    process.off("exit", closeRoots);
    for (const root of roots.values()) root.close();
    roots.clear();
  };
  // XRT closes what is left open when the process ends, and waits for answers that nobody gives by then.
  process.on("exit", closeRoots);

  /** Opens a card's device and loads the xclbin: once, whatever becomes of the processes behind it. */
  const openRoot = async (index: number, card: CardProcessOptions): Promise<XrtDevice> => {
    const root = await XrtDevice.open({ ...card, index });
    try {
      remedyDefect(root);
      await root.load(xclbin, card);
    } catch (error) {
      root.close();
      throw error;
    }
    command({ kind: "loaded", device: index });
    roots.set(index, root);
    return root;
  };

  const open = async (card: CardProcessOptions): Promise<CardProcess> => {
    const index = checkInteger("emulated card index", card.index ?? 0, 0, devices - 1);
    if (cards.has(index)) throw new OnpathError("device", `Cannot open card ${index}: it is open`, { index });
    const path = join(folder, `card-${index}-${runs++}`);
    const { child, ended } = await startProcess(program, path, card);
    children.add(child);
    void ended.then(() => children.delete(child));
    reasons.delete(index);
    const ready = event("expected", index);
    command({ kind: "expect", device: index, path });
    await bounded("the guard of the emulation", ready, card);
    let device: XrtDevice;
    let root = roots.get(index);
    const { provider } = await openXrt();
    unwatch ??= watchReader(provider, end);
    const giveBack = keepSignals(provider);
    try {
      root ??= await openRoot(index, card);
      device = root.lend();
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      giveBack();
    }
    const gone = () =>
      Atomics.load(states, index) === GUARD_STATE.gone
        ? reasons.get(index) ?? "its process ended"
        : undefined;
    const giveUp = (why: string) => {
      reasons.set(index, why);
      child.kill("SIGKILL");
      command({ kind: "give up", device: index, why });
    };
    const close = async () => {
      if (cards.get(index) !== opened) return;
      cards.delete(index);
      const released = event("released", index);
      try {
        device.close();
        // Work that is under way holds the device; without an answer it ends at once.
        if (!device.freed) giveUp("it was closed with work under way");
        command({ kind: "release", device: index });
        // A signal that has ended the work must not end its clearing up.
        await bounded(`emulated card ${index} to be closed`, released, { timeoutMs: card.timeoutMs });
        await device.settle({ timeoutMs: card.timeoutMs });
      } finally {
        await endProcess(child, ended);
      }
    };
    const opened: CardProcess = {
      device,
      pid: child.pid!,
      gone,
      giveUp,
      close,
      [Symbol.asyncDispose]: close,
    };
    cards.set(index, opened);
    return opened;
  };

  const close = async () => {
    await opening;
    for (const card of [...cards.values()]) await card.close();
    closeRoots();
    unwatch?.();
    await guard.terminate();
    restore();
  };
  return {
    folder,
    xclbin,
    open: (options = {}) => {
      const opened = opening.then(() => open(options));
      opening = opened.catch(() => undefined);
      return opened;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A process, and the promise that it has ended. */
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

/** Starts a device process and waits until it listens. */
async function startProcess(program: URL, path: string, card: CardProcessOptions): Promise<Started> {
  const [command, ...words] = commandOf(program);
  const args = [
    ...words,
    "--listen",
    path,
    "--owned",
    ...(card.faults === undefined ? [] : ["--faults", card.faults]),
    ...(card.trace === undefined ? [] : ["--trace", card.trace]),
  ];
  // In a group of its own: Ctrl-C is for the host, which ends its devices when it has closed them.
  const child = spawn(command!, args, { stdio: ["pipe", "pipe", "inherit"], detached: true });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const first = new Promise<void>((resolve, reject) => {
    child.stdout!.once("data", () => resolve());
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      reject(
        new OnpathError("device", `Cannot start an emulated card: its process ended with ${signal ?? code}`, {
          code,
          signal,
        }),
      ));
  });
  try {
    await bounded("an emulated card to start", first, card);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  child.stdout!.destroy();
  child.unref();
  // Our end of its stdin closes when we end, whatever ends us; it keeps no process alive.
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  return { child, ended };
}

/** Milliseconds that a process has to end by itself. */
const END_MS = 1000;

async function endProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  child.ref();
  await ended;
  clearTimeout(timer);
}
