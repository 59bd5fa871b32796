import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RTL_BUILDS } from "../../kernels/rtl/builds.ts";
import { cpuSecondsOf, failureOf, limitOf, nearTests, runTests } from "../../scripts/rtl/mutant_tests.ts";
import { listMutations } from "../../scripts/rtl/mutations.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

Deno.test("nearTests() names files that there are, for each build that is mutated", async () => {
  const files = await readdir(join(ROOT, "tests", "rtl"));
  for (const build of new Set(listMutations().map((each) => each.build))) {
    assert(nearTests(build).length > 0, build);
  }
  for (const { name } of RTL_BUILDS) {
    for (const file of nearTests(name)) assert(files.includes(file), `${name}: ${file}`);
  }
  // A file that opens a build by its name is near to it.
  for (const file of files.filter((name) => name.endsWith("_test.ts"))) {
    const source = await readFile(join(ROOT, "tests", "rtl", file), "utf8");
    for (const [, build] of source.matchAll(/open(?:Rtl|Linked|Build)\("(\w+)"\)/g)) {
      assert(nearTests(build!).includes(file), `${file} opens ${build}`);
    }
  }
});

Deno.test("limitOf() is five times the CPU time of the unchanged RTL, and at least 20 s", () => {
  assert.deepEqual([0, 4, 4.1, 60].map(limitOf), [20, 20, 21, 300]);
});

Deno.test("cpuSecondsOf() reads user and system time of the children, and refuses anything else", () => {
  assert.equal(cpuSecondsOf("noise\n0m0.010000s 0m0.000000s\n1m2.500000s 0m0.250000s\n"), 62.75);
  assert.throws(() => cpuSecondsOf("killed"), /^Error: Cannot measure CPU time: "killed"$/);
});

Deno.test("failureOf() names the test, the file that fails at its start, or the test that did not end", () => {
  const begun = "running 2 tests from ./tests/rtl/a_test.ts\nfine ... ok (1ms)\n";
  assert.equal(failureOf(`${begun}RTL: x ... FAILED (3ms)\n`, "", false), "RTL: x");
  assert.equal(
    failureOf("./tests/rtl/a_test.ts (uncaught error)\n", "", false),
    "tests/rtl/a_test.ts, at its start",
  );
  assert.equal(failureOf(`${begun}RTL: y ...`, "CPU time limit exceeded", true), "timeout: RTL: y");
  assert.equal(failureOf("", "", true), "timeout");
  assert.equal(failureOf("", "no such file", false), "no such file");
});

Deno.test({
  name: "runTests() ends a test that loops by its CPU time, and not one that waits",
  // The limit is that of a POSIX shell.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const root = await mkdtemp(join(tmpdir(), "onpath-limit-"));
    try {
      await mkdir(join(root, "tests", "rtl"), { recursive: true });
      const write = (name: string, body: string) =>
        writeFile(join(root, "tests", "rtl", name), `Deno.test("${name}", async () => {${body}});\n`);
      await write("loop_test.ts", "for (;;);");
      await write("wait_test.ts", "await new Promise((resolve) => setTimeout(resolve, 2500));");
      await write("fail_test.ts", "throw new Error();");
      const run = async (name: string) => (await runTests(root, root, name, "", 1)).failure;
      assert.equal(await run("loop_test.ts"), "timeout: loop_test.ts");
      assert.equal(await run("wait_test.ts"), null);
      assert.equal(await run("fail_test.ts"), "fail_test.ts");
    } finally {
      await rm(root, { recursive: true });
    }
  },
});
