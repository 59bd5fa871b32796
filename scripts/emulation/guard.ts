/**
 * The guard between XRT and the device processes, on a thread of its own in the host's process.
 *
 * XRT waits for ever on the socket of a dead device, in a thread that nobody can interrupt. So XRT is
 * connected to the guard, which lives as long as the host does: it passes calls on, and when the device
 * process dies or does not answer in time it answers in its place, so that every wait ends and every handle
 * can be closed. The host learns from the guard that the device is gone.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { answerWithoutDevice, CALL, callName } from "../../runtime/device/emulation/calls.ts";
import { createFrameReader, requestFrame, responseFrame } from "../../runtime/device/emulation/frames.ts";
import { decodeMessage, encodeMessage, numberOf } from "../../runtime/device/emulation/proto2.ts";

/** What the guard is told at its start. */
export interface GuardOptions {
  /** The socket that XRT connects to. */
  readonly socket: string;
  /** One number a device: {@linkcode GUARD_STATE}. */
  readonly states: Int32Array<SharedArrayBuffer>;
  /** Longest wait for the answer to a call, in milliseconds. */
  readonly timeoutMs: number;
}

/** What is known of a device. */
export const GUARD_STATE = { none: 0, alive: 1, gone: 2 } as const;

/** What the host says. */
export type GuardCommand =
  | { readonly kind: "expect"; readonly device: number; readonly path: string }
  | { readonly kind: "loaded"; readonly device: number }
  | { readonly kind: "give up"; readonly device: number; readonly why: string }
  | { readonly kind: "release"; readonly device: number };

/** What the guard says. */
export type GuardEvent =
  | { readonly kind: "ready" }
  | { readonly kind: "expected"; readonly device: number }
  | { readonly kind: "gone"; readonly device: number; readonly why: string }
  | { readonly kind: "released"; readonly device: number };

/** A device behind the guard. */
interface Link {
  readonly device: number;
  path: string;
  host: Socket | undefined;
  card: Socket | undefined;
  /** Device process that is told to end. */
  releasing: Socket | undefined;
  /** Whether XRT has ended the emulation; the answer to that is the last one. */
  ending: boolean;
  /** The call that waits for its answer, and since when. */
  waiting: { call: number; message: Uint8Array; since: number } | undefined;
  gone: boolean;
  /** Calls of XRT up to the end of its loading: they bring another device process to the same state. */
  readonly setup: Uint8Array[];
  /** Whether XRT is still loading. */
  loading: boolean;
  /** Calls of the setup that a new device process has not answered yet. */
  replay: Uint8Array[];
}

/** Longest wait for a device process that is told to end, in milliseconds. */
const RELEASE_MS = 2000;

