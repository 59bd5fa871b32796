/**
 * NIC of the experiment: a soft NIC in a process of its own.
 *
 * @module
 */

import { openNic } from "../../../runtime/network/nic.ts";
import { collect, cpuMs, serveCalls, type Usage } from "../calls.ts";
import { scenarioNamed } from "../scenarios.ts";

let resources: unknown;
const nic = await openNic({ resourcesOf: () => resources });

serveCalls({
  open: async ({ scenario, folder }: { scenario: string; folder: string }) => {
    ({ resources } = await scenarioNamed(scenario).open(folder));
    return nic.control;
  },
  usage: (): Usage => ({ cpuMs: cpuMs(), bytes: nic.counts().received }),
  dropped: () => nic.counts().dropped,
  collect,
});
