/**
 * Emulated cards for this process: environment, guard, and a device process for each open card.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { join, resolve } from "node:path";
import process from "node:process";
import { Worker } from "node:worker_threads";
import type { PlanBuild } from "../../kernels/rtl/builds.ts";
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

/** Maximum devices of an emulation. */
const MAX_DEVICES = 8;

/** Program, xclbin, device count and timeout of an emulation. */
export interface EmulationOptions {
  /** File that runs the guard and the device process: `scripts/emulate.ts`, or its bundle. */
  readonly program: URL;
  /** Xclbin to load into the cards. Default: the emulated card's own. */
  readonly xclbin?: Uint8Array | undefined;
  /** Number of devices, 1 to 8. Default 1. */
  readonly devices?: number | undefined;
  /** Timeout for the response to a call of XRT, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** Index, faults and trace of one emulated card; timeout and abort signal of its opening. */
export interface CardProcessOptions extends WaitOptions {
  /** Index of the device. Default 0. */
  readonly index?: number | undefined;
  /** Faults of the card, in the syntax of `parseFaults`. Default: no faults. */
  readonly faults?: string | undefined;
  /** File to append the card's events to, one JSON object per line. */
  readonly trace?: string | undefined;
  /** Waveform of one of the card's kernels with its movers. */
  readonly wave?: CardWaveFile | undefined;
}

/** Waveform that a device process writes. Plain data. */
export interface CardWaveFile {
  /** Path of the file, which is there once the card is closed. */
  readonly path: string;
  /** Name by which plans request the kernel's build. */
  readonly build: PlanBuild;
  /** Path of the WebAssembly of that build, linked with movers and with waveforms. */
  readonly wasm: string;
  /** First cycle, counted from the reset. */
  readonly first: number;
  /** Cycle behind the last one. */
  readonly end: number;
}

/** Open emulated card. */
export interface CardProcess extends AsyncDisposable {
  /** XRT device with the loaded xclbin. */
  readonly device: XrtDevice;
  /** Process id of the device process. */
  readonly pid: number;
  /** Reason the card was lost; undefined while it is usable. */
  readonly gone: () => string | undefined;
  /** Abandons the card for a reason: kills its device process, so that every wait in XRT ends. */
  readonly giveUp: (why: string) => void;
  /** Closes the device and ends the device process. */
  readonly close: () => Promise<void>;
}

/** Emulation in this process. */
export interface Emulation extends AsyncDisposable {
  /** Temporary folder with the files that XRT reads. */
  readonly folder: string;
  /** Xclbin that the cards load. */
  readonly xclbin: Uint8Array;
  /**
   * Starts a device process, opens the device and loads the xclbin. XRT connects to the process during the
   * load, so cards are opened one at a time.
   *
   * @throws {OnpathError} `device` when the card is already open, or XRT cannot open it; `timeout`.
   */
  readonly open: (options?: CardProcessOptions) => Promise<CardProcess>;
  /** Closes all cards, ends the guard and removes the folder. */
  readonly close: () => Promise<void>;
}

/**
 * Prepares this process for emulated cards. XRT reads its environment once, so only one emulation per process is
 * possible. Its cards can be opened repeatedly.
 *
 * @param options Program, xclbin, device count and timeout.
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
  // XRT keeps a thread for each opened device until the process ends, so each device is opened only once.
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
  // The reader of the output is lost, and XRT may block in any call. So no close is attempted: kill and clean up.
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
  // An idle guard must not keep the host alive.
  guard.unref();

  /** Closes the devices. The guard answers for device processes that have ended. */
  const closeRoots = () => {
    process.off("exit", closeRoots);
    for (const root of roots.values()) root.close();
    roots.clear();
  };
  // At exit XRT closes the devices still open, and waits for answers. By then the guard has ended, so close them now.
  process.on("exit", closeRoots);

  /** Opens a card's device and loads the xclbin. Done once per device, even if its process ends and restarts. */
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
    if (cards.has(index)) {
      throw new OnpathError("device", `Cannot open card ${index}: it is already open`, { index });
    }
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
    const restoreSignals = keepSignals(provider);
    try {
      root ??= await openRoot(index, card);
      device = root.lend();
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      restoreSignals();
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
        // Work in flight delays the release of the device. Without a device process it ends at once.
        if (!device.freed) giveUp("it was closed with work in flight");
        command({ kind: "release", device: index });
        // The abort signal of the opening does not apply to the clean-up.
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

/** Device process, and a promise that resolves when it has ended. */
interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<void>;
}

/** Starts a device process and waits until it listens on its socket. */
async function startProcess(program: URL, path: string, card: CardProcessOptions): Promise<Started> {
  const [command, ...words] = commandOf(program);
  const args = [
    ...words,
    "--listen",
    path,
    "--owned",
    ...(card.faults === undefined ? [] : ["--faults", card.faults]),
    ...(card.trace === undefined ? [] : ["--trace", card.trace]),
    ...(card.wave === undefined ? [] : waveArguments(card.wave)),
  ];
  // A separate process group: Ctrl-C reaches the host alone, which ends the device process after closing the card.
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
  // The pipe to its stdin closes when this process ends for any reason. Unreferenced, it keeps no process alive.
  (child.stdin as { unref?: () => void } | null)?.unref?.();
  return { child, ended };
}

function waveArguments({ path, build, wasm, first, end }: CardWaveFile): string[] {
  return ["--wave", resolve(path), "--wave-build", `${build}:${wasm}`, "--wave-cycles", `${first}:${end}`];
}

/** Milliseconds until a device process that does not exit is killed. */
const END_MS = 1000;

async function endProcess(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
  child.ref();
  await ended;
  clearTimeout(timer);
}