/** Runs the guard on this thread. */
export function runGuard(): void {
  const port = parentPort!;
  const { socket: path, states, timeoutMs } = workerData as GuardOptions;
  const links = new Map<number, Link>();
  const expected: Link[] = [];
  const tell = (event: GuardEvent) => port.postMessage(event);

  /** From now on the guard answers. */
  const giveUp = (link: Link, why: string) => {
    if (link.gone) return;
    link.gone = true;
    Atomics.store(states, link.device, GUARD_STATE.gone);
    link.card?.destroy();
    answerWaiting(link);
    tell({ kind: "gone", device: link.device, why });
    if (link.replay.length > 0) tell({ kind: "expected", device: link.device });
    link.replay = [];
  };

  const answerWaiting = (link: Link) => {
    const { waiting } = link;
    if (waiting === undefined || !link.gone) return;
    answered(link, responseFrame(answerWithoutDevice(waiting.call, decodeMessage(waiting.message))));
  };

  /** Passes an answer on. After the last one XRT may keep its end of the socket open, and never reads again. */
  const answered = (link: Link, frame: Uint8Array) => {
    link.waiting = undefined;
    link.host?.write(frame);
    if (link.ending) link.host?.end();
  };

  const during = ({ waiting }: Link) =>
    waiting === undefined ? "between calls" : `during ${callName(waiting.call)}`;

  /** Makes the next call of the setup; after the last one the device process is as XRT knows it. */
  const replayNext = (link: Link) => {
    const next = link.replay[0];
    if (next === undefined) tell({ kind: "expected", device: link.device });
    else link.card!.write(next);
  };

  /** Ends a device process as XRT does; XRT keeps its connection, and the guard answers there. */
  const release = (link: Link, card: Socket) => {
    [link.gone, link.card, link.releasing] = [true, undefined, card];
    Atomics.store(states, link.device, GUARD_STATE.gone);
    card.write(requestFrame(CALL.close, encodeMessage([[3, true]])));
    // A process that does not end by itself is ended by the host.
    setTimeout(() => card.destroy(), Math.min(timeoutMs, RELEASE_MS)).unref();
  };

  const released = (link: Link) => {
    link.releasing = undefined;
    tell({ kind: "released", device: link.device });
  };

  /** Connects a link to its device process. */
  const attach = (link: Link) => {
    const responses = createFrameReader("response");
    const card = connect(link.path);
    link.card = card;
    card.on("data", (piece: Uint8Array) => {
      for (const { whole } of responses(piece)) {
        if (link.card !== card) return;
        if (link.replay.length === 0) answered(link, whole.slice());
        else {
          link.replay.shift();
          replayNext(link);
        }
      }
    });
    card.on("error", () => {});
    card.on("close", () => {
      if (link.card === card) giveUp(link, `its process ended ${during(link)}`);
      else if (link.releasing === card) released(link);
    });
  };

  const linkUp = (link: Link, host: Socket) => {
    link.host = host;
    const requests = createFrameReader("request");
    attach(link);
    host.on("data", (piece: Uint8Array) => {
      for (const { call, message, whole } of requests(piece)) {
        link.waiting = { call, message, since: performance.now() };
        link.ending ||= call === CALL.close && numberOf(decodeMessage(message), 3) !== 0;
        if (link.loading) link.setup.push(whole.slice());
        if (link.gone) answerWaiting(link);
        else link.card!.write(whole.slice());
      }
    });
    const over = () => {
      if (links.get(link.device) !== link) return;
      links.delete(link.device);
      link.gone = true;
      link.card?.destroy();
    };
    host.on("error", () => {});
    host.on("close", over);
    host.on("finish", over);
  };

  let server: Server | undefined;
  // XRT removes the socket's file when it closes a device, so each device finds a new one.
  const listen = (done: () => void) => {
    server?.close();
    rmSync(path, { force: true });
    server = createServer((host) => {
      const link = expected.shift();
      if (link === undefined) host.destroy();
      else linkUp(link, host);
    });
    server.listen(path, done);
  };
  setInterval(() => {
    for (const link of links.values()) {
      if (link.waiting !== undefined && !link.gone && performance.now() - link.waiting.since > timeoutMs) {
        giveUp(link, `it did not answer ${during(link)} within ${timeoutMs} ms`);
      }
    }
  }, Math.max(5, Math.min(100, timeoutMs / 4)));

  port.on("message", (command: GuardCommand) => {
    if (command.kind === "expect") {
      const { device, path } = command;
      Atomics.store(states, device, GUARD_STATE.alive);
      const kept = links.get(device);
      if (kept?.host !== undefined && !kept.loading) {
        // XRT keeps its connection; another process is behind it now.
        [kept.path, kept.gone, kept.waiting, kept.replay] = [path, false, undefined, [...kept.setup]];
        attach(kept);
        replayNext(kept);
        return;
      }
      const link: Link = {
        device,
        path,
        host: undefined,
        card: undefined,
        releasing: undefined,
        ending: false,
        waiting: undefined,
        gone: false,
        setup: [],
        loading: true,
        replay: [],
      };
      links.set(device, link);
      expected.push(link);
      listen(() => tell({ kind: "expected", device }));
      return;
    }
    const { device } = command;
    const link = links.get(device);
    if (command.kind === "loaded") {
      if (link !== undefined) link.loading = false;
      return;
    }
    if (command.kind === "give up") {
      if (link !== undefined) giveUp(link, command.why);
      return;
    }
    if (link !== undefined && !link.gone && link.card !== undefined) release(link, link.card);
    else tell({ kind: "released", device });
  });
  tell({ kind: "ready" });
}
