/**
 * The suite that every device passes. A device's own test registers it with {@linkcode deviceSuite}.
 *
 * @module
 */

import { registerLife } from "./device_life.ts";
import { registerOutputs } from "./device_outputs.ts";
import { registerRefusals } from "./device_refusals.ts";
import { test } from "./helpers.ts";
import type { Open, Register, SuiteOptions } from "./suite_types.ts";

/**
 * Registers the suite.
 *
 * @param name Name of the device, as it stands in front of the tests' names.
 * @param open Opens a device; the suite closes it.
 * @param options How much is tried.
 */
export function deviceSuite(name: string, open: Open, options: SuiteOptions = {}): void {
  const register: Register = (criterion, run) =>
    test(`${name} device: ${criterion}`, async () => {
      const device = await open();
      try {
        await run(device);
      } finally {
        await device.close();
      }
    });
  registerOutputs(register, options);
  registerRefusals(register, options);
  registerLife(register);
}
