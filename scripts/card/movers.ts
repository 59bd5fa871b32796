/**
 * The movers as kernels for a card: their top modules stand with the other SystemVerilog, and they have a port
 * of memory, so addresses are among their arguments.
 *
 * @module
 */

import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { MOVER, type MoverArgument, PACKETS_ARGUMENTS, TABLES_ARGUMENTS } from "../../kernels/rtl/movers.ts";
import { controlRegisters, field, type Register } from "./registers.ts";

/** A mover that is packaged. */
export interface CardMover {
  /** Its name, and that of its top module. */
  readonly name: string;
  /** Its arguments, in the order of the registers. */
  readonly arguments: readonly MoverArgument[];
}

/** Every mover. */
export const CARD_MOVERS: readonly CardMover[] = [
  { name: MOVER.packets, arguments: PACKETS_ARGUMENTS },
  { name: MOVER.tables, arguments: TABLES_ARGUMENTS },
];

/** The movers' port of memory, and the bits of its data. */
export const MEMORY_PORT = { name: "m_axi_gmem", width: 512 } as const;

/**
 * Lists the registers of a mover. Its start is held until the run is over, unlike that of the other kernels.
 *
 * @param mover The mover.
 */
export function moverRegisters({ arguments: list }: CardMover): Register[] {
  return [
    ...controlRegisters({
      start: "begin what the arguments say",
      done: "memory and streams have all of it; cleared when read",
      idle: "nothing runs",
    }),
    ...list.map(({ name, kind, meaning }, place): Register => ({
      name,
      address: argumentAddress(place),
      meaning,
      fields: [field(name, 0, kind === "buffer" ? 64 : 32, false, meaning)],
    })),
  ];
}

/**
 * Names the arguments that are addresses.
 *
 * @param mover The mover.
 */
export function buffersOf({ arguments: list }: CardMover): string[] {
  return list.filter(({ kind }) => kind === "buffer").map(({ name }) => name);
}
