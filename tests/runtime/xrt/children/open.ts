// Opens a device of a number and says what comes of it; an emconfig.json of two devices stands beside it.
import { writeFileSync } from "node:fs";
import process from "node:process";
import { XrtDevice } from "../../../../runtime/device/xrt/binding/device.ts";
import { failure, tell } from "./support.ts";

const boards = [{ NumBoards: "1", Devices: [{ Name: "onpath_noop", NumDevices: "2" }] }];
if (process.argv[2] !== undefined) {
  writeFileSync(
    "emconfig.json",
    JSON.stringify({ Version: { FileVersion: "2.0" }, Platform: { Boards: boards } }),
  );
}
tell({
  failure: await failure(async () => (await XrtDevice.open({ index: Number(process.argv[2] ?? 0) })).close()),
});
