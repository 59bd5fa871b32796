/**
 * Prompts that grow on a server: an addition costs its own text, and returns the ids that changed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { Appender, GrowingText } from "../../kernels/tokenize/append/appender.ts";
import { named } from "../../serialize/excerpt.ts";
import type { Clock } from "./clock.ts";
import { busy, refuse } from "./failures.ts";

/** Limits of the sessions of a server. */
export interface SessionLimits {
  /** Maximum sessions. Default 1024. */
  readonly maxSessions: number;
  /** Maximum bytes of UTF-8 of a session's text. Default 4 MiB. */
  readonly maxSessionBytes: number;
  /** Milliseconds without a request after which a session may be evicted for another. Default 600,000. */
  readonly sessionIdleMs: number;
}

/** State of a session after a request. */
export interface SessionAnswer {
  /** Name of the session. */
  readonly session: string;
  /** Ids of the text. */
  readonly count: number;
  /** Ids at the beginning that stay from the request before. */
  readonly kept: number;
  /** Ids after those. */
  readonly tokens: readonly number[];
  /** Ids at the beginning that no addition changes. */
  readonly final: number;
  /** Bytes of UTF-8 of the text. */
  readonly bytes: number;
  /** Bytes that were tokenized for this request. */
  readonly encoded_bytes: number;
}

/** Sessions of a server. */
export interface TokenizerSessions {
  /** Number of sessions. */
  readonly count: () => number;
  /**
   * Begins a session.
   *
   * @throws {OnpathError} `busy` if there are too many; as `append`.
   */
  readonly open: (prompt: string, addSpecialTokens: boolean) => SessionAnswer;
  /**
   * Appends to a text.
   *
   * @param at Bytes that the text must have before, if it is given: a request that is sent again does no harm.
   * @throws {OnpathError} `plan` with status 404 if the session is unknown; `size` with status 409 if `at` differs, or
   * 413 if the text becomes too long; `file` if the addition has a lone surrogate.
   */
  readonly append: (session: string, text: string, at: number | undefined) => SessionAnswer;
  /**
   * Returns all ids of a session.
   *
   * @throws {OnpathError} `plan` with status 404 if it is unknown.
   */
  readonly read: (session: string) => SessionAnswer;
  /**
   * Ends a session.
   *
   * @throws {OnpathError} `plan` with status 404 if it is unknown.
   */
  readonly close: (session: string) => void;
}

/** A session, between the one used before it and the one used after it. */
interface Held {
  readonly name: string;
  readonly text: GrowingText;
  readonly isAround: boolean;
  usedAt: number;
  before: Held | null;
  after: Held | null;
}

/**
 * Creates the sessions of a server.
 *
 * @param appender Tokenizer of texts that grow.
 * @param limits Limits.
 * @param clock Clock of idle times.
 */
export function createSessions(appender: Appender, limits: SessionLimits, clock: Clock): TokenizerSessions {
  const { around } = appender.vocabulary;
  // The order of use is a list: a map that is written with each request grows anew every few of them, and the memory
  // that it leaves keeps what it held until the next full collection.
  const sessions = new Map<string, Held>();
  let oldest: Held | null = null, newest: Held | null = null;

  const unlink = (held: Held): void => {
    const { before, after } = held;
    if (before === null) oldest = after;
    else before.after = after;
    if (after === null) newest = before;
    else after.before = before;
    held.before = held.after = null;
  };
  const linkLast = (held: Held): void => {
    held.before = newest;
    if (newest === null) oldest = held;
    else newest.after = held;
    newest = held;
  };
  const remove = (held: Held): void => {
    unlink(held);
    sessions.delete(held.name);
  };

  const find = (session: string): Held => {
    const held = sessions.get(session);
    if (held === undefined) {
      throw refuse(
        404,
        "plan",
        `Cannot find session ${named(session)}: it has ended, was evicted or never was`,
        {
          session,
        },
      );
    }
    held.usedAt = clock.now();
    if (held !== newest) {
      unlink(held);
      linkLast(held);
    }
    return held;
  };

  const grow = (session: string, held: Held, addition: string, kept: number): SessionAnswer => {
    // At least a byte a unit of UTF-16, so a text that is far too long is not encoded.
    const most = limits.maxSessionBytes - held.text.bytes;
    if (addition.length > most || (3 * addition.length > most && Buffer.byteLength(addition) > most)) {
      throw refuse(
        413,
        "size",
        `Cannot append to session ${session}: its text would have more than ${limits.maxSessionBytes} bytes`,
        { bytes: held.text.bytes, most: limits.maxSessionBytes },
      );
    }
    const appended = held.text.append(addition);
    const { before, after } = held.isAround ? around : NONE;
    const changed = Array.from(appended.ids);
    const tokens = kept < 0 ? [...before, ...changed, ...after] : changed.concat(after);
    return {
      session,
      count: before.length + appended.count + after.length,
      kept: kept < 0 ? 0 : before.length + appended.kept,
      tokens,
      final: before.length + appended.final,
      bytes: held.text.bytes,
      encoded_bytes: appended.encodedBytes,
    };
  };

  return {
    count: () => sessions.size,
    open: (prompt, addSpecialTokens) => {
      if (sessions.size >= limits.maxSessions) {
        if (clock.now() - oldest!.usedAt < limits.sessionIdleMs) {
          throw busy(`${sessions.size} of at most ${limits.maxSessions} sessions are open`, 429);
        }
        remove(oldest!);
      }
      const session = crypto.randomUUID();
      const held: Held = {
        name: session,
        text: appender.begin(),
        isAround: addSpecialTokens,
        usedAt: clock.now(),
        before: null,
        after: null,
      };
      const answer = grow(session, held, prompt, -1);
      sessions.set(session, held);
      linkLast(held);
      return answer;
    },
    append: (session, text, at) => {
      const held = find(session);
      if (at !== undefined && at !== held.text.bytes) {
        throw refuse(
          409,
          "size",
          `Cannot append to session ${session} at byte ${at}: its text has ${held.text.bytes} bytes`,
          { at, bytes: held.text.bytes },
        );
      }
      return grow(session, held, text, 0);
    },
    read: (session) => {
      const { text, isAround } = find(session);
      const { before, after } = isAround ? around : NONE;
      const tokens = [...before, ...text.ids(), ...after];
      return {
        session,
        count: tokens.length,
        kept: 0,
        tokens,
        final: before.length + text.final,
        bytes: text.bytes,
        encoded_bytes: 0,
      };
    },
    close: (session) => {
      remove(find(session));
    },
  };
}

const NONE = { before: [], after: [] };
