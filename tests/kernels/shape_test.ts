import assert from "node:assert/strict";
import { parseWith } from "../../kernels/schema.ts";
import {
  both,
  type Check,
  flag,
  integer,
  list,
  nullable,
  number,
  oneOf,
  optional,
  record,
  schemaOf,
  test,
  text,
  variant,
} from "../../kernels/shape.ts";
import { checkVocabularySteps } from "../../kernels/text_normalize/step_shapes.ts";
import { refusal } from "../support/failure.ts";

const CASES: readonly (readonly [Check, taken: readonly unknown[], refused: readonly unknown[]])[] = [
  [integer(-1, 3), [-1, 0, 3], [-2, 4, 1.5, NaN, Infinity, "1", 1n, null, undefined]],
  [number(-1, 3), [-1, 1.5, 3], [-1.1, 3.1, NaN, "1", null]],
  [flag, [true, false], [0, "true", null, undefined]],
  [text(3, 1), ["a", "abc"], ["", "abcd", "\ud800", 1, null, ["a"]]],
  [oneOf("a", true), ["a", true], ["b", false, "true", undefined]],
  [nullable(flag), [null, true], [undefined, 0]],
  [optional(flag), [undefined, true], [null, 0]],
  [list(flag, 2), [[], [true], [true, false]], [[true, true, true], [1], { length: 0 }, "ab", null]],
  [both(integer(0, 9), test((n) => n !== 5, "is five")), [4], [5, 10]],
  [record({ a: flag, b: optional(flag) }), [{ a: true }, { a: true, b: false }], [
    {},
    { a: 1 },
    { a: true, c: 1 },
    Object.create({ a: true }),
    [],
    null,
    "a",
  ]],
  [
    variant("k", { x: record({ k: oneOf("x"), n: flag }), y: record({ k: oneOf("y") }) }),
    [{ k: "x", n: true }, { k: "y" }],
    [
      { k: "x" },
      { k: "y", n: true },
      { k: "z" },
      { k: "toString" },
      { k: 1 },
      {},
      null,
      Object.create({ k: "y" }),
    ],
  ],
];

Deno.test("checks take what they describe and refuse both sides of their limits", () => {
  for (const [check, taken, refused] of CASES) {
    for (const value of taken) assert.equal(check(value, []), null);
    for (const value of refused) assert.notEqual(check(value, []), null);
  }
});

Deno.test("schemaOf() names the field that failed, in one error", () => {
  const schema = schemaOf(record({ a: list(record({ n: integer(0, 7) }), 3) }));
  assert.deepEqual(parseWith(schema, { a: [{ n: 7 }] }, "file", "head"), { a: [{ n: 7 }] });
  assert.throws(
    () => parseWith(schema, { a: [{ n: 1 }, { n: 8 }] }, "file", "head"),
    refusal("file", /Cannot read head\.a\.1\.n: expected an integer from 0 to 7/),
  );
  assert.throws(
    () => parseWith(schema, { a: [], "b\n": 1 }, "file", "head"),
    refusal("file", /unrecognized key/),
  );
});

Deno.test("checkVocabularySteps() takes every step of a vocabulary, and refuses its wrong fields", () => {
  const right = [
    ...["nfc", "nfd", "nfkc", "nfkd"].flatMap((op) => [{ op }, { op, tables: "tokenizers" }]),
    ...["lower_case", "strip_accents", "clean_text", "space_chinese"].map((op) => ({ op })),
    { op: "prepend", text: "ab" },
    { op: "prepend", text: "▁", unless: true },
    { op: "replace", from: "a".repeat(64), to: "" },
    { op: "charsmap", map: "" },
    { op: "charsmap", map: "AA==", rule: "longest" },
    { op: "mark_words", mark: "▁" },
    { op: "squeeze", of: " ", to: "▁" },
    { op: "strip", side: "both" },
    { op: "strip", side: "left", of: "\u{1F600}" },
  ];
  // Each alone: together their growth is too great.
  for (const step of right) assert.deepEqual(checkVocabularySteps([step]), [step]);
  const wrong = [
    { op: "nfx" },
    { op: "nfc", tables: "other" },
    { op: "lower_case", text: "a" },
    { op: "prepend", text: "" },
    { op: "prepend", text: "ab", unless: true },
    { op: "prepend", text: "a", unless: false },
    { op: "replace", from: "", to: "a" },
    { op: "replace", from: "a".repeat(65), to: "" },
    { op: "replace", from: "a", to: "\ud800" },
    { op: "charsmap", map: 5 },
    { op: "mark_words", mark: "ab" },
    { op: "squeeze", of: "ab", to: "" },
    { op: "strip", side: "top" },
    null,
    "nfc",
  ];
  for (const step of wrong) {
    assert.throws(() => checkVocabularySteps([{ op: "nfc" }, step]), refusal("pipeline", /steps\.1/));
  }
  assert.throws(() => checkVocabularySteps({}), refusal("pipeline", /a list of at most 64 items/));
});
