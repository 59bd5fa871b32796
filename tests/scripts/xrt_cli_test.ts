import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { linkXrtRoot } from "../../runtime/device/xrt/binding/environment.ts";
import { hexDump, parseNumber } from "../../scripts/xrt/open.ts";
import { bundleForNode, HAS_XRT } from "../runtime/xrt/child.ts";
import { IMAGE } from "../runtime/xrt/children/support.ts";
import { longTest, sized } from "../support/long.ts";
import { randomBytes } from "../support/random.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts/", import.meta.url));

/** Runs a script in a folder with an image and XRT's mode noop, and a kill timer. */
async function run(script: string, args: readonly string[], check: (ended: Ended) => void | Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
  try {
    await writeFile(join(folder, "nic.xclbin"), IMAGE);
    await writeFile(join(folder, "in.bin"), randomBytes(10_000, 3));
    linkXrtRoot(join(folder, "xrt"));
    const env = {
      ...Deno.env.toObject(),
      NO_COLOR: "1",
      XCL_EMULATION_MODE: "noop",
      XILINX_XRT: join(folder, "xrt"),
    };
    const ended = await new Promise<Ended>((resolve) => {
      const command = ["run", "-A", "--quiet", join(SCRIPTS, script), ...args];
      const options = {
        cwd: folder,
        env,
        encoding: "utf8" as const,
        timeout: 60_000,
        killSignal: "SIGKILL" as const,
      };
      execFile(Deno.execPath(), command, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr, folder });
      });
    });
    await check(ended);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly folder: string;
}

const ignore = !HAS_XRT;
const without = ignore ? " (skipped: libxrt1 is not installed, or lacks parts)" : "";

for (const [script, command] of [["offload.ts", ["xclbin", "info"]], ["xclbin-info.ts", []]] as const) {
  longTest(`xclbin info shows kernels, arguments, memories and sections: ${script}`, async () => {
    await run(script, [...command, "nic.xclbin"], ({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      for (
        const fact of [
          "onpath_noop",
          "SW_EMU",
          "vadd_1 at 0x1800000, AP_CTRL_HS",
          "MEM_TOPOLOGY",
          "KERNEL_CLK (kernel) 250 MHz",
        ]
      ) {
        assert(stdout.includes(fact), fact);
      }
      assert.match(stdout, /^1 +out +buffer +uint\* +0x1c +8 +bank1$/m);
    });
    await run(script, [...command, "nic.xclbin", "--json"], ({ code, stdout }) => {
      assert.equal(code, 0);
      const { kernels, memories } = JSON.parse(stdout);
      assert.equal(kernels[0].instances[0].base, "0x1800000");
      assert.equal(memories[1].base, "0x100000000");
    });
  }, script !== "offload.ts");
}

Deno.test("xclbin info refuses what is none, with exit code 1", () =>
  run("offload.ts", ["xclbin", "info", "in.bin", "--json"], ({ code, stdout, stderr }) => {
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      JSON.parse(stderr).error.message,
      /^Cannot read an xclbin: it does not begin with "xclbin2"/,
    );
  }));

