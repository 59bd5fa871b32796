// Sockets in another process: which kind it has, or all behaviours that the kinds share.
import { readdirSync } from "node:fs";
import process from "node:process";
import { openDatagram } from "../../../../runtime/network/datagram.ts";
import { openLinuxDatagram } from "../../../../runtime/network/socket/linux.ts";
import { openPortableDatagram } from "../../../../runtime/network/socket/portable.ts";
import { SOCKET_CASES } from "../socket_cases.ts";

const [task, kind] = process.argv.slice(2);
if (task === "kind") {
  const socket = await openDatagram({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
  console.log(JSON.stringify({ kind: socket.kind, fallbackReason: socket.fallbackReason }));
  await socket.close();
} else {
  const open = kind === "linux" ? openLinuxDatagram : openPortableDatagram;
  // The first socket loads the library.
  const first = await open({ listen: { host: "127.0.0.1", port: 0 }, onDatagrams: () => {} });
  await first.close();
  const before = readdirSync("/proc/self/fd").length;
  const failures: string[] = [];
  for (const { name, run } of SOCKET_CASES) {
    try {
      await run(open);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).stack}`);
    }
  }
  const leaked = readdirSync("/proc/self/fd").length - before;
  console.log(JSON.stringify({ kind: first.kind, failures, leaked }));
}
