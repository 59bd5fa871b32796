import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readSources } from "../../scripts/synth/yosys.ts";
import { estimate, staleTimings, timingPage, type TimingTable } from "../../scripts/timing/document.ts";
import { medianRun, type NextpnrReport, timingOf } from "../../scripts/timing/report.ts";
import { modulesIn, TIMING_TARGETS } from "../../scripts/timing/targets.ts";
import { registerWrapper } from "../../scripts/timing/wrapper.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const table = JSON.parse(await readFile(`${ROOT}/docs/timing.json`, "utf8")) as TimingTable;
const files = await readSources(`${ROOT}/kernels/rtl`);

Deno.test("docs/timing.md is what its table and today's sources give: rows of earlier sources are marked", async () => {
  const page = await readFile(`${ROOT}/docs/timing.md`, "utf8");
  assert.equal(page, timingPage(table, files));
  for (const { module } of staleTimings(table, files)) {
    if (!table.rows.some((row) => row.module === module)) assert(page.includes(`\`${module}\``), module);
  }
  for (const { seeds, median } of table.rows) {
    assert.equal(seeds.length % 2, 1);
    assert.equal(median.fmax, [...seeds].sort((a, b) => a - b)[seeds.length >> 1]);
  }
});

Deno.test("a change of a module in a measured one makes its row outdated; one of a comment does not", () => {
  const { rows } = table;
  const row = rows.find(({ module }) => module === "axis_skid")!;
  const fresh = { ...table, rows: rows.filter((each) => each === row) };
  const names = (after: string) => {
    const changed = { ...files, "axis_skid.sv": `${files["axis_skid.sv"]}${after}` };
    return staleTimings(fresh, changed).map(({ module }) => module);
  };
  assert(!names("\n// changed").includes("axis_skid"));
  assert(names("\nmodule changed; endmodule").includes("axis_skid"));
  assert(staleTimings({ ...table, rows: [] }, files).length === TIMING_TARGETS.length);
});

Deno.test("modulesIn() finds modules in modules, with parameters and without", () => {
  assert.deepEqual(modulesIn(files, "packet_fetch"), ["axi_bursts", "axis_skid", "packet_fetch"]);
  assert.deepEqual(
    modulesIn(files, "packet_in"),
    ["axis_skid", "beat_fifo", "crc32c_beat", "crc32c_trim", "packet_in"],
  );
  assert.deepEqual(modulesIn(files, "normalize_levels"), ["normalize_levels", "tdp_ram"]);
});

Deno.test("registerWrapper() puts a register at each port and passes the clock", () => {
  const bits = (width: number) => Array.from({ length: width }, (_, at) => at);
  const text = registerWrapper("adder", { W: 4 }, {
    clk: { direction: "input", bits: bits(1) },
    a: { direction: "input", bits: bits(4) },
    sum: { direction: "output", bits: bits(5) },
  }, "clk");
  assert.match(text, /reg \[3:0\] r_a; always @\(posedge clk\) r_a <= a;/);
  assert.match(text, /wire \[4:0\] w_sum; reg \[4:0\] r_sum;/);
  assert.match(text, /adder #\(\.W\(4\)\) dut \(\n {4}\.clk\(clk\),\n {4}\.a\(r_a\),\n {4}\.sum\(w_sum\)\n/);
});

/** Report of a path of two cells between two registers, beside one from a pin. */
const report: NextpnrReport = {
  fmax: { clk: { achieved: 123.5 } },
  critical_paths: [
    { from: "<async>", to: "posedge clk", path: [] },
    {
      from: "posedge clk",
      to: "posedge clk",
      path: [
        ["clk-to-q", "dut.left_TRELLIS_FF_Q_2"],
        ["routing", "dut.here_LUT4_Z_1"],
        ["logic", "dut.here_LUT4_Z_1"],
        ["routing", "dut.sum_CCU2C_S0"],
        ["logic", "dut.sum_CCU2C_S0"],
        ["routing", "r_m_data_TRELLIS_FF_Q_7"],
        ["setup", "r_m_data_TRELLIS_FF_Q_7"],
      ].map(([type, cell]) => ({
        type: type!,
        from: { cell: cell!, port: "A" },
        to: { cell: cell!, port: "B" },
      })),
    },
  ],
  utilization: {},
};

Deno.test("timingOf() reads the frequency, the levels and the ends of the longest path between registers", () => {
  assert.deepEqual(timingOf(report), { fmax: 123.5, levels: 2, from: "left", to: "port m_data" });
  assert.throws(() => timingOf({ ...report, critical_paths: [] }), /^Error: Cannot read the timing report/);
  assert.throws(() => timingOf({ ...report, fmax: {} }), /^Error: Cannot read the timing report/);
});

Deno.test("medianRun() returns the middle run, and the estimate is the yardstick's ratio", () => {
  const run = (fmax: number) => ({ fmax, levels: fmax, from: "a", to: "b" });
  assert.equal(medianRun([run(30), run(10), run(20)]).levels, 20);
  assert.equal(estimate(125, { yardstick: 125 }), 666);
  assert.equal(estimate(60, { yardstick: 120 }), 333);
});
