/**
 * Runs of a plan by packets: a connection with its packet memory, and the loop that sends them.
 *
 * @module
 */

import type { Connection, FlowStream, Opened } from "../kernels/workload.ts";
import { OnpathError } from "../serialize/errors.ts";
import type { Device } from "./device/device.ts";
import { createSerial } from "./device/serial.ts";
import { PacketLoop } from "./packet_loop.ts";
import type { RunOptions } from "./run_options.ts";
import { packetReport, type RunReport } from "./run_report.ts";

/** Packet memory and loop of a session. */
export interface PacketPath<In, Out, Options, Part> {
  /** Loads the program, unless it is loaded. */
  readonly load: (options: RunOptions) => Promise<void>;
  /**
   * Checks inputs. Sends nothing.
   *
   * @returns Function that runs them.
   * @throws {OnpathError} As `Connection.begin`.
   */
  readonly begin: (
    inputs: readonly In[],
    options: RunOptions & Options,
  ) => () => Promise<{ readonly outputs: Out[]; readonly report: RunReport }>;
  /** Starts an input that grows. Undefined if inputs of the workload cannot grow. */
  readonly stream: ((options: RunOptions) => FlowStream<In, Part>) | undefined;
}

/**
 * Reserves packet memory.
 *
 * @param opened Plan with its resources.
 * @param device An open device.
 */
export function createPacketPath<In, Out, Options, Part>(
  { program, connect }: Opened<In, Out, Options, Part>,
  device: Device,
): PacketPath<In, Out, Options, Part> {
  const connection: Connection<In, Out, Options, Part> = connect();
  const loop = new PacketLoop(program, connection, device);
  const { stream } = connection;
  return {
    load: (options) => loop.load(options),
    begin: (inputs, options) => {
      const works = inputs.map((input) => connection.begin(input, options));
      return async () => {
        const flows = works.flatMap((work) => work.flows);
        const account = await loop.run(flows, options);
        const unfinished = flows.filter(({ done }) => !done).length;
        if (unfinished > 0) {
          throw new OnpathError(
            "gap",
            `Cannot complete ${unfinished} of ${flows.length} flows: nothing is left to send`,
            { unfinished },
          );
        }
        const outputs = works.map((work) => work.result());
        return { outputs, report: packetReport(works, account, device.counters()) };
      };
    },
    stream: stream && ((options) => {
      const { push, end } = stream(async (flow) => {
        await loop.run([flow], options);
      });
      // Queued, so that calls run in order even if the caller does not await them.
      const queued = createSerial();
      return { push: (chunk) => queued(() => push(chunk)), end: () => queued(end) };
    }),
  };
}
