import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RTL_BUILDS } from "../../kernels/rtl/builds.ts";
import { lintTop, parameterFlags } from "../../scripts/rtl/build.ts";
import { MATRIX } from "../../scripts/rtl/matrix.ts";
import { IS_LONG_SUITE } from "../support/long.ts";

const RTL = fileURLToPath(new URL("../../kernels/rtl", import.meta.url));

function hasVerilator(): boolean {
  try {
    execFileSync("verilator", ["--version"]);
    return true;
  } catch {
    return false;
  }
}
// What `deno task mutate` has broken is linted where it is built; the sources here are sound.
const able = process.env.ONPATH_RTL === undefined && (process.env.CI !== undefined || hasVerilator());
if (!able) console.log("skipped: lint of the RTL, which wants verilator");

/** Every top with the parameters that it is built with anywhere, each once. */
const TOPS = [
  ...RTL_BUILDS,
  ...MATRIX,
].map(({ top, parameters }) => ({ top, parameters, name: [top, ...parameterFlags(parameters)].join(" ") }))
  .filter(({ name }, at, all) => all.findIndex((each) => each.name === name) === at);

for (const { top, parameters, name } of TOPS) {
  Deno.test({
    name: `RTL: verilator --lint-only -Wall has nothing to say of ${name}`,
    // One top is linted in the quick suite.
    ignore: !able || name !== "packet_image" && !IS_LONG_SUITE,
    fn: () => lintTop(RTL, top, parameters),
  });
}

Deno.test("RTL: every module is a top that is linted, or stands in another one", async () => {
  const names = (await readdir(RTL, { recursive: true })).filter((name) => name.endsWith(".sv"));
  const sources = await Promise.all(names.map((name) => readFile(join(RTL, name), "utf8")));
  for (const name of names.map((name) => name.replace(/^.*[\\/]|\.sv$/g, ""))) {
    const stands = sources.some((source) => new RegExp(`^ *${name} (#\\(|u_)`, "m").test(source));
    assert(stands || TOPS.some(({ top }) => top === name), name);
  }
});

Deno.test({
  name: "RTL: the lint refuses a signal that nobody reads, by its name",
  ignore: !able,
  fn: async () => {
    const folder = await mkdtemp(join(tmpdir(), "onpath-lint-"));
    try {
      await cp(RTL, folder, { recursive: true, filter: (path) => !path.endsWith("generated") });
      const path = join(folder, "axis_skid.sv");
      const source = await readFile(path, "utf8");
      await writeFile(path, source.replace("endmodule", "  logic forgotten;\nendmodule"));
      await assert.rejects(lintTop(folder, "packet_echo"), /%Warning-UNUSED\w*: .*forgotten/s);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
});
