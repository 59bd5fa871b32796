import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPackage } from "../../npm/build.ts";
import { checkSize, librarySizes, MAX_LIBRARY_BYTES } from "../../npm/check_size.ts";
import { longTest } from "../support/long.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** Runs a test in a folder with these files. */
async function withFiles(
  files: Readonly<Record<string, string | Uint8Array>>,
  run: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
  try {
    for (const [path, contents] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), contents);
    }
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A package with one dependency, which has another one, and with an optional one. */
const files = (bytes: number) => ({
  "made/package.json": JSON.stringify({
    name: "made",
    dependencies: { near: "1" },
    optionalDependencies: { perhaps: "1" },
  }),
  "made/index.js": randomBytes(bytes),
  "made/bin/command.js": randomBytes(50_000),
  "node_modules/near/package.json": JSON.stringify({ name: "near", dependencies: { "@far/away": "1" } }),
  "node_modules/near/lib/near.js": "a".repeat(10_000),
  "node_modules/near/node_modules/left/out.js": randomBytes(50_000),
  "node_modules/@far/away/package.json": JSON.stringify({ name: "@far/away" }),
  "node_modules/perhaps/package.json": JSON.stringify({ name: "perhaps" }),
});

Deno.test("librarySizes() counts dependencies of dependencies, and no command or optional package", () =>
  withFiles(files(20_000), async (folder) => {
    const sizes = await librarySizes(join(folder, "made"), join(folder, "node_modules"));
    assert.deepEqual([...sizes.keys()], ["made", "near", "@far/away"]);
    const { packed, unpacked } = sizes.get("made")!;
    assert(unpacked > 20_000 && unpacked < 20_200, `${unpacked}`);
    assert(packed > 20_000 && packed < 20_500, `${packed}`);
    assert(sizes.get("near")!.unpacked > 10_000 && sizes.get("near")!.packed < 500);
  }));

Deno.test("checkSize() refuses a library over its limit, and names the packages", async () => {
  await withFiles(files(MAX_LIBRARY_BYTES - 2000), async (folder) => {
    assert.match(await checkSize(join(folder, "made"), join(folder, "node_modules")), /3\.00 MB to download/);
  });
  await withFiles(files(MAX_LIBRARY_BYTES), async (folder) => {
    await assert.rejects(
      checkSize(join(folder, "made"), join(folder, "node_modules")),
      /Cannot accept the package: the library has .*made 3\.00, near 0\.00, @far\/away 0\.00.* at most 3\.00 MB/,
    );
  });
});

longTest(
  "npm installs the library and its dependencies with less than 3 MB to download",
  () =>
    withFiles({}, async (folder) => {
      await buildPackage(ROOT, folder, () => {});
      assert.match(
        await checkSize(folder, join(ROOT, "node_modules")),
        /onpath 1\.\d\d, @msgpack\/msgpack 0\.\d\d, zod 1\./,
      );
    }),
);
