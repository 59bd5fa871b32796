import { deviceSuite } from "../../device_suite.ts";
import { openDevice, testEnd } from "./cards.ts";

// XRT is loaded into a process once and for all; the tests' own leaks are told from that.
await (await openDevice()).device.close();

deviceSuite("xrt", async () => (await openDevice()).device, { runs: 30 });
testEnd();
