/**
 * Faults of the experiment.
 *
 * @module
 */

import type { RelayFaults } from "../../../../runtime/network/fault_path.ts";

/** Faults of a run, and whether the NIC is restarted in its middle. */
export interface LabFault {
  readonly name: string;
  readonly faults: RelayFaults;
  readonly hasRestart?: boolean;
}

/** Faults by name. Each applies to every direction between two hosts, to datagrams and to TCP. */
export const LAB_FAULTS: readonly LabFault[] = [
  { name: "no fault", faults: {} },
  { name: "1% loss", faults: { loss: 0.01 } },
  { name: "10% loss", faults: { loss: 0.1 } },
  { name: "5% duplication", faults: { duplication: 0.05 } },
  { name: "heavy reordering", faults: { reordering: 0.3, reorderBy: 16 } },
  { name: "50 ms delay", faults: { delayMs: 50 } },
  { name: "5% corruption", faults: { corruption: 0.05 } },
  { name: "restart of the NIC", faults: {}, hasRestart: true },
  {
    name: "all of them",
    faults: { loss: 0.05, duplication: 0.05, reordering: 0.2, corruption: 0.02, delayMs: 5 },
    hasRestart: true,
  },
];
