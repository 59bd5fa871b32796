import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkXrtEnvironment } from "../../../runtime/device/xrt/binding/environment.ts";
import { libraryPlaces, openXrt } from "../../../runtime/device/xrt/binding/library.ts";
import { listXrtDevices } from "../../../runtime/device/xrt/binding/devices.ts";
import type { Provider } from "../../../runtime/device/xrt/binding/native.ts";
import { XRT_SYMBOLS } from "../../../runtime/device/xrt/binding/symbols.ts";
import { refusal } from "../../support/failure.ts";

/** A provider that finds no library, and says which it was asked for. */
function blind(asked: string[]): Provider {
  return {
    name: "deno",
    load: (path) => {
      asked.push(path);
      throw new Error(`${path}: cannot open shared object file`);
    },
    view: () => assert.fail(),
    address: () => assert.fail(),
    pointerTo: () => assert.fail(),
  };
}

Deno.test("openXrt() lists the places that it tried and how to install XRT", async () => {
  const asked: string[] = [];
  await assert.rejects(
    openXrt({ provider: blind(asked), path: "elsewhere/libxrt.so" }),
    refusal(
      "device",
      /tried elsewhere\/libxrt\.so \(elsewhere.*cannot open.*\)\. Install it with: apt-get install libxrt1/,
    ),
  );
  assert.deepEqual(asked, ["elsewhere/libxrt.so"]);
  await assert.rejects(openXrt({ provider: blind(asked), path: "elsewhere/libxrt.so" }), refusal("device"));
  assert.equal(asked.length, 2, "what was not there is looked for again");
});

Deno.test("libraryPlaces() takes a path alone, and looks where XRT is installed otherwise", () => {
  assert.deepEqual(libraryPlaces("mine.so"), ["mine.so"]);
  const places = libraryPlaces("");
  assert(
    places.includes("libxrt_coreutil.so.2") && places.includes("/opt/xilinx/xrt/lib/libxrt_coreutil.so.2"),
  );
});

Deno.test("XRT_SYMBOLS has every function of the C interface that is bound, and mangles none but one", () => {
  const names = new Set(
    Object.entries(XRT_SYMBOLS).map(([key, symbol]) => "name" in symbol ? symbol.name : key),
  );
  for (
    const name of [
      ..."Open OpenByBDF Close LoadXclbin LoadXclbinFile LoadXclbinUUID GetXclbinUUID ToXclDevice".split(" ")
        .map((name) => `xrtDevice${name}`),
      ..."AllocFilename AllocRawData FreeHandle GetXSAName GetUUID GetNumKernels GetNumKernelComputeUnits GetData"
        .split(" ").map((name) => `xrtXclbin${name}`),
      ..."Alloc AllocUserPtr SubAlloc Export Import Free Size Address Map Sync Write Read Copy".split(" ")
        .map((name) => `xrtBO${name}`),
      ..."Close ArgGroupId ArgOffset ReadRegister WriteRegister".split(" ").map((name) => `xrtKernel${name}`),
      ..."Open SetArg SetArgV UpdateArg Start Wait WaitFor State SetCallback Close".split(" ").map((name) =>
        `xrtRun${name}`
      ),
      "xrtPLKernelOpen",
      "xrtPLKernelOpenExclusive",
      "xrtIniStringSet",
      "xrtIniUintSet",
      "xrtURStart",
      "xrtUREnd",
      "xrtUEMark",
    ]
  ) assert(names.has(name), name);
  assert.deepEqual([...names].filter((name) => !name.startsWith("xrt")), ["_Z13xrtRunSetArgVPviPKvm"]);
});

Deno.test("checkXrtEnvironment() asks nothing of versions that find their parts themselves", () => {
  for (const version of [[2, 16, 0], [2, 17, 319], [3, 0, 0]]) {
    assert.doesNotThrow(() => checkXrtEnvironment({ version }));
  }
});

Deno.test("listXrtDevices() finds cards on the PCIe bus with their drivers and platforms", async () => {
  const top = await mkdtemp(join(tmpdir(), "onpath-pci-"));
  const [folder, drivers] = [join(top, "devices"), join(top, "drivers")];
  try {
    await mkdir(folder);
    const add = async (bdf: string, vendor: string, device: string, driver?: string, platform?: string) => {
      await mkdir(join(folder, bdf));
      await writeFile(join(folder, bdf, "vendor"), `${vendor}\n`);
      await writeFile(join(folder, bdf, "device"), `${device}\n`);
      if (driver !== undefined) {
        await mkdir(join(drivers, driver), { recursive: true });
        await symlink(join(drivers, driver), join(folder, bdf, "driver"));
      }
      if (platform === undefined) return;
      await mkdir(join(folder, bdf, "rom.u.123"));
      await writeFile(join(folder, bdf, "rom.u.123", "VBNV"), `${platform}\n`);
    };
    await add("0000:3b:00.1", "0x10ee", "0x505d");
    await add("0000:00:02.0", "0x8086", "0x1234");
    await add("0000:3b:00.0", "0x10ee", "0x505c", "xocl", "xilinx_u55c_gen3x16_xdma_base_3");
    assert.deepEqual(listXrtDevices(folder), [
      { index: null, bdf: "0000:3b:00.0", name: "xilinx_u55c_gen3x16_xdma_base_3", driver: "xocl" },
      { index: null, bdf: "0000:3b:00.1", name: "PCIe device 0x505d", driver: null },
    ]);
    assert.deepEqual(listXrtDevices(join(folder, "nowhere")), []);
  } finally {
    await rm(top, { recursive: true });
  }
});
