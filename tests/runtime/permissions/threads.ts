/**
 * A batch of images on two threads, under whatever permissions this process has. The device stays open.
 *
 * @module
 */

import assert from "node:assert/strict";
import { compile } from "../../../kernels/compile.ts";
import { createCpuDevice } from "../../../runtime/device/cpu/device.ts";
import { Session } from "../../../runtime/session.ts";
import { noise } from "../../support/images.ts";

const image = noise(1, 20, 30, 3, 1);
const device = createCpuDevice({ workers: 2 });
const plan = compile({ steps: [{ op: "resize", size: [8, 8] }] }, { input: image, device });
const session = await Session.open(plan, device);
const { report } = await session.runMany([image, image, image]);
assert.equal(report.direct, 3);
console.log("done");
