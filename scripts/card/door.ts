/**
 * The door of network mode as a kernel for a card: it stands between AMD's network layer and the other kernels.
 *
 * @module
 */

import { counterAddress, DOOR_ARGUMENTS, DOOR_COUNTER } from "../../kernels/rtl/registers.ts";
import { argumentRegisters, controlRegisters, field, type Register } from "./registers.ts";

/** Name of the kernel and of its top module, which is in the folder of the other SystemVerilog. */
export const DOOR = { name: "onpath_door", arguments: DOOR_ARGUMENTS } as const;

/** Meanings of the counters, by name. */
const MEANINGS: Readonly<Record<keyof typeof DOOR_COUNTER, string>> = {
  beatsIn: "beats of 64 bytes that came",
  stored: "packets stored",
  dropped: "packets dropped because the store was full",
  beatsOut: "beats that left",
  packets: "packets that left",
  held: "beats stored at this moment",
  most: "maximum of beats stored since reset",
};

/** Lists the registers of the door. Its limit is in use as soon as it is started. */
export function doorRegisters(): Register[] {
  return [
    ...controlRegisters({
      start: "use the limit",
      done: "the limit is in use; cleared when read",
      idle: "no start is pending",
    }),
    ...argumentRegisters(DOOR_ARGUMENTS),
    ...Object.entries(DOOR_COUNTER).map(([key, place]): Register => {
      const name = `count_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
      const meaning = MEANINGS[key as keyof typeof DOOR_COUNTER];
      return { name, address: counterAddress(place), meaning, fields: [field(name, 0, 32, true, meaning)] };
    }),
  ];
}
