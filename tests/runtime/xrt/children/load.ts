// Loads files that are no image for this device.
import { XrtDevice } from "../../../../runtime/device/xrt/binding/device.ts";
import { failure, IMAGE, tell } from "./support.ts";

using device = await XrtDevice.open();
tell({ failure: await failure(() => device.load("nowhere.xclbin")) });
tell({ failure: await failure(() => device.load(new TextEncoder().encode("xclbin".repeat(200)))) });
tell({ failure: await failure(() => device.load(IMAGE)) });