Deno.test({
  name: `xrt list shows the library and the emulation's device${without}`,
  ignore,
  fn: () =>
    run("xrt-list.ts", ["--json"], ({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      const { library, mode, devices } = JSON.parse(stdout);
      assert.equal(library.provider, "deno");
      assert.deepEqual([mode, devices], ["noop", [{
        index: 0,
        bdf: null,
        name: "not named",
        driver: "noop",
      }]]);
    }),
});

Deno.test({
  name: `xrt load, peek and run go through AMD's library${without}`,
  ignore,
  fn: async () => {
    await run("offload.ts", ["xrt", "load", "nic.xclbin"], ({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^loaded$/m);
    });
    await run("offload.ts", ["xrt", "peek", "nic.xclbin", "--bytes", "40"], ({ code, stdout, stderr }) => {
      assert.equal(code, 0, stderr);
      assert.equal(stdout.split("\n").filter((line) => /^0x[0-9a-f]{10} {2}/.test(line)).length, 3);
    });
    const args = [
      "--input",
      "in.bin",
      "--output",
      "out.bin",
      "--length",
      "size:4",
      "--set",
      "scale=2.5",
      "--piece",
      "4096",
    ];
    await run(
      "xrt-run.ts",
      ["nic.xclbin", "vadd", ...args, "--json"],
      async ({ code, stdout, stderr, folder }) => {
        assert.equal(code, 0, stderr);
        const { pieces, bytes } = JSON.parse(stdout);
        assert.deepEqual([pieces, bytes], [3, 10_000]);
        assert.equal((await readFile(join(folder, "out.bin"))).length, 10_000);
      },
    );
  },
});

Deno.test({
  name: `xrt says what is wrong in one sentence: a kernel, an argument, a register${without}`,
  ignore,
  fn: async () => {
    const files = ["--input", "in.bin", "--output", "out.bin"];
    const cases: [string[], number, RegExp][] = [
      [["run", "nic.xclbin", "vsub", ...files], 1, /^error: Cannot open kernel vsub: the xclbin has vadd,/m],
      [
        ["run", "nic.xclbin", "vadd", ...files, "--set", "sum=1"],
        1,
        /^error: Cannot find argument sum of kernel vadd/m,
      ],
      [
        ["run", "nic.xclbin", "vadd", ...files, "--set", "sum"],
        2,
        /^error: Cannot read "sum": expected a name, "="/m,
      ],
      [
        ["register", "nic.xclbin", "vadd", "0x3"],
        2,
        /^error: Cannot use a register at 3: expected a multiple of 4/m,
      ],
      [
        ["load", "nothing.xclbin"],
        1,
        /^error: Cannot read nothing\.xclbin: there is no such file or folder$/m,
      ],
      [["load", "nic.xclbin", "--index", "x"], 2, /Expected a whole number from 0 to 255/],
    ];
    for (const [args, expected, message] of sized(cases, cases.slice(0, 2))) {
      await run("offload.ts", ["xrt", ...args], ({ code, stderr }) => {
        assert.equal(code, expected, `${args.join(" ")}: ${stderr}`);
        assert.match(stderr, message);
      });
    }
  },
});

Deno.test({
  name: `xrt poke tells memory that does not keep what is written${without}`,
  ignore,
  // Mode noop moves nothing: what comes back is what the host cleared.
  fn: () =>
    run("offload.ts", ["xrt", "poke", "nic.xclbin", "in.bin"], ({ code, stderr }) => {
      assert.equal(code, 1);
      assert.match(stderr, /^error: Cannot trust the memory of group 0: byte \d+ came back as 0, not \d+$/m);
    }),
});

Deno.test("hexDump() shows addresses, bytes and text", () => {
  const bytes = Uint8Array.from({ length: 18 }, (_, i) => 0x41 + i);
  assert.equal(
    hexDump(bytes, 0x1000n),
    "0x0000001000  41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP\n" +
      `0x0000001010  51 52${" ".repeat(42)}  QR\n`,
  );
});

Deno.test("parseNumber() reads addresses as people write them", () => {
  assert.deepEqual([parseNumber("16"), parseNumber("0x10"), parseNumber("0xFFFFFFFF")], [
    16,
    16,
    2 ** 32 - 1,
  ]);
  for (const text of ["", "x", "-1", "1.5", "0x", "99999999999999999", "0x1fffffffffffff1"]) {
    assert.throws(() => parseNumber(text), { code: "size" }, text);
  }
});

for (const runtime of ["deno", "node"] as const) {
  longTest(
    `an emulated card without libxrt ends in one sentence in ${runtime}: what was tried, how to install it`,
    async () => {
      const folder = await mkdtemp(join(tmpdir(), "onpath-test-"));
      try {
        const missing = join(folder, "libxrt_coreutil.so.2");
        const program = `${SCRIPTS}offload.ts`;
        const command = runtime === "deno"
          ? [Deno.execPath(), "run", "--quiet", "-A", "--no-check", program]
          : ["node", (await bundleForNode([program, `${SCRIPTS}emulate.ts`], "js"))[0]!];
        // The tour reads a photograph first, which is not beside the bundle.
        const work = runtime === "deno" ? ["--device", "xrt", "--emulate"] : ["xrt", "list", "--emulate"];
        const { code, stdout, stderr } = await new Deno.Command(command[0]!, {
          args: [...command.slice(1), ...work],
          env: { NO_COLOR: "1", ONPATH_XRT_LIBRARY: missing, TMPDIR: folder },
        }).output();
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        assert.equal(code, 1);
        assert.equal(text(stdout), "");
        assert(text(stderr).startsWith("error: Cannot "), text(stderr));
        assert.match(text(stderr), /apt-get install libxrt1/);
        assert(
          text(stderr).includes(`tried ${HAS_XRT ? missing : "libxrt_swemu.so.2 in /usr/lib"}`),
          text(stderr),
        );
        assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)), []);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    runtime !== "deno",
  );
}
