/**
 * All registers of a kernel by name and address, from the description that the host uses.
 *
 * @module
 */

import {
  argumentAddress,
  COUNTER,
  counterAddress,
  DROP_REASONS,
  type KernelArgument,
  REGISTER,
} from "../../kernels/rtl/registers.ts";

/** Named bits of a register. Plain data. */
export interface Field {
  /** Name of the field. */
  readonly name: string;
  /** Index of the lowest bit. */
  readonly bit: number;
  /** Number of bits. */
  readonly width: number;
  /** True if the host can only read the field. */
  readonly readOnly: boolean;
  /** Meaning of the value, for documentation. */
  readonly meaning: string;
}

/** Register of 32 bits, or of 64 if its field is that wide. Plain data. */
export interface Register {
  /** Name of the register. */
  readonly name: string;
  /** Byte offset from the kernel's base address. */
  readonly address: number;
  /** Meaning of the value, for documentation. */
  readonly meaning: string;
  /** Fields of the register. */
  readonly fields: readonly Field[];
}

/** Meanings of the control bits of a kernel. */
export interface ControlMeanings {
  /** Effect of writing AP_START. */
  readonly start: string;
  /** Meaning of AP_DONE. */
  readonly done: string;
  /** Meaning of AP_IDLE. */
  readonly idle: string;
}

/**
 * Lists the control and interrupt registers that XRT requires of a kernel with start and done.
 *
 * @param meanings Meanings of the control bits.
 */
export function controlRegisters({ start, done, idle }: ControlMeanings): Register[] {
  return [
    {
      name: "CTRL",
      address: REGISTER.control,
      meaning: "control",
      fields: [
        field("AP_START", 0, 1, false, start),
        field("AP_DONE", 1, 1, true, done),
        field("AP_IDLE", 2, 1, true, idle),
      ],
    },
    {
      name: "GIER",
      address: REGISTER.interrupt,
      meaning: "global interrupt enable",
      fields: [field("ENABLE", 0, 1, false, "1: interrupts are sent")],
    },
    {
      name: "IP_IER",
      address: REGISTER.interrupt + 4,
      meaning: "events that interrupt",
      fields: [field("DONE", 0, 2, false, "bit 0 done, bit 1 ready")],
    },
    {
      name: "IP_ISR",
      address: REGISTER.interrupt + 8,
      meaning: "pending events; written bits toggle",
      fields: [field("DONE", 0, 2, false, "bit 0 done, bit 1 ready")],
    },
  ];
}

/**
 * Lists all registers of a kernel; a kernel is done once its arguments are in use.
 *
 * @param list Arguments, in order.
 * @param buffers Addresses of 64 bits behind the arguments.
 */
export function kernelRegisters(
  list: readonly KernelArgument[],
  buffers: readonly KernelArgument[] = [],
): Register[] {
  return [
    ...controlRegisters({
      start: "use the arguments once no packet is inside",
      done: "the arguments are in use; cleared when read",
      idle: "no start is pending",
    }),
    ...argumentRegisters(list),
    ...buffers.map(({ name, meaning }, index) => ({
      name,
      address: argumentAddress(list.length + index),
      meaning,
      fields: [field(name, 0, 64, false, meaning)],
    })),
    ...counterRegisters(),
  ];
}

/**
 * Creates the description of a field.
 *
 * @param name Name of the field.
 * @param bit Index of the lowest bit.
 * @param width Number of bits.
 * @param readOnly True if the host can only read the field.
 * @param meaning Meaning of the value, for documentation.
 */
export function field(name: string, bit: number, width: number, readOnly: boolean, meaning: string): Field {
  return { name, bit, width, readOnly, meaning };
}

/**
 * Lists the arguments of a kernel as registers.
 *
 * @param list Arguments, in order.
 */
export function argumentRegisters(list: readonly KernelArgument[]): Register[] {
  return list.map(({ name, meaning }, index) => ({
    name,
    address: argumentAddress(index),
    meaning,
    fields: [field(name, 0, 32, false, meaning)],
  }));
}

/** Lists the read-only counters; there is one drop counter for each reason. */
export function counterRegisters(): Register[] {
  return Object.entries(COUNTER).flatMap(([key, index]) =>
    key === "drops"
      ? DROP_REASONS.map((reason, at) => counter(`drops_${reason}`, index + at, `packets dropped: ${reason}`))
      : [counter(key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), index, `counter ${index}`)]
  ).sort((a, b) => a.address - b.address);
}

function counter(suffix: string, index: number, meaning: string): Register {
  const name = `count_${suffix}`;
  return { name, address: counterAddress(index), meaning, fields: [field(name, 0, 32, true, meaning)] };
}
