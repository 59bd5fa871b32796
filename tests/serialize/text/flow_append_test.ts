import assert from "node:assert/strict";
import { FLAG } from "../../../serialize/header.ts";
import { FlowAppend } from "../../../serialize/text/flow_append.ts";
import { TokenRun } from "../../../serialize/text/token_run.ts";
import { answerSlots, writeTokens } from "../../support/text_answers.ts";

const slots = answerSlots();
const LENGTHS = Int32Array.of(0, 1, 2, 3, 4, 5);

type DropFirst<T> = T extends [unknown, ...infer Rest] ? Rest : never;

/** Writes an answer and takes it. */
function take(
  append: FlowAppend,
  ...[tokens, header, carry]: DropFirst<Parameters<typeof writeTokens>>
): string {
  writeTokens(slots, tokens, header, carry);
  return append.accept(slots, 0);
}

function started(base = 100, start?: number): { append: FlowAppend; run: TokenRun } {
  const run = new TokenRun(1);
  const append = new FlowAppend(LENGTHS, run);
  append.begin(1, 2, base, start);
  return { append, run };
}

Deno.test("FlowAppend appends behind the base, and refuses what does not follow", () => {
  const { append, run } = started();
  const fresh = new FlowAppend(LENGTHS, run);
  assert.deepEqual([fresh.ended, fresh.escape, fresh.answered, fresh.end], [false, 0, 0, 0]);
  assert.deepEqual([append.flow, append.end, append.answered], [1, 100, 0]);
  assert.equal(take(append, [[2]], { sequence: 0, flow: 3 }), "flow");
  assert.equal(take(append, [[2]], { sequence: 0, plan: 3 }), "flow");
  assert.equal(take(append, [[2]], { sequence: 0, position: 1 }), "place");
  assert.equal(take(append, [[0]], { sequence: 0 }), "token");
  assert.equal(take(append, [[6]], { sequence: 0 }), "token");
  assert.deepEqual([append.end, append.answered, run.count], [100, 0, 0]);
  assert.equal(take(append, [[2], [3]], { sequence: 0 }), "accepted");
  assert.deepEqual([append.end, append.answered, [...run.ends.subarray(0, 2)]], [105, 1, [102, 105]]);
  assert.equal(take(append, [[1]], { sequence: 1, position: 5 }), "accepted");
  assert.equal(append.end, 106);
});

Deno.test("FlowAppend starts where text that has no token ends", () => {
  const { append } = started(100, 103);
  assert.equal(take(append, [[1]], { sequence: 0 }), "place");
  assert.equal(take(append, [[1]], { sequence: 0, position: 3 }), "accepted");
  assert.equal(append.end, 104);
});

Deno.test("FlowAppend takes escape and end from the last part of an answer", () => {
  const { append } = started(0);
  assert.equal(
    take(append, [[1]], { sequence: 0, flags: FLAG.endOfText }, { parts: 2, escape: 4 }),
    "accepted",
  );
  assert.deepEqual([append.escape, append.ended, append.answered], [0, false, 0]);
  const last = { sequence: 0, position: 1, flags: FLAG.endOfText };
  assert.equal(take(append, [[1]], last, { part: 1, parts: 2, escape: 4 }), "accepted");
  assert.deepEqual([append.escape, append.ended, append.answered], [4, true, 1]);
  append.begin(1, 2, 0);
  assert.deepEqual([append.escape, append.ended, append.answered, append.end], [0, false, 0, 0]);
});

Deno.test("FlowAppend names what is wrong with an answer that was early", () => {
  const { append, run } = started(0);
  assert.equal(take(append, [[1]], { sequence: 1, position: 7 }), "early");
  assert.equal(take(append, [[2]], { sequence: 0 }), "place");
  assert.deepEqual([run.count, append.answered], [1, 1]);
  assert.equal(take(append, [[0]], { sequence: 2, position: 3 }), "early");
  assert.equal(take(append, [[1]], { sequence: 1, position: 2 }), "token");
  assert.deepEqual([run.count, append.answered], [2, 2]);
});
