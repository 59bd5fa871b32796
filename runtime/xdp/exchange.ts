/**
 * One exchange over datagrams: a window of requests in flight. The kernel's counters of drops end it as soon as every
 * request is answered or dropped, without a wait for answers that never come.
 *
 * @module
 */

import type { Exchange } from "../../kernels/program.ts";
import { createSlices, yieldToEventLoop } from "../device/serial.ts";
import type { Datagrams } from "./datagrams.ts";

/** Maximum requests in flight: a quarter of the ring of a veth interface. */
const WINDOW = 64;
/** Milliseconds of polling before the loop waits for a timer between polls. */
const POLL_MS = 2;

/** Socket, and the time after which requests in flight count as lost. */
export interface DatagramLink extends Datagrams {
  /** Milliseconds without any answer or drop. */
  readonly lostAfterMs: number;
}

/** What an exchange looks at while it runs. */
export interface ExchangeWatch {
  /** Counts the packets that the kernel has dropped. */
  readonly drops: () => number;
  /** Throws if the exchange must end. */
  readonly check: () => void;
}

/**
 * Sends requests and collects their answers.
 *
 * @param link Socket.
 * @param exchange Requests, and slots for the answers.
 * @param room Bytes that each datagram has at least, so that its answer fits.
 * @param watch Counter of drops, and the reason to stop.
 * @returns Number of answers.
 */
export async function exchangeDatagrams(
  link: DatagramLink,
  { input, count, output }: Exchange,
  room: number,
  watch: ExchangeWatch,
): Promise<number> {
  // Answers to an earlier exchange that was aborted.
  link.drain();
  const before = watch.drops();
  let [sent, answers, dropped, lost] = [0, 0, 0, 0];
  let active = performance.now();
  const slices = createSlices();
  while (true) {
    watch.check();
    const ended = answers + dropped + lost;
    const free = Math.min(count - sent, WINDOW - (sent - ended));
    if (free > 0) sent += link.send(input, sent, free, room);
    const { packets, any } = link.receive(output, answers);
    answers += packets;
    if (any) {
      active = performance.now();
      if (slices.isDue()) await slices.yield();
      continue;
    }
    const now = watch.drops() - before;
    if (now > dropped) active = performance.now();
    dropped = now;
    if (answers + dropped + lost >= sent) {
      if (sent === count || answers === output.slots) return answers;
      continue;
    }
    const idle = performance.now() - active;
    if (idle > link.lostAfterMs) {
      lost = sent - answers - dropped;
      active = performance.now();
    } else if (idle > POLL_MS) await new Promise((resolve) => setTimeout(resolve, 1));
    else await yieldToEventLoop();
  }
}
