/**
 * Special tokens of a call, by tiktoken's rules: some are allowed and become their ids, some are disallowed and
 * make the call fail, and the rest is ordinary text.
 *
 * @module
 */

import { kindOf, OnpathError } from "../../../serialize/errors.ts";
import { requireObject } from "../../../serialize/require.ts";
import { allowedTokens } from "../special.ts";
import type { SpecialToken, Vocabulary } from "../vocabulary.ts";

/** Special tokens of one call. */
export interface SpecialRules {
  /** Tokens that become their ids; default none. `"all"` for all of the vocabulary. */
  readonly allowedSpecial?: "all" | "none" | readonly string[] | undefined;
  /**
   * Tokens that a text must not contain; default `"all"` that are not allowed. With `[]` the text of a token
   * that is not allowed is ordinary text.
   */
  readonly disallowedSpecial?: "all" | readonly string[] | undefined;
}

/** Rules, resolved for a vocabulary. */
export interface ResolvedRules {
  /** Tokens that become their ids. */
  readonly allowed: readonly SpecialToken[];
  /**
   * Checks a text.
   *
   * @throws {OnpathError} `pipeline` if it contains a disallowed token.
   */
  readonly check: (text: string) => void;
}

/**
 * Checks rules from outside.
 *
 * @throws {OnpathError} `size` if they are not an object, or name no tokens.
 */
export function checkRules(rules: SpecialRules): SpecialRules {
  requireObject("tokenize", "the options are", rules);
  const { allowedSpecial = "none", disallowedSpecial = "all" } = rules;
  checkNames("allowedSpecial", allowedSpecial);
  // Only allowedSpecial may be "none": [] disallows nothing.
  if ((disallowedSpecial as unknown) === "none") checkNames("disallowedSpecial", undefined);
  checkNames("disallowedSpecial", disallowedSpecial);
  return rules;
}

function checkNames(name: string, value: unknown): void {
  if (value === "all" || value === "none") return;
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return;
  throw new OnpathError(
    "size",
    `Cannot tokenize with ${name} that is ${kindOf(value)}: expected "all" or an array of texts`,
    { option: name },
  );
}

/**
 * Resolves rules.
 *
 * @param vocabulary Vocabulary of the tokens.
 * @param rules Rules of a call.
 * @throws {OnpathError} `pipeline` if a special token is unknown.
 */
export function resolveRules(vocabulary: Vocabulary, rules: SpecialRules): ResolvedRules {
  const allowed = allowedTokens(vocabulary, rules.allowedSpecial ?? "none");
  const isAllowed = new Set(allowed.map(({ text }) => text));
  const { disallowedSpecial = "all" } = rules;
  const disallowed = disallowedSpecial === "all"
    ? vocabulary.special.filter(({ text }) => !isAllowed.has(text))
    : allowedTokens(vocabulary, disallowedSpecial);
  if (disallowed.length === 0) return { allowed, check: () => {} };
  const pattern = new RegExp(
    disallowed.map(({ text }) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"),
  );
  return {
    allowed,
    check: (text) => {
      const found = pattern.exec(text);
      if (found === null) return;
      throw new OnpathError(
        "pipeline",
        `Cannot encode a text with the special token ${JSON.stringify(found[0])} at offset ${found.index}: ` +
          `allow it by allowedSpecial, or pass disallowedSpecial: [] to encode it as ordinary text`,
        { token: found[0], offset: found.index },
      );
    },
  };
}
