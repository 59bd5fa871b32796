/**
 * Lists the XRT library and the devices: `onpath xrt list`.
 *
 * @module
 */

import { emulationMode } from "../../../runtime/device/xrt/binding/environment.ts";
import { listXrtDevices } from "../../../runtime/device/xrt/binding/devices.ts";
import { openXrt } from "../../../runtime/device/xrt/binding/library.ts";
import { print, printJson } from "../context.ts";
import { columnTable } from "../text.ts";
import { startEmulation } from "../../emulation/emulation.ts";
import { emulationProgram, type XrtFlags } from "../../xrt/open.ts";

/** Prints the path and version of the library, and all devices. */
export async function xrtList({ json, emulate }: XrtFlags): Promise<void> {
  await using _ = emulate ? await startEmulation({ program: emulationProgram(), devices: 2 }) : null;
  const { path, version, provider } = await openXrt();
  const devices = listXrtDevices();
  const mode = emulationMode();
  if (json) return printJson({ library: { path, version, provider: provider.name }, mode, devices });
  print(`XRT ${version?.join(".") ?? "of unknown version"}: ${path}, mode ${mode}\n\n`);
  if (devices.length === 0) return print("No card of Xilinx or AMD is on the PCIe bus.\n");
  print(columnTable(
    ["index", "address", "driver", "platform"],
    devices.map(({ index, bdf, driver, name }) => [String(index ?? "-"), bdf ?? "-", driver ?? "none", name]),
  ));
}
