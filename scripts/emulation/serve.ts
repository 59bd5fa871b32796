/**
 * Emulated card on a socket. XRT makes one call at a time.
 *
 * @module
 */

import type { Socket } from "node:net";
import { createFrameReader, responseFrame } from "../../runtime/device/emulation/frames.ts";
import type { EmulatedCard } from "../../runtime/device/emulation/card.ts";

/**
 * Answers calls until XRT disconnects or ends the emulation.
 *
 * @param socket Connection to XRT or to the guard.
 * @param card Card that answers the calls.
 * @returns True if XRT ended the emulation, false if the connection ended.
 * @throws {OnpathError} `packet` when the received bytes are no frame.
 */
export async function serveCard(socket: Socket, card: EmulatedCard): Promise<boolean> {
  try {
    return await serve(socket, card);
  } catch (error) {
    // A killed host leaves answers unread. That is an ordinary end of the connection.
    if (BROKEN.includes((error as { code?: string }).code ?? "")) return false;
    throw error;
  }
}

/** Error codes of a connection that the other end has closed. */
const BROKEN: readonly string[] = [
  "EPIPE",
  "ECONNRESET",
  "ERR_STREAM_DESTROYED",
  "ERR_STREAM_PREMATURE_CLOSE",
];

async function serve(socket: Socket, card: EmulatedCard): Promise<boolean> {
  const read = createFrameReader("request");
  for await (const piece of socket) {
    for (const { call, message } of read(piece as Uint8Array)) {
      const answer = await card.answer(call, message);
      // The fault `hang`: the connection stays open without answers.
      if (answer === null) continue;
      await write(socket, responseFrame(answer));
      if (card.closed()) {
        socket.end();
        return true;
      }
    }
  }
  return false;
}

/** Writes bytes and waits until the socket has accepted them (back-pressure). */
export function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => socket.write(bytes, (error) => error ? reject(error) : resolve()));
}
