import { createRtlDevice } from "../../runtime/device/rtl/device.ts";
import { deviceSuite } from "./device_suite.ts";

deviceSuite("rtl", createRtlDevice);
