/**
 * The packet loop of a session. Each exchange carries packets of all its runs. The loop joins both halves of a flow in
 * one process.
 *
 * Runs are independent. A run that is aborted, times out or fails leaves at once; the others continue.
 *
 * @module
 */

import type { Connection, PagedFlow } from "../kernels/workload.ts";
import type { PageLoad, Program } from "../kernels/program.ts";
import { OnpathError } from "../serialize/errors.ts";
import { OFFSET } from "../serialize/header.ts";
import { slotAddress } from "../serialize/packets.ts";
import { bounded, MAX_TIMEOUT_MS } from "../serialize/wait.ts";
import type { Device } from "./device/device.ts";
import { createSlices } from "./device/serial.ts";
import { createHeldStates, type HeldStates } from "./held_states.ts";
import { checkRunOptions, type RunOptions } from "./run_options.ts";
import { longestTimeout, progressOf, type Run, type RunAccount, watchRuns } from "./run_watch.ts";
import { turns } from "./turns.ts";

/** Exchanges after which a session yields the device to waiting sessions. */
const TURN_EXCHANGES = 16;

/** Runs the flows of a session and its streams. */
export class PacketLoop {
  readonly #program: Program;
  // deno-lint-ignore no-explicit-any -- the loop uses no input and no result
  readonly #connection: Connection<any, any, any, any>;
  readonly #device: Device;
  readonly #runs = new Set<Run>();
  #isRunning = false;
  #needsLoad = false;
  // Number of loads, and the load number at each flow's last write. A later load has lost the flow's device state.
  #loads = 0;
  readonly #loadOf = new WeakMap<PagedFlow, number>();
  readonly #held: HeldStates;
  // Flows of the exchange, with their runs, in the order of their first packets.
  #written: (readonly [Run, PagedFlow])[] = [];
  #broken: OnpathError | undefined;

  /**
   * Makes a loop without runs.
   *
   * @param program Program of the session's plan.
   * @param connection Memory for packets.
   * @param device An open device, which the loop does not close.
   */
  constructor(
    program: Program,
    // deno-lint-ignore no-explicit-any -- as above
    connection: Connection<any, any, any, any>,
    device: Device,
  ) {
    this.#program = program;
    this.#connection = connection;
    this.#device = device;
    this.#held = createHeldStates(connection.maxFlows, connection.stream !== undefined);
  }

