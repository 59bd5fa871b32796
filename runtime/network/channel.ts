/**
 * Control channel: calls and notices over one TCP connection, in both directions.
 *
 * Either end calls functions of the other by name. The first frame of both ends is a hello with the version.
 *
 * @module
 */

import type { Socket } from "node:net";
import { parseWith, type Schema } from "../../kernels/schema.ts";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, deferred, type WaitOptions } from "../../serialize/wait.ts";
import { plainHost } from "./address.ts";
import { type ControlFrame, frameSpec, type MessageOutcome } from "./control_frame.ts";
import { encodeFrame, FrameReader, MAX_FRAME_BYTES } from "./frames.ts";
import { isPrivateSocket, sameToken } from "./security/options.ts";
import type { PacketKeys } from "./security/packet_keys.ts";

/** Version of the control protocol that this library speaks. */
export const CONTROL_VERSION = 1;

/** Calls of the other end that may be unanswered at once. */
const MAX_PENDING = 256;

/** Bytes that may wait for a slow peer; the connection is closed beyond them. */
const MAX_UNSENT_BYTES = 2 ** 26;

/** Bytes of a frame before the hello, at most: an unknown peer occupies no more. */
const MAX_HELLO_BYTES = 8192;

/** Bytes that wait for a slow client, beyond which a server reads no more of its calls. */
const PAUSE_BYTES = 2 ** 20;

/** Milliseconds in which a peer must say hello. */
export const HELLO_MS = 5000;

/** A function that the other end may call. */
export interface Handler<T = unknown> {
  /** Schema of the argument. */
  readonly schema: Schema<T>;
  /** Runs a call. An `OnpathError` becomes the answer; the value must be one that MessagePack can hold. */
  readonly run: (body: T, channel: Channel) => unknown;
}

/** Functions by name. */
// deno-lint-ignore no-explicit-any -- each handler has its own argument, which its schema checks
export type Handlers = Readonly<Record<string, Handler<any>>>;

