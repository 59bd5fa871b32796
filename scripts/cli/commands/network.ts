/**
 * `network`: three programs on a path, with samples that go through it.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { commandOf } from "../../emulation/environment.ts";
import { type DemoResult, runDemo } from "../../network/demo.ts";
import { type Hosts, hostsLack, openHosts } from "../../network/hosts.ts";
import { SAMPLE_VOCABULARY } from "../../network/samples.ts";
import { packageEncoding } from "../../io/vocabulary.ts";
import { createScreen } from "../../network/live.ts";
import { authenticityText, comparedTable, faultsText, partiesTable } from "../../network/tables.ts";
import { type Context, print, printJson } from "../context.ts";
import { factTable } from "../text.ts";
import { faultsOf, type NetworkOptions } from "./network_options.ts";

/** Packets with `--authenticate`, in a line. */
const AUTHENTICATED = "each carries a MAC of ChaCha20-Poly1305; the control channels agree on the keys";

/** File of this program: beside the scripts, or the npm package's bundle. */
function ownProgram(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith(".ts") ? "../../offload.ts" : "./onpath.js", here);
}

/**
 * Runs the programs and prints how their results compare.
 *
 * @param options Options of the command line.
 * @param context Provides the abort signal.
 * @throws {OnpathError} `packet` if a result differs from the local one.
 */
export async function showNetwork(options: NetworkOptions, { signal }: Context): Promise<void> {
  const { samples, inputs, json, seed, device, loopback, authenticate = false } = options;
  // Processes that download one package at the same time fail, so it is downloaded here.
  if (samples.includes("prompt")) await packageEncoding(SAMPLE_VOCABULARY);
  const { hosts, lack } = await findHosts(loopbackReason(loopback, authenticate), signal);
  const screen = createScreen();
  let result: DemoResult;
  try {
    if (!json) {
      print(factTable([
        ["hosts", hostsText(lack)],
        ...authenticate ? [["packets", AUTHENTICATED] as const] : [],
      ]));
    }
    result = await runDemo({
      program: commandOf(ownProgram()),
      hosts,
      isIPv6: options.ipv6 ?? false,
      samples,
      inputs,
      shared: [
        ...device === undefined ? [] : ["--device", device],
        ...authenticate ? ["--authenticate"] : [],
      ],
      faults: faultWords(options),
      sender: senderWords(options),
      restartNic: options.restartNic ?? false,
      signal,
      onCounts: (counts) =>
        screen.draw(() =>
          [partiesTable(counts) + faultsText(counts), ...authenticate ? [authenticityText(counts)] : []]
            .join("\n") + "\n"
        ),
    });
  } finally {
    screen.clear();
    await hosts?.close();
  }
  if (json) {
    printJson({
      hosts: lack === null ? "namespaces" : "loopback",
      ...(lack === null ? {} : { instead: lack }),
      faults: faultsOf(options) ?? {},
      seed,
      authenticate,
      kills: result.kills,
      inputs: result.samples,
      processes: Object.fromEntries(result.counts),
    });
  } else {
    const faults = faultsText(result.counts);
    const kills = result.kills === 0 ? "" : restartText(result);
    const authenticity = authenticate ? `${authenticityText(result.counts)}\n` : "";
    print(`\n${partiesTable(result.counts)}${faults === "" ? "" : `${faults}\n`}${authenticity}${kills}`);
    print(`\n${comparedTable(result.samples)}`);
  }
  refuseDifferences(result);
}

/**
 * Refuses results that differ from the local ones.
 *
 * @throws {OnpathError} `packet` if one differs, is missing, or came twice.
 */
export function refuseDifferences({ samples }: Pick<DemoResult, "samples">): void {
  const inputs = samples.reduce((sum, { labels }) => sum + labels.length, 0);
  const different = samples.reduce((sum, { equal }) => sum - equal, inputs);
  if (different === 0) return;
  throw new OnpathError(
    "packet",
    `Cannot accept the results: ${different} of ${inputs} differ from the local ones`,
    { different, inputs },
  );
}

/** Reason why the programs run on loopback although namespaces could be made; null if there is none. */
function loopbackReason(isLoopback = false, isAuthenticated: boolean): string | null {
  if (isLoopback) return "--loopback was given";
  return isAuthenticated ? "without TLS, keys of packets cross loopback only" : null;
}

/** Makes namespaces, or gives the reason why the programs run on loopback. */
async function findHosts(
  reason: string | null,
  signal: AbortSignal,
): Promise<{ readonly hosts: Hosts | undefined; readonly lack: string | null }> {
  const lack = reason ?? await hostsLack({ signal });
  if (lack !== null) return { hosts: undefined, lack };
  try {
    return { hosts: await openHosts({ signal }), lack };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof OnpathError)) throw error;
    return { hosts: undefined, lack: error.message };
  }
}

function hostsText(lack: string | null): string {
  return lack === null
    ? "three network namespaces: sender, NIC, receiver, joined by veth pairs"
    : `three processes on loopback: ${lack}`;
}

function restartText({ kills, samples }: DemoResult): string {
  const restarts = samples.reduce((sum, each) => sum + each.restarts, 0);
  const fallbacks = samples.reduce((sum, each) => sum + (each.fallbacks.restart ?? 0), 0);
  return `the NIC was killed ${kills} time${
    kills === 1 ? "" : "s"
  }: flows were registered again ${restarts} times, ` +
    `and the sender completed ${fallbacks}\n`;
}

function faultWords(options: NetworkOptions): string[] {
  const { loss, duplicate, reorder, corrupt, delay, seed } = options;
  return Object.entries({ loss, duplicate, reorder, corrupt, delay, seed })
    .filter(([, value]) => value !== undefined).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

function senderWords({ atOnce, rate, timeout }: NetworkOptions): string[] {
  return [
    ...["--at-once", String(atOnce)],
    ...rate === undefined ? [] : ["--rate", String(rate)],
    ...timeout === undefined ? [] : ["--timeout", String(timeout)],
  ];
}
