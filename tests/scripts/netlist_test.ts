import assert from "node:assert/strict";
import { longestPath, type NetlistCell, resourcesOf } from "../../scripts/synth/netlist.ts";

const OUTPUTS = ["O", "Q", "DOA", "DOH", "SPO", "DPO"];

/** A cell with a net at each port. */
function cell(type: string, nets: Readonly<Record<string, number | string>>): NetlistCell {
  return {
    type,
    port_directions: Object.fromEntries(
      Object.keys(nets).map((port) => [port, OUTPUTS.includes(port) ? "output" : "input"]),
    ),
    connections: Object.fromEntries(Object.entries(nets).map(([port, net]) => [port, [net]])),
  };
}

Deno.test("longestPath() counts cells between registers; inverters are none", () => {
  const chain = [
    cell("FDRE", { C: 1, D: 14, Q: 10 }),
    cell("INV", { I: 10, O: 11 }),
    cell("LUT2", { I0: 11, I1: "1", O: 12 }),
    cell("CARRY4", { CI: 12, O: 13 }),
    cell("LUT1", { I0: 13, O: 14 }),
  ];
  assert.deepEqual(longestPath(chain), { levels: 3, nets: [10, 11, 12, 13, 14] });
  assert.deepEqual(longestPath([]), { levels: 0, nets: [] });
  // Of two outputs at the end, the one that is read.
  const [first, ...rest] = chain;
  const wide = { ...cell("LUT1", { I0: 13 }), port_directions: { I0: "input", O: "output" } } as const;
  const end = { ...wide, connections: { I0: [13], O: [99, 14] } };
  assert.deepEqual(longestPath([first!, ...rest.slice(0, 3), end]).nets, [10, 11, 12, 13, 14]);
});

Deno.test("longestPath(): a memory of LUTs is read through its address, and ends what is written", () => {
  // A count that is read, increased and written again; the address of a port is what another port reads.
  const counter = [
    cell("RAM32M16", { ADDRA: 2, DOA: 3, ADDRH: 4, DOH: 5, DIA: 4, WE: 4, WCLK: 1 }),
    cell("LUT2", { I0: 3, I1: 5, O: 6 }),
    cell("LUT2", { I0: 3, I1: "0", O: 4 }),
  ];
  // A, the address's LUT, H and what both go into.
  assert.equal(longestPath(counter).levels, 4);
  const pair = [
    cell("RAM64X1D", { A0: 9, SPO: 2, DPRA0: 3, DPO: 4, D: 5, WE: 5, WCLK: 1 }),
    cell("LUT1", { I0: 4, O: 5 }),
    cell("LUT1", { I0: 2, O: 3 }),
  ];
  assert.equal(longestPath(pair).levels, 4);
});

Deno.test("longestPath() refuses loops, and memories whose ports it does not know", () => {
  const loop = [cell("LUT2", { I0: 3, I1: 9, O: 2 }), cell("LUT1", { I0: 2, O: 3 })];
  assert.throws(
    () => longestPath(loop),
    /^Error: Cannot count levels: LUT\d is in a loop without a register$/,
  );
  const through = [cell("RAM32X1S", { A0: 3, O: 2, D: 9, WE: 9, WCLK: 1 }), cell("LUT1", { I0: 2, O: 3 })];
  assert.throws(() => longestPath(through), /is in a loop/);
  assert.throws(() => longestPath([cell("RAM64X8SW", { A: 1, Q: 2 })]), /has an output Q$/);
});

Deno.test("resourcesOf() counts what is known, and refuses what is not", () => {
  const cells = {
    LUT6: 3,
    RAM32M16: 2,
    FDRE: 5,
    RAMB18E2: 3,
    RAMB36E2: 1,
    URAM288: 2,
    DSP48E2: 4,
    CARRY4: 9,
  };
  assert.deepEqual(resourcesOf(cells), { lut: 19, ff: 5, bram: 2.5, uram: 2, dsp: 4 });
  assert.throws(() => resourcesOf({ BUFG: 1 }), /type BUFG$/);
});
