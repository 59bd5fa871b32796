/**
 * What the children of the tests of the XRT device share: an emulation for the process, and devices on it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import type { Device } from "../../../../runtime/device/device.ts";
import { createXrtOffload } from "../../../../runtime/device/xrt/device/card_device.ts";
import {
  type CardProcess,
  type CardProcessOptions,
  type Emulation,
  startEmulation,
} from "../../../../scripts/emulation/emulation.ts";

/** The program of guard and device processes. */
export const PROGRAM = new URL("../../../../scripts/emulate.ts", import.meta.url);

let emulation: Promise<Emulation> | undefined;

/** The emulation of this process: two cards. */
export function theEmulation(timeoutMs = 20_000): Promise<Emulation> {
  emulation ??= startEmulation({ program: PROGRAM, devices: 2, timeoutMs });
  return emulation;
}

/** A device with its card. */
export interface Opened {
  readonly device: Device;
  readonly card: CardProcess;
}

/** Opens a card and makes a device of it. */
export async function openDevice(options: CardProcessOptions = {}): Promise<Opened> {
  const card = await (await theEmulation()).open(options);
  const { device, gone, giveUp, close } = card;
  return { card, device: createXrtOffload({ device, gone, giveUp, close }) };
}

/** Registers the last test of a child: closing leaves neither folder nor variable behind. */
export function testEnd(): void {
  Deno.test("closing the emulation leaves nothing behind", async () => {
    const { folder, close } = await theEmulation();
    assert(existsSync(folder));
    assert.equal(Deno.env.get("XCL_EMULATION_MODE"), "sw_emu");
    await close();
    assert(!existsSync(folder));
    assert.equal(Deno.env.get("XCL_EMULATION_MODE"), undefined);
  });
}