/** An open connection. */
export interface Channel {
  /** IP address of the other end. */
  readonly remoteHost: string;
  /** Whether others cannot read the connection: it is TLS, or loopback. */
  readonly isPrivate: boolean;
  /** Keys of the packets between the two ends, once they have agreed on them. */
  keys: PacketKeys | undefined;
  /** Resolves once the connection has ended, with the reason. */
  readonly ended: Promise<string>;
  /**
   * Calls a function of the other end.
   *
   * @throws {OnpathError} The other end's error, with its code; `device` if the connection ends; `timeout`; the
   * signal's reason.
   */
  call(name: string, body: unknown, wait?: WaitOptions): Promise<unknown>;
  /** Calls a function without an answer. Does nothing after the end. */
  notify(name: string, body: unknown): void;
  /** Closes the connection. Further calls have no effect. */
  close(reason?: string): void;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** This end of a channel. */
export interface ChannelEnd {
  /** Whether this end was connected to. A server greets after the other end. */
  readonly isServer?: boolean | undefined;
  /** Token that a client presents, or that a server expects. Default none. */
  readonly token?: string | undefined;
  /** Called with what became of each message. */
  readonly onMessage?: ((outcome: MessageOutcome) => void) | undefined;
}

/**
 * Opens a channel over a connected socket.
 *
 * @param socket Connected socket, which the channel owns.
 * @param role Name of this end in the hello, such as `nic`.
 * @param handlers Functions that the other end may call.
 * @param wait Signal of the hello.
 * @param side Side of the connection, and its token.
 * @returns The channel, after the hello of the other end.
 * @throws {OnpathError} `device` if the connection ends first, or the other end speaks another version or refuses the
 * token; `timeout`.
 */
export async function openChannel(
  socket: Socket,
  role: string,
  handlers: Handlers,
  wait: WaitOptions = {},
  side: ChannelEnd = {},
): Promise<Channel> {
  const { isServer = false, token, onMessage = () => {} } = side;
  const reader = new FrameReader(MAX_HELLO_BYTES);
  const pending = new Map<number, Pending>();
  const greeted = deferred<void>();
  const ended = deferred<string>();
  let isGreeted = false, isEnded = false, nextId = 0, running = 0;

  const end = (reason: string, last?: object) => {
    if (isEnded) return;
    isEnded = true;
    const error = () => new OnpathError("device", `Cannot use the control channel: ${reason}`, { reason });
    greeted.reject(error());
    for (const { reject } of pending.values()) reject(error());
    pending.clear();
    ended.resolve(reason);
    if (last === undefined) socket.destroy();
    else socket.end(encodeFrame(last), () => socket.destroy());
  };
  const refuse = (outcome: MessageOutcome, reason: string) => {
    onMessage(outcome);
    end(reason, { refused: reason });
  };
  const greet = () => {
    const presented = isServer || token === undefined ? {} : { token };
    write({ hello: "onpath.control", version: CONTROL_VERSION, role, ...presented });
  };
  const write = (message: unknown) => {
    if (isEnded) return;
    socket.write(encodeFrame(message));
    if (socket.writableLength > MAX_UNSENT_BYTES) end("the other end reads too slowly");
  };
  const answer = async (name: string, id: number | undefined, body: unknown) => {
    const reply = (message: object) => {
      if (id !== undefined) write({ answer: id, ...message });
    };
    if (running >= MAX_PENDING) {
      onMessage("busy");
      reply({ error: { code: "size", message: `Cannot call ${name}: ${MAX_PENDING} calls are unanswered` } });
      return;
    }
    running++;
    try {
      const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
      if (handler === undefined) {
        throw new OnpathError(
          "packet",
          `Cannot call ${JSON.stringify(name)}: a ${role} has no such function`,
        );
      }
      const value = await handler.run(parseWith(handler.schema, body, "packet", name), channel);
      onMessage(id === undefined ? "notice" : "call");
      reply({ value: value ?? null });
    } catch (error) {
      // A peer must not end the process, whatever it makes a function throw.
      const { code, message } = error instanceof OnpathError
        ? error
        : { code: "device", message: `Cannot run ${name}: it failed, ${String(error)}` };
      onMessage(error instanceof OnpathError ? "refused" : "failed");
      reply({ error: { code, message: message.slice(0, 2000) } });
    } finally {
      running--;
    }
  };
  const takeHello = (version: number, presented: string | undefined) => {
    if (version !== CONTROL_VERSION) {
      refuse("version", `version ${version} is spoken, expected ${CONTROL_VERSION}`);
    } else if (isServer && token !== undefined && !sameToken(presented, token)) {
      refuse("token", "the token is missing or wrong");
    } else {
      onMessage("hello");
      if (isServer && !isGreeted) greet();
      isGreeted = true;
      reader.maxBytes = MAX_FRAME_BYTES;
      greeted.resolve();
    }
  };
  const take = (message: unknown) => {
    let frame: ControlFrame;
    try {
      frame = parseWith(frameSpec, message, "packet", "control message");
    } catch (error) {
      onMessage("invalid");
      throw error;
    }
    if ("refused" in frame) end(`the other end refuses it: ${frame.refused}`);
    else if ("hello" in frame) takeHello(frame.version, frame.token);
    else if (!isGreeted) refuse("early", "a message came before the hello");
    else if ("call" in frame) void answer(frame.call, frame.id, frame.body);
    else if ("notice" in frame) void answer(frame.notice, undefined, frame.body);
    else {
      const call = pending.get(frame.answer);
      pending.delete(frame.answer);
      onMessage(call === undefined ? "stray" : "answer");
      if (call === undefined) return;
      if ("error" in frame) {
        call.reject(new OnpathError(frame.error.code, frame.error.message, { remote: true }));
      } else call.resolve(frame.value);
    }
  };

  const read = (chunk: Uint8Array): unknown[] => {
    try {
      return reader.take(chunk);
    } catch (error) {
      onMessage("frame");
      throw error;
    }
  };

  const channel: Channel = {
    remoteHost: plainHost(socket.remoteAddress ?? ""),
    isPrivate: isPrivateSocket(socket),
    keys: undefined,
    ended: ended.promise,
    call: async (name, body, options = {}) => {
      const id = nextId;
      nextId = (nextId + 1) % 2 ** 32;
      const { promise, resolve, reject } = deferred<unknown>();
      options.signal?.throwIfAborted();
      if (isEnded) throw new OnpathError("device", `Cannot call ${name}: the control channel has ended`);
      pending.set(id, { resolve, reject });
      write({ call: name, id, body });
      try {
        return await bounded(`the answer to ${name}`, promise, options);
      } finally {
        pending.delete(id);
      }
    },
    notify: (name, body) => write({ notice: name, body }),
    close: (reason = "it was closed") => {
      if (!isEnded) socket.end();
      end(reason);
    },
  };
  greeted.promise.catch(() => {});
  socket.setNoDelay(true);
  socket.on("error", (error) => end(error.message));
  socket.on("close", () => {
    if (!isEnded && reader.isWithinFrame) onMessage("cut");
    end("the other end closed the connection");
  });
  socket.on("drain", () => socket.resume());
  socket.on("data", (chunk: Uint8Array) => {
    try {
      // Byte strings of messages are views of a plain array, whose `slice` copies, and not of a Buffer.
      const plain = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
      const messages = read(plain);
      for (const message of messages) if (!isEnded) take(message);
      // Clients always read, so that the two ends do not stop for each other.
      if (isServer && !isEnded && socket.writableLength > PAUSE_BYTES) socket.pause();
    } catch (error) {
      if (!(error instanceof OnpathError)) throw error;
      end(error.message);
    }
  });
  if (!isServer) greet();
  try {
    await bounded("the hello of the other end", greeted.promise, {
      timeoutMs: Math.min(HELLO_MS, wait.timeoutMs ?? HELLO_MS),
      signal: wait.signal,
    });
  } catch (error) {
    end("it was not opened");
    throw error;
  }
  return channel;
}