  /** Loads the program in a turn on the device, unless it is already loaded. */
  load(options: RunOptions): Promise<void> {
    const { signal } = options;
    const turn = turns(this.#device).run(async () => {
      signal?.throwIfAborted();
      await this.#load(options);
    });
    // Earlier turns end by their own timeouts, so only the signal bounds this wait.
    return bounded(`a turn on device ${this.#device.profile.name}`, turn, {
      timeoutMs: MAX_TIMEOUT_MS,
      signal,
    });
  }

  /**
   * Runs flows until they have nothing to send.
   *
   * @param flows Flows of one run. They are complete afterwards, unless their input still grows.
   * @param options Timeout, signal, retries, progress.
   * @throws {OnpathError} `gap` if answers stay missing, `timeout` or `device` if the device fails; the signal's reason.
   */
  run(flows: readonly PagedFlow[], options: RunOptions): Promise<RunAccount> {
    const { retries } = checkRunOptions(options);
    const { signal } = options;
    signal?.throwIfAborted();
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      const abort = () => run.leave(signal!.reason);
      const run: Run = {
        waiting: [...flows],
        active: new Set(),
        total: flows.length,
        options,
        retries,
        times: { serializeMs: 0, deviceMs: 0, reassembleMs: 0 },
        outcomes: {},
        hasLeft: false,
        leave: (error) => {
          if (run.hasLeft) return;
          run.hasLeft = true;
          signal?.removeEventListener("abort", abort);
          this.#runs.delete(run);
          if (error === undefined) resolve({ times: run.times, outcomes: run.outcomes });
          else reject(error);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#runs.add(run);
      if (!this.#isRunning) void this.#runLoop();
    });
  }

  async #runLoop(): Promise<void> {
    this.#isRunning = true;
    // A device divides one exchange into slices; exchanges shorter than a slice would follow each other without one.
    const slices = createSlices();
    try {
      // Runs that start in the same task share their first exchange.
      await Promise.resolve();
      while (this.#runs.size > 0) {
        await turns(this.#device).run(async (hasWaiters) => {
          for (let count = 0; this.#runs.size > 0; count++) {
            if (count >= TURN_EXCHANGES && hasWaiters()) return;
            await this.#step();
            if (this.#runs.size > 0 && slices.isDue()) await slices.yield();
          }
        });
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Makes one exchange for the current runs. */
  async #step(): Promise<void> {
    const runs = [...this.#runs];
    try {
      await this.#load(longestTimeout(runs));
    } catch (error) {
      this.#fail(error, runs);
      return;
    }
    const start = performance.now();
    const { count, pages, mustReload } = this.#write();
    const serializeMs = performance.now() - start;
    const involved = [...this.#runs].filter((run) => run.active.size > 0);
    for (const run of involved) run.times.serializeMs += serializeMs;
    if (count === 0) return;
    const isAbandoned = () => involved.every(({ hasLeft }) => hasLeft);
    if (mustReload && !isAbandoned()) {
      try {
        await this.#loadProgram(longestTimeout(involved));
      } catch (error) {
        this.#fail(error, involved);
        return;
      }
    }
    if (isAbandoned()) {
      // The packets and page loads are not sent. A load makes the device's pages match the connection's again.
      this.#needsLoad = true;
      return;
    }
    const answers = await this.#exchange(count, pages, involved);
    if (answers === undefined) return;
    const backAt = performance.now();
    try {
      this.#accept(answers, involved);
    } catch (error) {
      this.#fail(error, involved);
      return;
    }
    const reassembleMs = performance.now() - backAt;
    for (const run of involved) {
      if (run.hasLeft) continue;
      run.times.reassembleMs += reassembleMs;
      this.#settle(run);
    }
  }

  /**
   * Writes packets of the active flows in rotation. Flows with nothing to send are finished.
   *
   * An exchange has at most `maxFlows` flows, whose state the device holds, or any number of brief ones.
   */
  #write(): { count: number; pages: readonly PageLoad[]; mustReload: boolean } {
    const { requests, maxFlows } = this.#connection;
    const flows: (readonly [Run, PagedFlow])[] = this.#written = [];
    let count = 0;
    let pages: readonly PageLoad[] = [];
    let mustReload = false;
    const take = (run: Run, flow: PagedFlow) => {
      try {
        return write(flow);
      } catch (error) {
        run.leave(error);
        return false;
      }
    };
    const write = (flow: PagedFlow) => {
      if ((this.#loadOf.get(flow) ?? this.#loads) !== this.#loads) flow.restart();
      this.#loadOf.set(flow, this.#loads);
      const written = flow.write(requests, count, requests.slots - count);
      count += written;
      if (written > 0) this.#held.write(flow);
      if (written > 0 && flow.pages !== undefined) pages = flow.pages;
      if (written > 0 && flow.reloads === true) mustReload = true;
      return written > 0;
    };
    let active = 0, waiting = 0, long = 0;
    for (const run of this.#runs) {
      active += run.active.size;
      waiting += run.waiting.length;
    }
    const isCrowded = active + waiting > maxFlows;
    for (const run of [...this.#runs]) {
      for (const flow of [...run.active]) {
        const isBrief = flow.isBrief === true;
        if (count === requests.slots || take(run, flow)) {
          flows.push([run, flow]);
          if (!isBrief) long++;
        } else {
          run.active.delete(flow);
          active--;
          this.#held.finish(flow);
        }
      }
      if (run.active.size === 0 && run.waiting.length === 0) run.leave();
    }
    for (const run of this.#runs) {
      while (!run.hasLeft && run.waiting.length > 0 && count < requests.slots) {
        const flow = run.waiting[0]!;
        this.#held.resume(flow, isCrowded);
        const isBrief = flow.isBrief === true;
        if (active >= maxFlows && !(isBrief && long === 0)) break;
        run.waiting.shift();
        if (!take(run, flow)) continue;
        run.active.add(flow);
        active++;
        if (!isBrief) long++;
        flows.push([run, flow]);
      }
      if (run.hasLeft) continue;
      if (run.active.size === 0 && run.waiting.length === 0) run.leave();
      // First come, first served.
      if (run.waiting.length > 0) break;
    }
    for (let more = true; more && count < requests.slots;) {
      more = false;
      for (const [run, flow] of flows) {
        if (count === requests.slots) break;
        if (!run.hasLeft && take(run, flow)) more = true;
      }
    }
    return { count, pages, mustReload };
  }

  /** Sends the packets. Returns the number of answers, or undefined after a failure. */
  async #exchange(
    count: number,
    pages: readonly PageLoad[],
    involved: readonly Run[],
  ): Promise<number | undefined> {
    const { requests, answers } = this.#connection;
    const { name } = this.#device.profile;
    const controller = new AbortController();
    const sentAt = performance.now();
    const exchange = { input: requests, count, output: answers, ...(pages.length > 0 ? { pages } : {}) };
    const { timeoutMs } = longestTimeout(involved);
    const watch = watchRuns(name, involved, () => controller.abort());
    let found: number;
    try {
      const { signal } = controller;
      const answered = attempt(() => this.#device.exchange(exchange, { timeoutMs, signal }));
      found = await bounded(`device ${name}`, answered, { timeoutMs });
      if (!Number.isInteger(found) || found < 0 || found > answers.slots) {
        throw new OnpathError(
          "device",
          `Cannot run: device ${name} returned ${found} answers, expected 0 to ${answers.slots}`,
          {
            device: name,
            answers: found,
            most: answers.slots,
          },
        );
      }
    } catch (error) {
      this.#fail(error, involved);
      return undefined;
    } finally {
      watch.stop();
    }
    const deviceMs = performance.now() - sentAt;
    for (const run of involved) run.times.deviceMs += deviceMs;
    return found;
  }

  /** Ends runs after a device failure. The program is loaded again before the next exchange. */
  #fail(error: unknown, involved: readonly Run[]): void {
    for (const run of involved) run.leave(error);
    this.#needsLoad = true;
    if (!(error instanceof OnpathError && error.code === "timeout")) return;
    // After a timeout the device may still write to the session's memory, so the session is unusable.
    this.#broken = new OnpathError(
      "device",
      "Cannot run: an exchange with the device timed out, open a new session",
      {},
      { cause: error },
    );
    for (const run of [...this.#runs]) run.leave(this.#broken);
  }

  #accept(count: number, involved: readonly Run[]): void {
    const { answers } = this.#connection;
    const { view } = answers.engine;
    // Answers mostly come in the order of the requests.
    const written = this.#written;
    let at = 0;
    for (let slot = 0; slot < count; slot++) {
      const number = view.getUint32(slotAddress(answers, slot) + OFFSET.flow, true);
      let [run, flow]: readonly [Run?, PagedFlow?] = [];
      for (let n = 0; n < written.length; n++) {
        const index = at + n < written.length ? at + n : at + n - written.length;
        if (!written[index]![1].owns(number)) continue;
        [run, flow] = written[index]!;
        at = index;
        break;
      }
      if (flow !== undefined) countOutcome(run!, flow.accept(answers, slot));
      else {
        // Any flow refuses an answer of an unknown flow, with the reason as outcome. It counts for all runs.
        for (const each of involved) {
          const [any] = each.active;
          if (any !== undefined) countOutcome(each, any.accept(answers, slot));
        }
      }
    }
  }

  /** Ends an exchange for a run: checks retries and reports progress. */
  #settle(run: Run): void {
    for (const flow of run.active) {
      try {
        flow.settle();
      } catch (error) {
        run.leave(error);
        return;
      }
      if (flow.idle > run.retries) {
        run.leave(flow.gap(run.retries + 1, run.outcomes));
        return;
      }
    }
    const { onProgress } = run.options;
    if (onProgress === undefined) return;
    try {
      onProgress(progressOf(run));
    } catch (error) {
      run.leave(error);
    }
  }

  async #load(options: RunOptions): Promise<void> {
    const loaded = this.#device.loaded();
    const isOurs = loaded === this.#program ||
      (loaded?.plan.id === this.#program.plan.id && !this.#program.restarts);
    if (isOurs && !this.#needsLoad) return;
    await this.#loadProgram(options);
    this.#connection.reset?.();
    this.#loads++;
  }

  async #loadProgram({ timeoutMs, signal }: RunOptions): Promise<void> {
    const { name } = this.#device.profile;
    const loading = attempt(() => this.#device.load(this.#program, { timeoutMs, signal }));
    await bounded(`device ${name} to load plan ${this.#program.plan.id}`, loading, { timeoutMs, signal });
    this.#needsLoad = false;
  }
}

/** Calls a function. An error that it throws becomes a rejection. */
async function attempt<T>(run: () => Promise<T>): Promise<T> {
  return await run();
}

function countOutcome({ outcomes }: Run, outcome: string): void {
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
}
