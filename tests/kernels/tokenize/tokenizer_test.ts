import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { encodeVocabulary } from "../../../kernels/tokenize/file/encode.ts";
import { createTokenizer, type Tokenizer } from "../../../kernels/tokenize/tokenizer/tokenizer.ts";
import { shareLength, windowsOf } from "../../../kernels/tokenize/tokenizer/windows.ts";
import { refusal } from "../../support/failure.ts";
import { tiny } from "./small_vocabularies.ts";
import { vocabulary } from "./vocabularies.ts";

const text = fc.string({ unit: "binary", maxLength: 40 }).map((each) => each.toWellFormed());

Deno.test("Tokenizer.encodeWithOffsets() gives offsets in UTF-8, UTF-16 and code points that name the same text", async () => {
  const tokenizer = createTokenizer(await vocabulary("cl100k_base"));
  const utf8 = new TextEncoder();
  fc.assert(
    fc.property(text, (value) => {
      const [bytes, units, points] = (["utf8", "utf16", "points"] as const).map((unit) =>
        tokenizer.encodeWithOffsets(value, { disallowedSpecial: [], unit })
      );
      const characters = Array.from(value);
      assert.deepEqual(bytes!.ids, tokenizer.encodeOrdinary(value));
      let at = 0;
      for (let n = 0; n < bytes!.ids.length; n++) {
        // The tokens of a byte-level vocabulary cover the text without gaps.
        assert.equal(bytes!.starts[n], at);
        at = bytes!.ends[n]!;
        const slice = value.slice(units!.starts[n], units!.ends[n]);
        assert(slice.isWellFormed());
        assert.equal(slice, characters.slice(points!.starts[n], points!.ends[n]).join(""));
        const token = utf8.encode(value).subarray(bytes!.starts[n], at);
        assert(utf8.encode(slice).join().includes(token.join()), JSON.stringify([value, n]));
      }
      assert.equal(at, utf8.encode(value).length);
    }),
  );
});

Deno.test("Tokenizer.isWithinLimit() equals the count, and stops reading where the limit is passed", async () => {
  const tokenizer = createTokenizer(await vocabulary("cl100k_base"));
  fc.assert(
    fc.property(text, fc.nat(20), (value, limit) => {
      const count = tokenizer.count(value, { disallowedSpecial: [] });
      const found = tokenizer.isWithinLimit(value, limit, { disallowedSpecial: [] });
      assert.equal(found, count <= limit ? count : false);
    }),
  );
  const long = "😀 word".repeat(3000);
  assert.equal(tokenizer.isWithinLimit(long, 1e6), tokenizer.count(long));
  assert.equal(tokenizer.isWithinLimit(new TextEncoder().encode(long), 1e6), tokenizer.count(long));
  assert.equal(tokenizer.isWithinLimit(long, 100), false);
});

Deno.test("Tokenizer.stream() and decoder() give the ids and the text of the whole", async () => {
  const tokenizer = createTokenizer(await vocabulary("cl100k_base"));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (parts) => {
      const stream = tokenizer.stream({ allowedSpecial: "all" });
      const ids = [...parts.flatMap((part) => [...stream.push(part)]), ...stream.end()];
      assert.deepEqual(ids, [...tokenizer.encode(parts.join(""), { allowedSpecial: "all" })]);
      const decoder = tokenizer.decoder();
      assert.equal(ids.map((id) => decoder.write([id])).join("") + decoder.end(), parts.join(""));
    }),
  );
});

Deno.test("windowsOf() covers all tokens with windows that share the stride", () => {
  fc.assert(
    fc.property(
      fc.nat(60),
      fc.integer({ min: 1, max: 20 }),
      fc.nat(19),
      fc.boolean(),
      (length, most, some, isLeft) => {
        const stride = some % most;
        const windows = windowsOf(length, most, stride, isLeft ? "left" : "right");
        const ordered = isLeft ? windows.toReversed() : windows;
        assert.equal(ordered[0]![0], 0);
        assert.equal(ordered.at(-1)![1], length);
        for (const [from, to] of windows) assert(to - from <= most);
        for (let at = 1; at < ordered.length; at++) {
          // Only the window that is cut off last may be shorter, so it may share more.
          assert(ordered[at - 1]![1] - ordered[at]![0] >= stride);
        }
        assert.equal(windows[0]![1] - windows[0]![0], Math.min(length, most));
      },
    ),
  );
  assert.throws(() => windowsOf(9, 4, 4, "right"), refusal("size"));
});

Deno.test("shareLength() keeps as many tokens as fit, and cuts the longer text first", () => {
  fc.assert(
    fc.property(fc.nat(40), fc.nat(40), fc.nat(40), (first, second, most) => {
      const [a, b] = shareLength(first, second, most);
      assert(a <= first && b <= second);
      assert.equal(a + b, Math.min(most, first + second));
      if (a < first && b < second) assert(Math.abs(a - b) <= 1);
    }),
  );
});

async function calls(): Promise<Tokenizer> {
  return createTokenizer(await tiny());
}

