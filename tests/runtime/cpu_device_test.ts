import { createCpuDevice } from "../../runtime/device/cpu/device.ts";
import { deviceSuite } from "./device_suite.ts";

deviceSuite("cpu", () => createCpuDevice(), { isDirect: true });
deviceSuite("cpu by packets", () => ({ ...createCpuDevice(), compute: undefined }));
