import { openLab, readPath } from "./lab.ts";
import { WORKLOAD_NAMES } from "./workloads.ts";
import { LAB_FAULTS } from "./faults.ts";
const t0 = performance.now();
const joinedBy = (Deno.args[0] ?? "wire") as "wire";
const names = Deno.args[1] ? Deno.args[1].split(",") : WORKLOAD_NAMES;
const requests = Number(Deno.args[2] ?? 2000);
await using lab = await openLab({ joinedBy, workloads: names });
console.log("open", performance.now() - t0);
for (const f of LAB_FAULTS.filter((f) => !Deno.args[3] || Deno.args[3].split(",").includes(f.name))) {
  await lab.setFaults(f.faults, 7);
  for (const workload of names) {
    try {
      const before = await lab.receiver.call<any>("counts"), sb = await lab.sender.call<any>("counts");
      const r = await lab.run({ workload, requests, concurrency: 4 }, f.hasRestart ? requests / 2 : Infinity);
      const p = await readPath(lab);
      const a = await lab.receiver.call<any>("counts"), sa = await lab.sender.call<any>("counts");
      console.log(
        f.name,
        "|",
        workload,
        `inputs ${r.inputs} req ${r.requests} resent ${r.resent} fb ${r.fallbacks} rs ${r.restarts} ms ${r.milliseconds.toFixed()} missing ${r.missing} dbl ${r.doubled} wrong ${r.wrong}`,
        JSON.stringify(a.outcomes),
        sa.roundTripMs.toFixed(1),
        "lost",
        p.lost,
        "of",
        p.received,
      );
    } catch (e) {
      console.log(f.name, workload, "ERROR", (e as Error).message);
    }
  }
}
