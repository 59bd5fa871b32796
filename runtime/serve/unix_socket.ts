/**
 * Path of a Unix socket to listen on. The file of a running server, of another program and of another kind stays;
 * that of a server of ours which ended without removing it is replaced.
 *
 * A file beside the socket, `<path>.onpath`, holds the number of the socket's inode, so ours is known.
 *
 * @module
 */

import { lstat, readFile, unlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { OnpathError } from "../../serialize/errors.ts";

/** Longest path of a socket, in bytes: `sun_path` of Linux, less its zero. */
const MAX_PATH_BYTES = 107;

/** Milliseconds in which a server takes a connection. */
const CONNECT_MS = 1000;

/** Path that is free to listen on. */
export interface SocketClaim {
  /** Marks the socket as ours, once it is there. */
  readonly mark: () => Promise<void>;
  /** Removes the mark, and the socket if the server left it. */
  readonly release: () => Promise<void>;
}

/**
 * Makes a path free, if a server of ours left a socket there.
 *
 * @param path Path of the socket.
 * @throws {OnpathError} `device` if something else is there, or the path is too long.
 */
export async function claimSocket(path: string): Promise<SocketClaim> {
  const bytes = new TextEncoder().encode(path).length;
  if (bytes < 1 || bytes > MAX_PATH_BYTES || path.includes("\0")) {
    throw taken(path, `its path has ${bytes} bytes, expected 1 to ${MAX_PATH_BYTES} without zeros`);
  }
  const mark = `${path}.onpath`;
  const found = await lstat(path).catch(ignoreMissing);
  if (found !== undefined) {
    if (!found.isSocket()) throw taken(path, "a file that is no socket is there");
    if (await isAnswered(path)) throw taken(path, "another server listens there");
    const owner = await readFile(mark, "utf8").catch(ignoreMissing);
    if (owner !== String(found.ino)) {
      throw taken(
        path,
        "a socket of another program is there, and nobody listens; remove it if it is not needed",
      );
    }
    await unlink(path).catch(ignoreMissing);
  }
  return {
    mark: async () => await writeFile(mark, String((await lstat(path)).ino)),
    release: async () => {
      const owner = await readFile(mark, "utf8").catch(ignoreMissing);
      const left = await lstat(path).catch(ignoreMissing);
      // Another server may have taken the path meanwhile.
      if (left !== undefined && owner === String(left.ino)) await unlink(path).catch(ignoreMissing);
      if (left === undefined || owner === String(left.ino)) await unlink(mark).catch(ignoreMissing);
    },
  };
}

/** Tests whether a server takes connections at a socket. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    // A server that takes none in time is there all the same.
    socket.setTimeout(CONNECT_MS, () => end(true));
    socket.on("connect", () => end(true));
    socket.on(
      "error",
      (error: Error & { code?: string }) => end(!/ECONNREFUSED|ENOENT/.test(`${error.code} ${error}`)),
    );
  });
}

function taken(path: string, reason: string): OnpathError {
  return new OnpathError("device", `Cannot listen on socket ${path}: ${reason}`, { path });
}

function ignoreMissing(error: Error & { code?: string }): undefined {
  if (error.code !== "ENOENT") throw error;
}
