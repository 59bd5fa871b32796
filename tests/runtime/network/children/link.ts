// One end of a link of real hosts: a receiver prints a digest of what arrived, a sender its counts.
import { createHash } from "node:crypto";
import process from "node:process";
import { batchOf, eachDatagram } from "../../../../runtime/network/socket/batch.ts";
import { openLinuxDatagram } from "../../../../runtime/network/socket/linux.ts";

const [role, host, count, size] = process.argv.slice(2) as [string, string, string, string];
const datagrams = Array.from({ length: Number(count) }, (_, n) => new Uint8Array(Number(size)).fill(n));
const digestOf = (all: readonly Uint8Array[]) =>
  all.map((each) => createHash("sha256").update(each).digest("hex")).sort().join();
if (role === "send") {
  const socket = await openLinuxDatagram({ listen: { host: "0.0.0.0", port: 0 }, onDatagrams: () => {} });
  await socket.send(batchOf(datagrams), { host, port: 7000 });
  console.log(JSON.stringify(socket.counts));
  await socket.close();
} else {
  const arrived: Uint8Array[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const onDatagrams = eachDatagram((bytes) => {
    if (arrived.push(bytes.slice()) === datagrams.length) resolve();
  });
  const socket = await openLinuxDatagram({ listen: { host, port: 7000 }, onDatagrams });
  console.log("ready");
  const timer = setTimeout(resolve, 10_000);
  await promise;
  clearTimeout(timer);
  const isEqual = digestOf(arrived) === digestOf(datagrams);
  console.log(JSON.stringify({ arrived: arrived.length, isEqual }));
  await socket.close();
}
