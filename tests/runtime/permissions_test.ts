import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkXrtRoot } from "../../runtime/device/xrt/binding/environment.ts";
import { xrtTest } from "./xrt/child.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program of this repository with permissions, and without asking for more. */
async function run(
  permissions: readonly string[],
  program: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string; errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--config",
      join(ROOT, "deno.json"),
      ...permissions,
      program,
      ...args,
    ],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, output: decode(stdout), errors: decode(stderr) };
}

Deno.test("createModelDevice(), createRtlDevice() and createCpuDevice() need no permission", async () => {
  const { code, output, errors } = await run([], join(ROOT, "tests/runtime/permissions/devices.ts"));
  assert.equal(code, 0, errors);
  assert.match(output, /^done$/m);
});

const THREADS = join(ROOT, "tests/runtime/permissions/threads.ts");

Deno.test("createCpuDevice() with threads needs to read its own code, and keeps no process alive", async () => {
  const { code, output, errors } = await run([`--allow-read=${ROOT}`], THREADS);
  assert.equal(code, 0, errors);
  assert.match(output, /^done$/m);
});

Deno.test("createCpuDevice() with threads names the permission that is missing", async () => {
  const { code, errors } = await run([], THREADS);
  assert.equal(code, 1);
  assert.match(errors, /OnpathError: Cannot start a worker thread: .*--allow-read/);
});

/** The lines of JSON that the program of XRT prints: XRT itself prints to stdout too. */
async function openXrtWith(permissions: readonly string[]): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), "permissions-"));
  try {
    linkXrtRoot(join(folder, "xrt"));
    const { output, errors } = await run(
      permissions.map((each) => each.replace("FOLDER", folder)),
      join(ROOT, "tests/runtime/permissions/xrt.ts"),
      [],
      { XCL_EMULATION_MODE: "noop", XILINX_XRT: join(folder, "xrt"), EMCONFIG_PATH: folder },
    );
    const line = output.split("\n").find((line) => line.startsWith("{"));
    assert(line !== undefined, errors);
    return JSON.parse(line);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const ENOUGH = ["--allow-ffi", "--allow-env", "--allow-read=FOLDER,/usr/lib"];

xrtTest("XrtDevice.open() needs ffi, env, and to read the folder of XRT", async () => {
  assert.deepEqual(await openXrtWith(ENOUGH), { opened: true });
});

for (const missing of ["ffi", "env", "read"]) {
  xrtTest(`XrtDevice.open() without --allow-${missing} names that permission`, async () => {
    const found = await openXrtWith(ENOUGH.filter((each) => !each.startsWith(`--allow-${missing}`)));
    assert.equal(found["code"], "device", JSON.stringify(found));
    assert.match(
      String(found["message"]),
      new RegExp(`^Cannot .*lacks the permission --allow-${missing}\\. Run Deno with`),
    );
  });
}

Deno.test("the command plan needs to read, and nothing else", async () => {
  const folder = await mkdtemp(join(tmpdir(), "permissions-"));
  try {
    const pipeline = join(folder, "pipeline.json");
    await writeFile(pipeline, JSON.stringify({ steps: [{ op: "resize", size: [224, 224] }] }));
    const { code, output, errors } = await run(
      ["--allow-read"],
      join(ROOT, "scripts/offload.ts"),
      ["plan", pipeline, "--shape", "720,1280,3"],
    );
    assert.equal(code, 0, errors);
    assert.match(output, /224/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
