// Sockets in another process: which kind it has, its open files, or all behaviours that the kinds share.
import { readdirSync, readlinkSync } from "node:fs";
import process from "node:process";
import { openDatagram } from "../../../../runtime/network/datagram.ts";
import { openLinuxDatagram } from "../../../../runtime/network/socket/linux.ts";
import { openPortableDatagram } from "../../../../runtime/network/socket/portable.ts";
import { SOCKET_CASES } from "../socket_cases.ts";

const [task, kind] = process.argv.slice(2);

/** Open sockets, epolls and eventfds of the process. The runtime opens files of its own caches when it likes. */
function openCount(): number {
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return /^socket:|^anon_inode:\[event/.test(readlinkSync(`/proc/self/fd/${name}`));
    } catch (error) {
      // The folder itself was open while it was listed, and is not now.
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }).length;
}

if (task === "kind") {
  const socket = await openDatagram({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
  console.log(JSON.stringify({ kind: socket.kind, fallbackReason: socket.fallbackReason }));
  await socket.close();
} else if (task === "files") {
  // Open files of the process, before the sockets, with three of them, after them, and after one that is refused.
  const listen = { host: "127.0.0.1", port: 0 };
  const open = () => openDatagram({ listen, onDatagrams: () => {} });
  await (await open()).close();
  const before = openCount(), counts: number[] = [], kinds: string[] = [];
  for (let round = 0; round < 3; round++) {
    const sockets = await Promise.all([open(), open(), open()]);
    kinds.push(...sockets.map((each) => each.kind));
    counts.push(openCount() - before);
    await Promise.all(sockets.map((each) => each.close()));
    counts.push(openCount() - before);
  }
  let refused = false;
  await openDatagram({ listen: { host: "192.0.2.1", port: 0 }, onDatagrams: () => {} })
    .catch(() => refused = true);
  counts.push(openCount() - before);
  console.log(JSON.stringify({ kinds: [...new Set(kinds)], counts, refused }));
} else {
  const open = kind === "linux" ? openLinuxDatagram : openPortableDatagram;
  // The first socket loads the library.
  const first = await open({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
  await first.close();
  const before = openCount();
  const failures: string[] = [];
  for (const { name, run } of SOCKET_CASES) {
    try {
      await run(open);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).stack}`);
    }
  }
  const leaked = openCount() - before;
  console.log(JSON.stringify({ kind: first.kind, failures, leaked }));
}
