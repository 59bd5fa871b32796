/**
 * The movers as kernels for a card: their top modules stand with the other SystemVerilog, and they have a port
 * of memory, so addresses are among their arguments.
 *
 * @module
 */

import { RTL_BUILDS } from "../../kernels/rtl/builds.ts";
import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { type MoverArgument, PACKETS_ARGUMENTS, TABLES_ARGUMENTS } from "../../kernels/rtl/movers.ts";
import { controlRegisters, field, type Register } from "./registers.ts";

/** A mover that is packaged. */
export interface CardMover {
  /** Its name, and that of its top module. */
  readonly name: string;
  /** Its arguments, in the order of the registers. */
  readonly arguments: readonly MoverArgument[];
}

const ARGUMENTS = { "packets mover": PACKETS_ARGUMENTS, "tables mover": TABLES_ARGUMENTS } as const;

/** Every mover. */
export const CARD_MOVERS: readonly CardMover[] = RTL_BUILDS.flatMap(({ name, card }) =>
  card === null || card.holds !== null
    ? []
    : [{ name, arguments: ARGUMENTS[card.arguments as keyof typeof ARGUMENTS] }]
);

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
