/**
 * Plans and addresses of both ends of a path.
 *
 * @module
 */

import type { Command } from "commander";
import { basename } from "node:path";
import { type Address, parseAddress } from "../../../runtime/network/address.ts";
import { loadResources } from "../../network/resources.ts";
import { loadSamples, type NamedPlan } from "../../network/samples.ts";
import { readLines } from "../../network/stdin.ts";
import type { Context } from "../context.ts";
import { cardDevice } from "../devices.ts";
import { loadPlan } from "../documents.ts";
import { EXIT } from "../failures.ts";
import type { EndOptions, SendCommandOptions } from "./network_options.ts";

/** Ends the command, because its options do not fit together. */
export function refuseUse(command: Command, message: string): never {
  return command.error(`error: ${message}`, { exitCode: EXIT.usage, code: "onpath.use" });
}

/**
 * Loads the plans that the options name, with their resources.
 *
 * @param options Plans or samples, vocabularies and device.
 * @param command Reports wrong use.
 * @param context Provides the photograph and the abort signal.
 * @throws {OnpathError} As `loadSamples`, `loadPlan` and `loadResources`.
 */
export async function loadPlans(
  { plan: files = [], samples, vocab, device, nic }: EndOptions,
  command: Command,
  { photo, signal }: Context,
): Promise<NamedPlan[]> {
  if (nic === undefined) refuseUse(command, "required option '--nic <address>' not specified");
  if ((files.length === 0) === (samples === undefined)) {
    refuseUse(command, "expected either --plan <file> or --samples");
  }
  if (samples === undefined && device !== undefined) {
    refuseUse(command, "--device is for --samples, a plan has its device");
  }
  if (samples !== undefined) {
    const { profile } = await cardDevice({ device }, signal);
    return await loadSamples(samples, { photo, device: profile, signal });
  }
  const resourcesOf = await loadResources(vocab, signal);
  const plans: NamedPlan[] = [];
  for (const file of files) {
    const plan = await loadPlan(file, signal);
    plans.push({ name: basename(file), plan, resources: await resourcesOf(plan) });
  }
  return plans;
}

/**
 * Returns the addresses of the NIC and the receiver. `-` stands for the next line of standard input.
 *
 * @throws {OnpathError} `size` if a line is no address; `device` if standard input ends; the signal's reason.
 */
export async function addressesOf(
  { nic, receiver }: Pick<SendCommandOptions, "nic" | "receiver">,
  command: Command,
  signal: AbortSignal,
): Promise<{ readonly nic: Address; readonly receiver: Address | undefined }> {
  const named = [nic, receiver];
  const lines = await readLines(named.filter((each) => each === "-").length, signal);
  const [nicAddress, receiverAddress] = named.map((each) =>
    each === "-" ? parseAddress(lines.shift()!) : each
  );
  if (nicAddress === undefined) refuseUse(command, "required option '--nic <address>' not specified");
  return { nic: nicAddress, receiver: receiverAddress };
}
