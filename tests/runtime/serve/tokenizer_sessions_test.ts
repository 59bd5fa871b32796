import assert from "node:assert/strict";
import { createAppender } from "../../../kernels/tokenize/append/appender.ts";
import { createSessions } from "../../../runtime/serve/tokenizer_sessions.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import { random } from "../../support/random.ts";
import { vocabulary } from "../../kernels/tokenize/vocabularies.ts";

const appender = createAppender(await vocabulary("gpt2"));

Deno.test("createSessions() evicts the session that was used least recently, whatever was used, ended or opened before", () => {
  const next = random(7);
  let now = 0;
  const limits = { maxSessions: 4, maxSessionBytes: 1000, sessionIdleMs: 0 };
  const sessions = createSessions(appender, limits, { now: () => now++, after: () => () => {} });
  const inUse: string[] = [], gone: string[] = [];
  const use = (session: string) => {
    inUse.splice(inUse.indexOf(session), 1);
    inUse.push(session);
  };
  let evictions = 0;
  for (let step = 0; step < 3000; step++) {
    const session = inUse[next() % inUse.length];
    const action = next() % 5;
    if (session === undefined || action === 0) {
      inUse.push(sessions.open("a", false).session);
      if (inUse.length > limits.maxSessions) {
        gone.push(inUse.shift()!);
        evictions++;
      }
    } else if (action === 1 && inUse.length > 2) {
      sessions.close(session);
      gone.push(...inUse.splice(inUse.indexOf(session), 1));
    } else {
      assert.equal(
        action === 2
          ? sessions.append(session, "b", undefined).kept <= 1000
          : sessions.read(session).count > 0,
        true,
      );
      use(session);
    }
    assert.equal(sessions.count(), inUse.length);
  }
  assert.ok(evictions > 50, `${evictions} evictions`);
  for (const session of gone) {
    assert.throws(
      () => sessions.read(session),
      (error) => error instanceof OnpathError && error.details["status"] === 404,
    );
  }
  for (const session of inUse) sessions.read(session);
});
