import { createRtlDevice } from "../../runtime/mod.ts";
import { deviceSuite } from "./device_suite.ts";

deviceSuite("rtl", createRtlDevice);