Deno.test("Tokenizer.inputs() pads on both sides, to a length, a multiple and the longest row", async () => {
  const tokenizer = await calls();
  const rows = (options: Parameters<Tokenizer["inputs"]>[1]) => {
    const { input_ids: { data, dims }, attention_mask } = tokenizer.inputs(["a", "abc.c"], {
      type: "int32",
      ...options,
    });
    return [dims, Array.from<number | bigint>(data), Array.from<number | bigint>(attention_mask.data)];
  };
  const [a, c, abc] = ["a", "c", "abc"].map((each) => tokenizer.encode(each)[0]!);
  assert.deepEqual(rows({ padId: 9 }), [[2, 3], [a, 9, 9, abc, 46, c], [1, 0, 0, 1, 1, 1]]);
  assert.deepEqual(rows({ paddingSide: "left", padToMultipleOf: 4 }), [
    [2, 4],
    [0, 0, 0, a, 0, abc, 46, c],
    [0, 0, 0, 1, 0, 1, 1, 1],
  ]);
  assert.deepEqual(rows({ maxLength: 1, padding: "max_length" }), [[2, 1], [a, abc], [1, 1]]);
  assert.deepEqual(rows({ padding: 5 })[0], [2, 5]);
});

Deno.test("Tokenizer refuses options that fit no text, texts that are none, and pairs without a template", async () => {
  const tokenizer = await calls();
  for (
    const [options, code, message] of [
      [{ maxLength: -1 }, "size", /maxLength = -1/],
      [{ maxLength: 1.5 }, "size", /maxLength = 1\.5/],
      [{ padding: 1 }, "size", /a row has 3 tokens/],
      [{ padding: "max_length" }, "size", /expected the option maxLength/],
      [{ padToMultipleOf: 0 }, "size", /multiple of 0/],
      [{ padding: 2 ** 28 }, "size", /Cannot make tensors/],
      [{ stride: 2, maxLength: 2 }, "size", /stride of 2/],
      [{ pairs: [] }, "shape", /1 texts with 0 second texts/],
      [{ pairs: ["b"], maxLength: 2, overflow: true }, "pipeline", /longest_first/],
      [{ pairs: ["bbb"], maxLength: 3, truncation: "only_first" }, "size", /the other text has 3 tokens/],
    ] as const
  ) {
    assert.throws(() => tokenizer.inputs("ccc", options), refusal(code, message), JSON.stringify(options));
  }
  for (const wrong of [undefined, null, 5, {}, [5]]) {
    assert.throws(() => tokenizer.inputs(wrong as never), refusal("dtype"));
    assert.throws(() => tokenizer.encodeBatch(wrong as never), refusal("dtype"));
  }
  for (const wrong of [undefined, null, 5, ["a"]]) {
    assert.throws(() => tokenizer.encode(wrong as never), refusal("dtype"));
  }
  assert.throws(() => createTokenizer({} as never), refusal("table"));
  const bert = await vocabulary("bert");
  const older = decodeVocabulary(encodeVocabulary({ ...bert, templates: undefined }));
  assert.throws(
    () => createTokenizer(older).inputs("a", { pairs: ["b"] }),
    refusal("pipeline", /compiled by an earlier version/),
  );
  assert.deepEqual(createTokenizer(older).inputs("a").input_ids.dims, [1, 3]);
});

Deno.test("Tokenizer refuses options of a wrong name or type, in place of another branch", async () => {
  const tokenizer = createTokenizer(await tiny());
  const loose = tokenizer as unknown as Record<string, (...values: unknown[]) => unknown>;
  const wrong: readonly (readonly [option: string, value: unknown])[] = [
    // A truncation that is none of the three cut the second text; a side that is none was the left one.
    ["truncation", "onlyfirst"],
    ["truncationSide", "rihgt"],
    ["paddingSide", "both"],
    ["type", "int16"],
    ["unit", "bytes"],
    ["overflow", "true"],
    ["addSpecialTokens", "false"],
  ];
  for (const [option, value] of wrong) {
    assert.throws(
      () => loose["inputs"]!(["ab", "cd"], { maxLength: 1, [option]: value }),
      refusal("size", new RegExp(`^Cannot tokenize with ${option} = "${value}": expected `)),
    );
  }
  assert.throws(() => loose["encodeWithOffsets"]!("a", { unit: "bytes" }), refusal("size", /unit = "bytes"/));
  assert.throws(
    () => loose["decode"]!([97], { skipSpecialTokens: 1 }),
    refusal("size", /skipSpecialTokens = 1/),
  );
  for (const value of [null, 5, "ab", { length: 1 }]) {
    assert.throws(() => loose["decode"]!(value), refusal("dtype", /Cannot decode ids that are /));
    assert.throws(() => loose["decodeBatch"]!(value), refusal("dtype", /Cannot decode lists that are /));
  }
  for (const limit of [NaN, -1, 1.5, "2", undefined]) {
    assert.throws(() => loose["isWithinLimit"]!("abc", limit), refusal("size", /limit of tokens/));
  }
  assert.equal(tokenizer.isWithinLimit("abc", Infinity), tokenizer.count("abc"));
  for (
    const rules of [null, { allowedSpecial: 5 }, { disallowedSpecial: "none" }, { allowedSpecial: [10n] }]
  ) {
    for (const call of ["encode", "encodeWithOffsets", "count", "stream"]) {
      if (call === "stream" && rules !== null && "disallowedSpecial" in rules) continue;
      const values = call === "stream" ? [rules] : ["a", rules];
      assert.throws(() => loose[call]!(...values), refusal("size", /^Cannot tokenize/));
    }
  }
  const bytes = new Uint8Array(4);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  assert.throws(() => tokenizer.encode(bytes), refusal("dtype", /that is detached/));
});
