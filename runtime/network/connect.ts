/**
 * Ends of control channels: a server, and a connection to one.
 *
 * @module
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { type Address, formatAddress, plainHost } from "./address.ts";
import { type Channel, type Handlers, HELLO_MS, openChannel } from "./channel.ts";
import type { MessageOutcome } from "./control_frame.ts";
import { isPrivateSocket, type Security } from "./security/options.ts";
import { clientTls, serverTls, type TlsOptions } from "./security/tls.ts";

/** Default maximum of connections to one server. */
const MAX_CONNECTIONS = 64;

/** Options of a server. */
export interface ControlOptions {
  /** Address to listen at. */
  readonly listen: Address;
  /** Name of this end in the hello. */
  readonly role: string;
  /** Functions that peers may call. */
  readonly handlers: Handlers;
  /** Maximum connections at once; further ones are closed. Default 64. */
  readonly maxConnections?: number | undefined;
  /** Maximum connections of one host at once. Default three quarters of all. */
  readonly maxPerHost?: number | undefined;
  /** Milliseconds in which a peer must end its handshake of TLS, and say hello. Default 5000 each. */
  readonly helloMs?: number | undefined;
  /** TLS and token that clients must have. Checked by the caller. */
  readonly security?: Security | undefined;
  /** Called when a connection has said hello. */
  readonly onOpen?: ((channel: Channel) => void) | undefined;
  /** Called when a connection has ended. */
  readonly onEnd?: ((channel: Channel) => void) | undefined;
}

/**
 * Reason why a connection was refused. `connections`: the server has too many. `limit`: its host has too many. `tls`: its
 * handshake failed. `hello`: it ended before its hello was accepted.
 */
export type RefusedConnection = "connections" | "limit" | "tls" | "hello";

/** Counts of a server of control channels since it was opened. */
export interface ControlCounts {
  /** Connections that were refused or ended before their hello, by reason. */
  readonly refused: Readonly<Record<RefusedConnection, number>>;
  /** Messages of all connections, by what became of them. */
  readonly messages: Readonly<Partial<Record<MessageOutcome, number>>>;
}

