/**
 * What a mapped netlist of yosys needs of an UltraScale+ device, and its longest path.
 *
 * @module
 */

/** Numbers of cells by their type. */
export type CellCounts = Readonly<Record<string, number>>;

/** Resources as data sheets count them. Plain data. */
export interface Resources {
  /** Look-up tables of six inputs, those that are shift registers or small memories too. */
  readonly lut: number;
  /** Flip-flops. */
  readonly ff: number;
  /** Block RAMs of 36 Kb; one of 18 Kb is a half. */
  readonly bram: number;
  /** UltraRAMs of 288 Kb. */
  readonly uram: number;
  /** Multipliers. */
  readonly dsp: number;
}

/** Look-up tables that a memory of them takes, by the cell (UG974). */
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

/** Cells that take none of these: inverters go into LUTs, carries and wide multiplexers stand beside them. */
const FREE = /^(INV|CARRY4|CARRY8|MUXF[789]|GND|VCC|\$scopeinfo)$/;

/**
 * Sums cells up.
 *
 * @param cells Numbers of cells by their type.
 * @throws {Error} For a type that it does not know: a count must not lack it.
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

/** A cell of a netlist as yosys' `write_json` has it. */
export interface NetlistCell {
  /** The cell's type. */
  readonly type: string;
  /** Which of its ports are inputs. */
  readonly port_directions: Readonly<Record<string, "input" | "output" | "inout">>;
  /** The nets at its ports; constants are strings. */
  readonly connections: Readonly<Record<string, readonly (number | string)[]>>;
}

/** Cells whose outputs follow their inputs in the same cycle. */
const COMBINATIONAL = /^(LUT[1-6]|INV|CARRY4|CARRY8|MUXF[789])$/;
/** Of these, cells that are no level of their own: an inverter is a part of the LUT behind it. */
const NO_LEVEL = /^INV$/;
/** Memories of LUTs: an output follows its address, and what is written waits for the clock. */
const LUT_MEMORY = /^RAM\d+(M|X)\w*$/;

/** The address that an output of a memory of LUTs follows, by the beginning of its ports' names. */
function addressOf(output: string): string {
  if (/^DO[A-H]$/.test(output)) return `ADDR${output.at(-1)}`;
  if (output === "DPO") return "DPRA";
  if (output === "SPO" || output === "O") return "A";
  throw new Error(`Cannot count levels: a memory of LUTs has an output ${output}`);
}

/**
 * The nets of a cell's inputs and of the outputs that follow them in the same cycle: once for most cells, for
 * each port of a memory of LUTs, never for registers.
 */
function pathsThrough(
  { type, connections, port_directions }: NetlistCell,
): { from: number[]; to: number[] }[] {
  const nets = (wanted: (port: string) => boolean) =>
    Object.entries(connections).flatMap(([port, nets]) =>
      wanted(port) ? nets.filter((net) => typeof net === "number") : []
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

/**
 * The longest path between registers, memories and ports: the cells on it. A carry of four bits and a wide
 * multiplexer are a level as a LUT is, as timing reports count them.
 *
 * @param cells The cells of a flat netlist.
 * @throws {Error} When there is a loop without a register.
 */
export function logicLevels(cells: readonly NetlistCell[]): number {
  const driver = new Map<number, number>();
  const paths = cells.flatMap((cell) => pathsThrough(cell).map((path) => ({ ...path, type: cell.type })));
  paths.forEach(({ to }, at) => to.forEach((net) => driver.set(net, at)));
  // Depth first with a stack of its own: paths are longer than the call stack likes.
  const depth = new Int32Array(paths.length).fill(-1);
  const open = new Uint8Array(paths.length);
  let most = 0;
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
        most = Math.max(most, depth[at]!);
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
  return most;
}
