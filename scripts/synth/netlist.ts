/**
 * Resources of a netlist mapped by yosys for UltraScale+, and its longest path.
 *
 * @module
 */

/** Number of cells by type. */
export type CellCounts = Readonly<Record<string, number>>;

/** Resources as in data sheets. Plain data. */
export interface Resources {
  /** Six-input look-up tables, including those used as shift registers or small memories. */
  readonly lut: number;
  /** Flip-flops. */
  readonly ff: number;
  /** Block RAMs of 36 Kb; one of 18 Kb counts as a half. */
  readonly bram: number;
  /** UltraRAMs of 288 Kb. */
  readonly uram: number;
  /** DSP slices. */
  readonly dsp: number;
}

/** Look-up tables in a distributed memory, by cell type (UG974). */
const MEMORY_LUTS: Readonly<Record<string, number>> = {
  SRL16E: 1,
  SRLC32E: 1,
  RAM32X1S: 1,
  RAM64X1S: 1,
  RAM32X1D: 2,
  RAM64X1D: 2,
  RAM128X1D: 4,
  RAM32M: 4,
  RAM64M: 4,
  RAM32M16: 8,
  RAM64M8: 8,
};

/**
 * Cells that count as no resource: inverters are absorbed by LUTs; carries and wide multiplexers are
 * separate.
 */
const FREE = /^(INV|CARRY4|CARRY8|MUXF[789]|GND|VCC|\$scopeinfo)$/;

/**
 * Sums the resources of cells.
 *
 * @param cells Number of cells by type.
 * @throws {Error} If a type is unknown, because the sum would be incomplete.
 */
export function resourcesOf(cells: CellCounts): Resources {
  const sum = { lut: 0, ff: 0, bram: 0, uram: 0, dsp: 0 };
  for (const [type, count] of Object.entries(cells)) {
    if (/^LUT[1-6]$/.test(type)) sum.lut += count;
    else if (type in MEMORY_LUTS) sum.lut += count * MEMORY_LUTS[type]!;
    else if (/^FD[RSCP]E$/.test(type)) sum.ff += count;
    else if (type === "RAMB36E2") sum.bram += count;
    else if (type === "RAMB18E2") sum.bram += count / 2;
    else if (type === "URAM288") sum.uram += count;
    else if (type === "DSP48E2") sum.dsp += count;
    else if (!FREE.test(type)) throw new Error(`Cannot count cells of the type ${type}`);
  }
  return sum;
}

/** Cell of a netlist in yosys' `write_json` format. */
export interface NetlistCell {
  /** Type of the cell. */
  readonly type: string;
  /** Direction of each port. */
  readonly port_directions: Readonly<Record<string, "input" | "output" | "inout">>;
  /** Nets at each port; constants are strings. */
  readonly connections: Readonly<Record<string, readonly (number | string)[]>>;
}

/** Cells whose outputs depend on their inputs in the same cycle. */
const COMBINATIONAL = /^(LUT[1-6]|INV|CARRY4|CARRY8|MUXF[789])$/;
/** Combinational cells that add no level: an inverter is absorbed by the following LUT. */
const NO_LEVEL = /^INV$/;
/** Distributed memories: an output follows its address combinationally; writes are clocked. */
const LUT_MEMORY = /^RAM\d+(M|X)\w*$/;

/** Prefix of the address ports that an output of a distributed memory follows. */
function addressOf(output: string): string {
  if (/^DO[A-H]$/.test(output)) return `ADDR${output.at(-1)}`;
  if (output === "DPO") return "DPRA";
  if (output === "SPO" || output === "O") return "A";
  throw new Error(`Cannot count levels: a memory of LUTs has an output ${output}`);
}

/**
 * Nets of a cell's inputs, and of the outputs that depend on them in the same cycle. Most cells have one
 * entry, distributed memories one for each port, registers none.
 */
function pathsThrough(
  { type, connections, port_directions }: NetlistCell,
): { from: number[]; to: number[] }[] {
  const nets = (isSelected: (port: string) => boolean) =>
    Object.entries(connections).flatMap(([port, nets]) =>
      isSelected(port) ? nets.filter((net) => typeof net === "number") : []
    );
  const isOutput = (port: string) => port_directions[port] === "output";
  if (COMBINATIONAL.test(type)) {
    return [{ from: nets((port) => !isOutput(port)), to: nets(isOutput) }];
  }
  if (!LUT_MEMORY.test(type)) return [];
  return Object.keys(connections).filter(isOutput).map((output) => {
    const address = new RegExp(`^${addressOf(output)}\\d*$`);
    return { from: nets((port) => address.test(port)), to: nets((port) => port === output) };
  });
}

/** Nets that a cell reads. */
export function inputsOf({ connections, port_directions }: NetlistCell): number[] {
  return Object.entries(connections).flatMap(([port, nets]) =>
    port_directions[port] === "input" ? nets.filter((net) => typeof net === "number") : []
  );
}

/** Longest path of a netlist between registers, memories and ports. */
export interface LongestPath {
  /** Number of cells on it. As in timing reports, a LUT, a four-bit carry and a wide multiplexer are one each. */
  readonly levels: number;
  /** Nets along it: first one that a register, a memory or a port drives. Empty if no cell is combinational. */
  readonly nets: readonly number[];
}

/**
 * Finds the path with most cells.
 *
 * @param cells Cells of a flat netlist.
 * @throws {Error} If a loop contains no register.
 */
export function longestPath(cells: readonly NetlistCell[]): LongestPath {
  const driver = new Map<number, number>();
  const paths = cells.flatMap((cell) => pathsThrough(cell).map((path) => ({ ...path, type: cell.type })));
  paths.forEach(({ to }, at) => to.forEach((net) => driver.set(net, at)));
  // Depth-first search with an explicit stack, because paths may exceed the call stack.
  const depth = new Int32Array(paths.length).fill(-1);
  const open = new Uint8Array(paths.length);
  let deepest = -1;
  for (const start of driver.values()) {
    const stack = [start];
    while (stack.length > 0) {
      const at = stack.at(-1)!;
      if (depth[at]! >= 0) {
        stack.pop();
        continue;
      }
      const before = paths[at]!.from.map((net) => driver.get(net)).filter((cell) => cell !== undefined);
      const waiting = before.filter((cell) => depth[cell]! < 0);
      if (waiting.length === 0) {
        const own = NO_LEVEL.test(paths[at]!.type) ? 0 : 1;
        depth[at] = own + before.reduce((longest, cell) => Math.max(longest, depth[cell]!), 0);
        if (deepest < 0 || depth[at]! > depth[deepest]!) deepest = at;
        stack.pop();
      } else {
        if (open[at]) {
          throw new Error(`Cannot count levels: ${paths[at]!.type} is in a loop without a register`);
        }
        open[at] = 1;
        stack.push(...waiting);
      }
    }
  }
  if (deepest < 0) return { levels: 0, nets: [] };
  // A carry has eight outputs, and the last one of a path may have only some of them connected.
  const taken = new Set(cells.flatMap((cell) => inputsOf(cell)));
  const { to } = paths[deepest]!;
  const nets = [to.find((net) => taken.has(net)) ?? to[0]!];
  const depthOf = (net: number) => driver.has(net) ? depth[driver.get(net)!]! : 0;
  for (let at: number | undefined = deepest; at !== undefined; at = driver.get(nets[0]!)) {
    const { from } = paths[at]!;
    // A cell of constants alone begins the path.
    if (from.length === 0) break;
    nets.unshift(from.reduce((best, net) => depthOf(net) > depthOf(best) ? net : best));
  }
  return { levels: depth[deepest]!, nets };
}
