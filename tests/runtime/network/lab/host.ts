/**
 * Program of one host: a sender, a NIC, a receiver, or the wire between them. Its only argument is its options as JSON.
 * It answers calls on its standard input, until that ends.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import type { Calls, HostOptions, Program } from "./program.ts";
import { openReceiving } from "./receiving.ts";
import { openSending } from "./sending.ts";
import { openPlainTcp } from "./plain_tcp.ts";
import { openNic } from "../../../../runtime/network/nic.ts";
import type { RelayFaults } from "../../../../runtime/network/fault_path.ts";
import { openWire, type WireEnd } from "./wire.ts";
import { openWorkloads } from "./workloads.ts";

/** Options of a wire. */
export interface WireOptions {
  readonly role: "wire";
  readonly ends: readonly WireEnd[];
}

async function openNicProgram(options: HostOptions): Promise<Program> {
  const workloads = await openWorkloads(options.workloads, options.isJumbo);
  const nic = await openNic({
    listen: options.nicData,
    control: options.nic,
    jumbo: options.isJumbo,
    resourcesOf: ({ id }) => workloads.find(({ plan }) => plan.id === id)?.resources,
    limits: { programs: 64 },
  });
  return {
    calls: { addresses: () => ({ control: nic.control, data: nic.data }), counts: () => nic.counts() },
    close: () => nic.close(),
  };
}

async function openWireProgram({ ends }: WireOptions): Promise<Program> {
  const wire = await openWire(ends);
  return {
    calls: {
      counts: () => wire.counts(),
      faults: ({ faults, seed }: { faults: RelayFaults; seed: number }) => wire.setFaults(faults, seed),
    },
    close: () => wire.close(),
  };
}

/** Memory of this process in bytes, after a collection. */
function readMemory(): { readonly rss: number; readonly heap: number; readonly external: number } {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heap: heapUsed, external };
}

/** Processor time of this process in milliseconds. */
function readCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function open(options: HostOptions | WireOptions): Promise<Program> {
  if (options.role === "wire") return openWireProgram(options);
  if (options.role === "nic") return openNicProgram(options);
  return options.role === "receiver" ? openReceiving(options) : openSending(options);
}

const options = JSON.parse(process.argv[2]!) as HostOptions | WireOptions;
const program = await open(options);
const tcp = options.role === "wire" ? undefined : openPlainTcp(options.host);
const calls: Calls = { ...tcp?.calls, ...program.calls, memory: readMemory, cpu: readCpu };
const reply = (answer: object) => void process.stdout.write(`${JSON.stringify(answer)}\n`);
const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const { id, name, body } = JSON.parse(line) as { id: number; name: string; body: never };
  try {
    reply({ id, value: await calls[name]!(body) ?? null });
  } catch (error) {
    reply({ id, error: (error as Error).stack ?? String(error) });
  }
});
lines.on("close", async () => {
  await tcp?.close();
  await program.close();
  process.exit(0);
});
reply({ id: 0, value: null });