/** A server of control channels. */
export interface ControlServer extends ControlCounts {
  /** Address that it listens at. */
  readonly local: Address;
  /** Open channels. */
  readonly channels: ReadonlySet<Channel>;
  /** Closes the server and all channels. */
  close(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws {OnpathError} `device` if the address cannot be used; `timeout`; the signal's reason.
 */
export async function serveControl(options: ControlOptions, wait: WaitOptions = {}): Promise<ControlServer> {
  const { listen, role, handlers, maxConnections = MAX_CONNECTIONS, security = {}, onOpen, onEnd } = options;
  const { maxPerHost = Math.ceil(3 * maxConnections / 4), helloMs = HELLO_MS } = options;
  wait.signal?.throwIfAborted();
  const channels = new Set<Channel>();
  const sockets = new Map<Socket, string>();
  const refused = { connections: 0, limit: 0, tls: 0, hello: 0 };
  const messages: Partial<Record<MessageOutcome, number>> = {};
  const side = {
    isServer: true,
    token: security.token,
    onMessage: (outcome: MessageOutcome) => messages[outcome] = (messages[outcome] ?? 0) + 1,
  };
  /** Counts a connection that has begun. Returns whether it may go on. */
  const admit = (socket: Socket): boolean => {
    const host = plainHost(socket.remoteAddress ?? "");
    const own = [...sockets.values()].filter((each) => each === host).length;
    const reason = sockets.size >= maxConnections ? "connections" : own >= maxPerHost ? "limit" : undefined;
    if (reason !== undefined) {
      refused[reason]++;
      socket.on("error", () => {});
      socket.destroy();
      return false;
    }
    sockets.set(socket, host);
    socket.once("close", () => sockets.delete(socket));
    return true;
  };
  const greet = async (socket: Socket) => {
    try {
      const channel = await openChannel(socket, role, handlers, { timeoutMs: helloMs }, side);
      channels.add(channel);
      onOpen?.(channel);
      void channel.ended.then(() => {
        channels.delete(channel);
        onEnd?.(channel);
      });
    } catch (error) {
      if (!(error instanceof OnpathError)) throw error;
      refused.hello++;
    }
  };
  const server = security.tls === undefined
    ? createServer((socket) => admit(socket) && void greet(socket))
    : createSecureServer(security.tls, helloMs, admit, greet, () => refused.tls++);
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.host, resolve);
  });
  try {
    await bounded(`a server at ${formatAddress(listen)}`, listening, wait);
  } catch (cause) {
    server.close();
    if (cause instanceof OnpathError || wait.signal?.aborted) throw cause;
    throw new OnpathError(
      "device",
      `Cannot listen at ${formatAddress(listen)}: ${(cause as Error).message}`,
      { address: formatAddress(listen) },
      { cause },
    );
  }
  const { port } = server.address() as { port: number };
  return {
    local: { host: listen.host, port },
    channels,
    refused,
    messages,
    close: () => {
      for (const channel of [...channels]) channel.close("the server was closed");
      for (const socket of sockets.keys()) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Makes a server of TLS. A raw connection comes first, and its handshake has a time limit. */
function createSecureServer(
  tls: TlsOptions,
  handshakeMs: number,
  admit: (socket: Socket) => boolean,
  greet: (socket: Socket) => Promise<void>,
  onFailure: () => void,
): Server {
  const handshakes = new Map<string, ReturnType<typeof setTimeout>>();
  const nameOf = (socket: Socket) => `${socket.remoteAddress} ${socket.remotePort}`;
  const settle = (name: string) => {
    clearTimeout(handshakes.get(name));
    return handshakes.delete(name);
  };
  const server = createTlsServer(serverTls(tls), (socket) => {
    settle(nameOf(socket));
    void greet(socket);
  });
  server.on("connection", (socket: Socket) => {
    if (!admit(socket)) return;
    const name = nameOf(socket);
    handshakes.set(name, setTimeout(() => socket.destroy(), handshakeMs));
    socket.once("close", () => {
      if (settle(name)) onFailure();
    });
  });
  // A handshake that fails is counted as its connection closes.
  server.on("tlsClientError", (_error: Error, socket: Socket) => socket.destroy());
  return server;
}

/**
 * Address from which a party connects: that of its datagrams, by which others know it. Undefined if that is any address,
 * or loopback's first.
 */
export function sourceOf({ host }: Address): string | undefined {
  return ["0.0.0.0", "::", "127.0.0.1", "::1"].includes(host) ? undefined : host;
}

/**
 * Connects to a server.
 *
 * @param to Address of the server.
 * @param role Name of this end in the hello.
 * @param handlers Functions that the server may call.
 * @param wait Timeout and signal.
 * @param security TLS and token that the server expects.
 * @param from IP address of this end. Default the system's choice.
 * @throws {OnpathError} `device` if nothing listens there, a certificate is refused, or it speaks another version;
 * `timeout`; the signal's reason.
 */
export async function connectControl(
  to: Address,
  role: string,
  handlers: Handlers,
  wait: WaitOptions = {},
  { tls, token }: Security = {},
  from?: string,
): Promise<Channel> {
  wait.signal?.throwIfAborted();
  const options = { port: to.port, host: to.host, ...(from === undefined ? {} : { localAddress: from }) };
  const socket: Socket = tls === undefined
    ? connect(options)
    : connectTls({ ...options, ...clientTls(tls, to.host) });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once(tls === undefined ? "connect" : "secureConnect", resolve);
  });
  try {
    await bounded(`a connection to ${formatAddress(to)}`, connected, wait);
    if (token !== undefined && !isPrivateSocket(socket)) {
      throw new OnpathError(
        "device",
        `Cannot present a token to ${formatAddress(to)}: the connection is neither TLS nor loopback`,
      );
    }
  } catch (cause) {
    socket.on("error", () => {});
    socket.destroy();
    if (cause instanceof OnpathError || wait.signal?.aborted) throw cause;
    throw new OnpathError(
      "device",
      `Cannot connect to ${formatAddress(to)}: ${(cause as Error).message}`,
      { address: formatAddress(to) },
      { cause },
    );
  }
  return await openChannel(socket, role, handlers, wait, { token });
}
