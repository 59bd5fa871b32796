/**
 * Ends of control channels: a server, and a connection to one.
 *
 * @module
 */

import { connect, createServer, type Server, type Socket } from "node:net";
import { OnpathError } from "../../serialize/errors.ts";
import { bounded, type WaitOptions } from "../../serialize/wait.ts";
import { type Address, formatAddress } from "./address.ts";
import { type Channel, type Handlers, openChannel } from "./channel.ts";

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
  /** Called when a connection has ended. */
  readonly onEnd?: ((channel: Channel) => void) | undefined;
}

/** A server of control channels. */
export interface ControlServer {
  /** Address that it listens at. */
  readonly local: Address;
  /** Open channels. */
  readonly channels: ReadonlySet<Channel>;
  /** Connections that were refused or ended before their hello. */
  readonly refused: number;
  /** Closes the server and all channels. */
  close(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @throws {OnpathError} `device` if the address cannot be used; `timeout`; the signal's reason.
 */
export async function serveControl(options: ControlOptions, wait: WaitOptions = {}): Promise<ControlServer> {
  const { listen, role, handlers, maxConnections = MAX_CONNECTIONS, onEnd } = options;
  wait.signal?.throwIfAborted();
  const channels = new Set<Channel>();
  const sockets = new Set<Socket>();
  let refused = 0;
  const accept = async (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (sockets.size > maxConnections) {
      refused++;
      socket.destroy();
      return;
    }
    try {
      const channel = await openChannel(socket, role, handlers);
      channels.add(channel);
      void channel.ended.then(() => {
        channels.delete(channel);
        onEnd?.(channel);
      });
    } catch (error) {
      if (!(error instanceof OnpathError)) throw error;
      refused++;
    }
  };
  const server: Server = createServer((socket) => void accept(socket));
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
    get refused() {
      return refused;
    },
    close: () => {
      for (const channel of [...channels]) channel.close("the server was closed");
      for (const socket of [...sockets]) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/**
 * Connects to a server.
 *
 * @param to Address of the server.
 * @param role Name of this end in the hello.
 * @param handlers Functions that the server may call.
 * @throws {OnpathError} `device` if nothing listens there or it speaks another version; `timeout`; the signal's reason.
 */
export async function connectControl(
  to: Address,
  role: string,
  handlers: Handlers,
  wait: WaitOptions = {},
): Promise<Channel> {
  wait.signal?.throwIfAborted();
  const socket = connect({ port: to.port, host: to.host });
  const connected = new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", resolve);
  });
  try {
    await bounded(`a connection to ${formatAddress(to)}`, connected, wait);
  } catch (cause) {
    socket.destroy();
    if (cause instanceof OnpathError || wait.signal?.aborted) throw cause;
    throw new OnpathError(
      "device",
      `Cannot connect to ${formatAddress(to)}: ${(cause as Error).message}`,
      { address: formatAddress(to) },
      { cause },
    );
  }
  return await openChannel(socket, role, handlers, wait);
}
