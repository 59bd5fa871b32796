/**
 * Child process of tests: stands for a NIC, a receiver or a sender of the command `network`, and prints their events.
 * The environment variable PARTY_RESULTS has the digests that the receiver prints, separated by commas; PARTY_ENDS the
 * program that ends early.
 *
 * @module
 */

import process from "node:process";
import { NO_COUNTS, type PartyEvent } from "../../../scripts/network/events.ts";

const emit = (event: PartyEvent) => process.stdout.write(`${JSON.stringify(event)}\n`);
const role = process.argv[2] === "nic" ? "nic" : process.argv[3]!;
const lines: string[] = [];
let isDone = false;

const end = () => {
  if (!isDone) emit({ end: NO_COUNTS });
  isDone = true;
  process.exit(0);
};
process.on("SIGTERM", end);
process.stdin.setEncoding("utf8").on("data", (text: string) => {
  lines.push(...text.trim().split("\n"));
  if (role === "receive" && lines.length === 1) {
    emit({ ready: { data: "127.0.0.1:3", control: "127.0.0.1:4" } });
  }
  if (role === "receive") {
    for (const sha256 of process.env["PARTY_RESULTS"]!.split(",")) {
      emit({ output: { label: "x", sender: "127.0.0.1", bytes: 1, sha256 } });
    }
  }
  if (role === "send" && lines.length === 2) {
    emit({ ready: { data: "127.0.0.1:5" } });
    emit({
      sent: {
        name: "photograph",
        text: "",
        labels: ["x"],
        expected: ["right"],
        packets: 1,
        bytes: 1,
        repeats: 0,
        restarts: 0,
        fallbacks: {},
        ms: 1,
      },
    });
    // Time for the receiver's lines.
    if (process.env["PARTY_ENDS"] === undefined) setTimeout(end, 20);
  }
}).on("end", end);
if (role === "nic") {
  emit({ ready: { data: "127.0.0.1:1", control: "127.0.0.1:2" } });
  if (process.env["PARTY_ENDS"] === "nic") {
    process.stderr.write('{"error":{"message":"Cannot listen: taken"}}\n');
    setTimeout(() => process.exit(1), 50);
  }
}
