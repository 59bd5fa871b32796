/**
 * An emulated card on a socket: one call at a time, as XRT makes them.
 *
 * @module
 */

import type { Socket } from "node:net";
import { createFrameReader, responseFrame } from "../../runtime/device/emulation/frames.ts";
import type { EmulatedCard } from "../../runtime/device/emulation/card.ts";

/**
 * Answers calls until the other end goes, or ends the emulation.
 *
 * @param socket The connection.
 * @param card The card.
 * @returns Whether the emulation was ended, rather than the connection.
 * @throws {OnpathError} `packet` when what comes is no frame.
 */
export async function serveCard(socket: Socket, card: EmulatedCard): Promise<boolean> {
  try {
    return await serve(socket, card);
  } catch (error) {
    // A host that was killed leaves answers unread; that is an end of the connection as any other.
    if (BROKEN.includes((error as { code?: string }).code ?? "")) return false;
    throw error;
  }
}

/** How it shows that the other end is gone. */
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
      // A card that hangs holds the connection and says nothing more.
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

/** Writes, and waits until the socket has room again. */
export function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => socket.write(bytes, (error) => error ? reject(error) : resolve()));
}
