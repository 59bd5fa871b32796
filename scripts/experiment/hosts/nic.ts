/**
 * NIC of the experiment: a soft NIC in a process of its own.
 *
 * @module
 */

import { type Nic, openNic } from "../../../runtime/network/nic.ts";
import { collect, cpuMs, serveCalls, type Usage } from "../calls.ts";
import { openerOf } from "../scenario.ts";
import { scenarioNamed } from "../scenarios.ts";

let resources: unknown;
let nic: Nic | undefined;

serveCalls({
  open: async ({ scenario, folder }: { scenario: string; folder: string }) => {
    const found = scenarioNamed(scenario);
    ({ resources } = await found.open(folder));
    nic = await openNic({ resourcesOf: () => resources, jumbo: found.isJumbo, open: openerOf(found) });
    return nic.control;
  },
  // Its datagrams are those of the hosts, which count them.
  usage: (): Usage => ({ cpuMs: cpuMs(), bytes: 0 }),
  collect,
});
