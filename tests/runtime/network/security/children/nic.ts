// A NIC in another process. Its options come as JSON; it prints its addresses, then its counts once its input ends.
import process from "node:process";
import { openNic } from "../../../../../runtime/network/nic.ts";

const nic = await openNic(JSON.parse(process.argv[2]!));
console.log(JSON.stringify({ control: nic.control }));
process.stdin.on("end", async () => {
  const counts = nic.counts();
  await nic.close();
  console.log(JSON.stringify(counts));
});
process.stdin.resume();
