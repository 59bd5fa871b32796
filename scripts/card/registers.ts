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

/** Bits of a register that have a meaning of their own. Plain data. */
export interface Field {
  /** What they are called. */
  readonly name: string;
  /** The lowest of them. */
  readonly bit: number;
  /** How many they are. */
  readonly width: number;
  /** Whether the host only reads them. */
  readonly readOnly: boolean;
  /** What they hold. */
  readonly meaning: string;
}

/** A register of 32 bits, or of 64 where its field has as many. Plain data. */
export interface Register {
  /** What it is called. */
  readonly name: string;
  /** Where it is, in bytes from the kernel's base. */
  readonly address: number;
  /** What it holds. */
  readonly meaning: string;
  /** Its bits. */
  readonly fields: readonly Field[];
}

/** What the bits of control mean for a kernel. */
export interface ControlMeanings {
  /** AP_START, when it is written. */
  readonly start: string;
  /** AP_DONE. */
  readonly done: string;
  /** AP_IDLE. */
  readonly idle: string;
}

/**
 * Lists control and interrupts, as XRT expects them of a kernel that is started and done.
 *
 * @param meanings What the bits of control mean.
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
      fields: [field("ENABLE", 0, 1, false, "1: interrupts leave")],
    },
    {
      name: "IP_IER",
      address: REGISTER.interrupt + 4,
      meaning: "which events interrupt",
      fields: [field("DONE", 0, 2, false, "bit 0 done, bit 1 ready")],
    },
    {
      name: "IP_ISR",
      address: REGISTER.interrupt + 8,
      meaning: "which events did; toggled by writing",
      fields: [field("DONE", 0, 2, false, "bit 0 done, bit 1 ready")],
    },
  ];
}

/**
 * Lists all registers of a kernel: it is done when its arguments are in use.
 *
 * @param list Its arguments, in order.
 */
export function kernelRegisters(list: readonly KernelArgument[]): Register[] {
  return [
    ...controlRegisters({
      start: "take the arguments when no packet is inside",
      done: "they were taken; cleared when read",
      idle: "no start is waiting",
    }),
    ...argumentRegisters(list),
    ...counterRegisters(),
  ];
}

/**
 * Describes bits of a register.
 *
 * @param name What they are called.
 * @param bit The lowest of them.
 * @param width How many they are.
 * @param readOnly Whether the host only reads them.
 * @param meaning What they hold.
 */
export function field(name: string, bit: number, width: number, readOnly: boolean, meaning: string): Field {
  return { name, bit, width, readOnly, meaning };
}

/**
 * Lists the arguments of a kernel as registers.
 *
 * @param list The arguments, in order.
 */
export function argumentRegisters(list: readonly KernelArgument[]): Register[] {
  return list.map(({ name, meaning }, place) => ({
    name,
    address: argumentAddress(place),
    meaning,
    fields: [field(name, 0, 32, false, meaning)],
  }));
}

/** Lists the counters, which are only read; the drops are a counter for each reason. */
export function counterRegisters(): Register[] {
  return Object.entries(COUNTER).flatMap(([key, place]) =>
    key === "drops"
      ? DROP_REASONS.map((reason, at) => counter(`drops_${reason}`, place + at, `packets dropped: ${reason}`))
      : [counter(key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), place, `counter ${place}`)]
  ).sort((a, b) => a.address - b.address);
}

function counter(suffix: string, place: number, meaning: string): Register {
  const name = `count_${suffix}`;
  return { name, address: counterAddress(place), meaning, fields: [field(name, 0, 32, true, meaning)] };
}
