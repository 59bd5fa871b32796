/**
 * Guard between XRT and the device processes: a worker thread of the host's process.
 *
 * XRT waits without limit on the socket of a dead device, in a thread that cannot be interrupted. So XRT connects
 * to the guard, which lives as long as the host. The guard forwards calls. If the device process ends, or a call
 * times out, the guard answers in its place. So every wait ends, and every handle can be closed. The guard
 * reports the lost device to the host.
 *
 * @module
 */

import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { answerWithoutDevice, CALL, callName } from "../../runtime/device/emulation/calls.ts";
import { createFrameReader, requestFrame, responseFrame } from "../../runtime/device/emulation/frames.ts";
import { decodeMessage, encodeMessage, numberOf } from "../../runtime/device/emulation/proto2.ts";

/** Start parameters of the guard. */
export interface GuardOptions {
  /** Path of the socket that XRT connects to. */
  readonly socket: string;
  /** State of each device, a value of {@linkcode GUARD_STATE}. Shared with the host, which only reads. */
  readonly states: Int32Array<SharedArrayBuffer>;
  /** Timeout for the response to a call, in milliseconds. */
  readonly timeoutMs: number;
}

/** States of a device: never started, usable, or lost. */
export const GUARD_STATE = { none: 0, alive: 1, gone: 2 } as const;

/** Messages from the host to the guard. */
export type GuardCommand =
  | { readonly kind: "expect"; readonly device: number; readonly path: string }
  | { readonly kind: "loaded"; readonly device: number }
  | { readonly kind: "give up"; readonly device: number; readonly why: string }
  | { readonly kind: "release"; readonly device: number };

/** Messages from the guard to the host. */
export type GuardEvent =
  | { readonly kind: "ready" }
  | { readonly kind: "expected"; readonly device: number }
  | { readonly kind: "gone"; readonly device: number; readonly why: string }
  | { readonly kind: "released"; readonly device: number };

/** Connections and state of one device. */
interface Link {
  readonly device: number;
  /** Path of the device process's socket. */
  path: string;
  /** Connection of XRT. */
  host: Socket | undefined;
  /** Connection to the device process. */
  card: Socket | undefined;
  /** Connection to a device process that has received the request to end. */
  releasing: Socket | undefined;
  /** Whether XRT has ended the emulation. The response to that call is the last one. */
  ending: boolean;
  /** Call in flight, and its start as `performance.now()`. */
  waiting: { call: number; message: Uint8Array; since: number } | undefined;
  /** Whether the device process is lost. Then the guard answers. */
  gone: boolean;
  /** Requests of XRT up to the end of the load. Repeated, they bring a new device process to the same state. */
  readonly setup: Uint8Array[];
  /** Whether the load of the xclbin is in flight. */
  loading: boolean;
  /** Requests of `setup` that a new device process has not answered yet. */
  replay: Uint8Array[];
}

/** Timeout in milliseconds for a device process to end on request. */
const RELEASE_MS = 2000;

/** Runs the guard on this thread. */
export function runGuard(): void {
  const port = parentPort!;
  const { socket: path, states, timeoutMs } = workerData as GuardOptions;
  const links = new Map<number, Link>();
  const expected: Link[] = [];
  const send = (event: GuardEvent) => port.postMessage(event);

  /** Marks a device as lost. From now on the guard answers. */
  const giveUp = (link: Link, why: string) => {
    if (link.gone) return;
    link.gone = true;
    Atomics.store(states, link.device, GUARD_STATE.gone);
    link.card?.destroy();
    answerWaiting(link);
    send({ kind: "gone", device: link.device, why });
    if (link.replay.length > 0) send({ kind: "expected", device: link.device });
    link.replay = [];
  };

  /** Answers the call in flight of a lost device. */
  const answerWaiting = (link: Link) => {
    const { waiting } = link;
    if (waiting === undefined || !link.gone) return;
    answered(link, responseFrame(answerWithoutDevice(waiting.call, decodeMessage(waiting.message))));
  };

  /** Forwards a response. After the last one XRT may keep the socket open without reading, so the guard closes it. */
  const answered = (link: Link, frame: Uint8Array) => {
    link.waiting = undefined;
    link.host?.write(frame);
    if (link.ending) link.host?.end();
  };

  const during = ({ waiting }: Link) =>
    waiting === undefined ? "between calls" : `during ${callName(waiting.call)}`;

  /** Sends the next request of the setup. After the last one the device process has the state that XRT expects. */
  const replayNext = (link: Link) => {
    const next = link.replay[0];
    if (next === undefined) send({ kind: "expected", device: link.device });
    else link.card!.write(next);
  };

  /** Ends a device process with XRT's own request. XRT's connection stays open, and the guard answers there. */
  const release = (link: Link, card: Socket) => {
    [link.gone, link.card, link.releasing] = [true, undefined, card];
    Atomics.store(states, link.device, GUARD_STATE.gone);
    card.write(requestFrame(CALL.close, encodeMessage([[3, true]])));
    // The host kills a device process that does not end.
    setTimeout(() => card.destroy(), Math.min(timeoutMs, RELEASE_MS)).unref();
  };

  const released = (link: Link) => {
    link.releasing = undefined;
    send({ kind: "released", device: link.device });
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

  /** Connects XRT to a device. */
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
  // XRT removes the socket's file when it closes a device, so each device gets a new file.
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
        // XRT's connection stays open. The guard connects it to the new device process.
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
      listen(() => send({ kind: "expected", device }));
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
    else send({ kind: "released", device });
  });
  send({ kind: "ready" });
}
