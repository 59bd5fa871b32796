/**
 * Connections of an HTTP server: their number, clients that send no HTTP, and the end.
 *
 * @module
 */

import type { Server } from "node:http";
import type { Server as SocketServer, Socket } from "node:net";
import { OnpathError } from "../../serialize/errors.ts";

/** Responses to clients whose request cannot be read, by the error's code. */
const REFUSALS: readonly (readonly [code: RegExp, status: string, reason: string])[] = [
  [/REQUEST_TIMEOUT/, "408 Request Timeout", "it did not arrive in time"],
  [/HEADER_OVERFLOW/, "431 Request Header Fields Too Large", "its headers are too long"],
  [/^/, "400 Bad Request", "it is not HTTP/1.1"],
];

/** Answers clients whose request cannot be read, and closes their connections. */
export function refuseUnreadable(server: Server): void {
  server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
    const [, status, reason] = REFUSALS.find(([code]) => code.test(`${error.code} ${error.message}`))!;
    refuseSocket(socket, status, `Cannot read a request: ${reason}`);
  });
}

/** Refuses connections beyond a number. */
export function limitConnections(server: Server, most: number): void {
  let count = 0;
  server.on("connection", (socket: Socket) => {
    count++;
    socket.on("close", () => count--);
    if (count > most) {
      refuseSocket(socket, "503 Service Unavailable", `Cannot take a connection now: ${most} are open`);
    }
  });
}

/** Writes a response without a request, and closes the connection. */
function refuseSocket(socket: Socket, status: string, error: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error });
  const head = [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    ...(status.startsWith("503") ? ["Retry-After: 1"] : []),
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/** Reasons of the operating system, in words. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine does not have the address",
  EACCES: "this user may not",
};

/**
 * Listens.
 *
 * @throws {OnpathError} `device` if the address cannot be used.
 */
export function listen(
  server: SocketServer,
  address: { readonly port: number; readonly host: string } | { readonly path: string },
): Promise<void> {
  const where = "path" in address ? `socket ${address.path}` : `port ${address.port} of ${address.host}`;
  return new Promise((resolve, reject) => {
    const fail = (cause: Error & { code?: string }) =>
      reject(
        new OnpathError(
          "device",
          `Cannot listen on ${where}: ${REASONS[cause.code ?? ""] ?? cause.code ?? cause.message}`,
          { ...address },
          {
            cause,
          },
        ),
      );
    server.once("error", fail);
    server.listen(address, () => {
      server.off("error", fail);
      resolve();
    });
  });
}

/** Stops listening and closes connections without a request; resolves once the others have ended. */
export function stopListening(server: Server): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  return ended;
}
