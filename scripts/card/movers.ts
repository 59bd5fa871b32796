/**
 * Movers as kernels for a card. Their top modules are in the same folder as the other SystemVerilog; they
 * have a memory port, so some of their arguments are addresses.
 *
 * @module
 */

import { RTL_BUILDS } from "../../kernels/rtl/builds.ts";
import { argumentAddress } from "../../kernels/rtl/registers.ts";
import { type MoverArgument, PACKETS_ARGUMENTS, TABLES_ARGUMENTS } from "../../kernels/rtl/movers.ts";
import { controlRegisters, field, type Register } from "./registers.ts";

/** Packaged mover. */
export interface CardMover {
  /** Name of the mover and of its top module. */
  readonly name: string;
  /** Arguments, in the order of the registers. */
  readonly arguments: readonly MoverArgument[];
}

const ARGUMENTS = { "packets mover": PACKETS_ARGUMENTS, "tables mover": TABLES_ARGUMENTS } as const;

/** All movers. */
export const CARD_MOVERS: readonly CardMover[] = RTL_BUILDS.flatMap(({ name, card }) =>
  card === null || card.holds !== null
    ? []
    : [{ name, arguments: ARGUMENTS[card.arguments as keyof typeof ARGUMENTS] }]
);

/** Memory port of the movers; `width` is its data width in bits. */
export const MEMORY_PORT = { name: "m_axi_gmem", width: 512 } as const;

/**
 * Lists the registers of a mover. Unlike other kernels, a mover holds its start bit until the run is
 * complete.
 *
 * @param mover Mover to describe.
 */
export function moverRegisters({ arguments: list }: CardMover): Register[] {
  return [
    ...controlRegisters({
      start: "start a run with the arguments",
      done: "memory and streams have all data of the run; cleared when read",
      idle: "no run is in flight",
    }),
    ...list.map(({ name, kind, meaning }, index): Register => ({
      name,
      address: argumentAddress(index),
      meaning,
      fields: [field(name, 0, kind === "buffer" ? 64 : 32, false, meaning)],
    })),
  ];
}

/**
 * Lists the arguments that are addresses.
 *
 * @param mover Mover to describe.
 */
export function buffersOf({ arguments: list }: CardMover): string[] {
  return list.filter(({ kind }) => kind === "buffer").map(({ name }) => name);
}
