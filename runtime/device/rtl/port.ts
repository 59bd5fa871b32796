/**
 * The port of a build in WebAssembly. Simulation runs on the calling thread, in slices.
 *
 * @module
 */

import { pageCommands } from "../../../kernels/rtl/page_commands.ts";
import { counterAddress } from "../../../kernels/rtl/registers.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { bounded, timedOut, type WaitOptions } from "../../../serialize/wait.ts";
import type { Port } from "../port.ts";
import { createSlices, type Slices } from "../serial.ts";
import { HBM_LATENCY, type RtlCard } from "./card.ts";
import { fillCard, takeAnswers } from "./exchange.ts";

/** Cycle limit for one run. The longest valid runs take some millions. */
const MAX_CYCLES = 2 ** 30;

/**
 * Makes the port of a card.
 *
 * @param card RTL instance after its reset. The port is its only user.
 */
export function createRtlPort(card: RtlCard): Port {
  let sent = 0;
  let isRunning = false;
  let isStopped = false;
  // The rest of an aborted run: its packets are still inside, and their answers are discarded.
  let rest: Promise<void> | undefined;

  /** Runs the packets in the card's input. `check` may throw between slices to abort the run. */
  const run = async (
    packets: number,
    collect: (count: number) => void,
    slices: Slices,
    check: () => void,
  ) => {
    const steps = card.steps(packets, {}, MAX_CYCLES, collect);
    let isInside = false;
    const follow = async (slices: Slices, check: () => void): Promise<void> => {
      for (;;) {
        isInside = false;
        const { done, value } = steps.next();
        isInside = !done;
        if (done) {
          sent += packets;
          isRunning = false;
          return collect(value);
        }
        if (!slices.isDue()) continue;
        await slices.yield();
        check();
      }
    };
    isRunning = true;
    try {
      await follow(slices, check);
    } catch (error) {
      if (isInside) {
        rest = follow(createSlices(), refuseStopped).then(() => rest = undefined);
        // Errors are ignored here, because `settle` reports them.
        rest.catch(() => {});
      } else isRunning = false;
      throw error;
    }
  };

  const refuseStopped = () => {
    if (isStopped) throw new OnpathError("device", "Cannot complete an exchange: the device is closed");
  };

  /** Returns a function that throws after the timeout, an abort or `stop`. */
  const checkOf = ({ signal, timeoutMs }: WaitOptions) => {
    const start = performance.now();
    return () => {
      refuseStopped();
      signal?.throwIfAborted();
      if (timeoutMs === undefined || performance.now() - start <= timeoutMs) return;
      throw timedOut("the RTL", timeoutMs);
    };
  };

  return {
    start: ({ values, memory }) => {
      card.start(values);
      if (memory === undefined) return;
      card.memory.set(memory);
      card.setLatency(HBM_LATENCY);
    },
    load: async ({ tables }, wait) => {
      const slices = createSlices();
      const check = checkOf(wait);
      for (const { table, entries } of tables) {
        card.loadTable(table, entries);
        if (!slices.isDue()) continue;
        await slices.yield();
        check();
      }
    },
    queue: (pages, lastEpoch) => card.queue(pageCommands(pages, lastEpoch)),
    exchange: async ({ input, count, output }, _each, wait) => {
      const slices = createSlices();
      const check = checkOf(wait);
      let [answers, bytes] = [0, 0];
      let failure: unknown;
      // After an answer that does not fit, the run continues until no packet is inside.
      const collect = (found: number) => {
        if (failure !== undefined) return;
        try {
          bytes += takeAnswers(card, output, answers, found);
          answers += found;
        } catch (error) {
          failure = error;
        }
      };
      const checkOnce = () => {
        try {
          check();
        } catch (error) {
          // The caller owns the slots again, so later answers must not be copied into them.
          failure = error;
          throw error;
        }
      };
      for (let done = 0; done < count;) {
        check();
        const packets = fillCard(card, input, done, count);
        await run(packets, collect, slices, checkOnce);
        if (failure !== undefined) throw failure;
        done += packets;
      }
      return { answers, bytes };
    },
    read: (index) => card.read(counterAddress(index)),
    sent: () => sent,
    isRunning: () => isRunning,
    settle: (wait) => rest && bounded("packets in the RTL to leave", rest, wait),
    stop: () => {
      isStopped = true;
    },
    close: async () => {
      await Promise.allSettled([rest]);
    },
  };
}
