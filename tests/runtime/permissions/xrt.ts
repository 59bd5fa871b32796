/**
 * Opens a device of XRT's mode noop and loads an xclbin, given as bytes; prints what became of it as JSON.
 *
 * @module
 */

import { writeXclbin } from "../../../runtime/device/xrt/xclbin/xclbin_write.ts";
import { XrtDevice } from "../../../runtime/device/xrt/binding/device.ts";
import { OnpathError } from "../../../serialize/errors.ts";

const image = writeXclbin({
  platform: "onpath_noop",
  memories: [{ tag: "bank0", bytes: 2n ** 32n, base: 0n }],
  kernels: [],
});
try {
  using device = await XrtDevice.open();
  await device.load(image);
  console.log(JSON.stringify({ opened: true }));
} catch (error) {
  const found = error instanceof OnpathError ? error.toJSON() : { thrown: String(error) };
  console.log(JSON.stringify(found));
}
