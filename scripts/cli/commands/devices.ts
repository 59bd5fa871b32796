/**
 * `devices`: lists the known devices and their numbers.
 *
 * @module
 */

import { print, printJson } from "../context.ts";
import { DEFAULT_DEVICE, DEVICES, PLANNED_DEVICE } from "../devices.ts";
import type { SharedOptions } from "../options.ts";
import { columnTable } from "../text.ts";

/** Prints the profiles of all devices, as a table or as JSON. */
export function listDevices(options: Pick<SharedOptions, "json">): void {
  const profiles = [...DEVICES.values()].map(({ profile }) => profile);
  if (options.json) return printJson({ default: DEFAULT_DEVICE, planned: PLANNED_DEVICE, devices: profiles });
  print(columnTable(
    ["device", "payload bytes", "MHz", "BRAM", "URAM", "instances", "kernels", "description"],
    profiles.map(({ name, payload, clockMHz, bram, uram, instances, kernels, summary }) => [
      name,
      payload,
      clockMHz,
      bram,
      uram,
      instances,
      kernels.join(", "),
      summary,
    ]),
  ));
}
