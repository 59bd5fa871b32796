/**
 * A stream of bytes over TCP from one host to another, as a measure for what a path carries.
 *
 * @module
 */

import { connect, createServer, type Server } from "node:net";
import type { Address } from "../../../../runtime/network/address.ts";
import type { Program } from "./program.ts";

/** Bytes of one write. */
const CHUNK = 65_536;

/** What a stream took. */
export interface Stream {
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * Makes both ends.
 *
 * @param host IP address of this host.
 */
export function openPlainTcp(host: string): Program {
  let server: Server | undefined;
  const listen = async (): Promise<Address> => {
    // The end of a stream is answered with one byte, once all of it has been read.
    server ??= createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", () => {});
      socket.on("end", () => socket.end(new Uint8Array(1)));
    });
    await new Promise<void>((resolve) => server!.listen(0, host, resolve));
    return { host, port: (server.address() as { port: number }).port };
  };
  const stream = async ({ to, bytes }: { to: Address; bytes: number }): Promise<Stream> => {
    const chunk = new Uint8Array(CHUNK).map((_, n) => (n * 2_654_435_761) >>> 13);
    const start = performance.now();
    const socket = connect({ port: to.port, host: to.host, allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => {
      socket.on("error", reject);
      socket.on("data", () => resolve());
      socket.on("connect", () => {
        let left = bytes;
        const write = () => {
          while (left > 0) {
            const part = chunk.subarray(0, Math.min(left, CHUNK));
            left -= part.length;
            if (!socket.write(part) && left > 0) return void socket.once("drain", write);
          }
          socket.end();
        };
        write();
      });
    });
    socket.destroy();
    return { bytes, milliseconds: performance.now() - start };
  };
  return {
    calls: { tcpListen: listen, tcpSend: stream },
    close: () => new Promise((resolve) => server === undefined ? resolve() : server.close(() => resolve())),
  };
}
