/**
 * The post-processor of a tokenizer.json: the ids around one text and around two.
 *
 * @module
 */

import { OnpathError } from "../../../serialize/errors.ts";
import { named } from "../../../serialize/excerpt.ts";
import { parseWith } from "../../schema.ts";
import { MAX_AROUND } from "../file/meta.ts";
import type { TemplatePart, Templates } from "../vocabulary.ts";
import { checkType, unknown } from "./hf_refuse.ts";
import { POST_PROCESSOR, type PostProcessor, type TemplatePiece } from "./hf_schema.ts";

/** Ids around texts. */
export interface PostProcessing {
  /** Ids before and after one text. */
  readonly around: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Templates of one text and of two. */
  readonly templates: Templates;
}

/** Maximum nesting depth of post-processor sequences. */
const MAX_SEQUENCES = 8;

/** Template of texts without ids around them, as tokenizers has it without a post-processor. */
const BARE: Templates = {
  single: [{ text: "first", type: 0 }],
  pair: [{ text: "first", type: 0 }, { text: "second", type: 1 }],
  trim: "none",
};

/**
 * Reads `post_processor`.
 *
 * @param json Value of `post_processor`; null or undefined if absent.
 * @param name Name of the vocabulary.
 * @returns Ids around texts.
 * @throws {OnpathError} `file` if its type is not supported; the message names the type.
 */
export function readPostProcessor(json: unknown, name: string): PostProcessing {
  const templates = json === null || json === undefined ? BARE : read(json, name, 0);
  const at = templates.single.findIndex((part) => "text" in part);
  const ids = (parts: readonly TemplatePart[]) => parts.flatMap((part) => "ids" in part ? part.ids : []);
  const around = { before: ids(templates.single.slice(0, at)), after: ids(templates.single.slice(at + 1)) };
  const most = Math.max(around.before.length, around.after.length, ids(templates.pair ?? []).length);
  if (most > MAX_AROUND) {
    throw unknown(name, "post_processor", `a template of ${most} ids before or after a text`);
  }
  return { around, templates };
}

function read(json: unknown, name: string, depth: number): Templates {
  checkType(json, ["ByteLevel", "TemplateProcessing", "BertProcessing", "RobertaProcessing", "Sequence"], {
    name,
    part: "post_processor",
  });
  if (depth > MAX_SEQUENCES) throw unknown(name, "post_processor", "a sequence nested in eight others");
  const post: PostProcessor = parseWith(POST_PROCESSOR, json, "file", `post_processor of "${name}"`);
  switch (post.type) {
    case "ByteLevel":
      return { ...BARE, trim: trimOf(post) };
    case "BertProcessing":
    case "RobertaProcessing": {
      const [cls, sep] = [post.cls[1], post.sep[1]];
      const isBert = post.type === "BertProcessing";
      // RoBERTa separates two texts by two ids, and gives every id the type 0.
      const [between, second] = isBert ? [[sep], 1] : [[sep, sep], 0];
      return {
        single: [{ ids: [cls], type: 0 }, { text: "first", type: 0 }, { ids: [sep], type: 0 }],
        pair: [
          { ids: [cls], type: 0 },
          { text: "first", type: 0 },
          { ids: between, type: 0 },
          { text: "second", type: second },
          { ids: [sep], type: second },
        ],
        trim: isBert ? "none" : trimOf(post),
      };
    }
    case "Sequence":
      return post.processors.map((part) => read(part, name, depth + 1)).reduce(follow, BARE);
    case "TemplateProcessing": {
      const part = (piece: TemplatePiece): TemplatePart => {
        if ("Sequence" in piece) {
          const { id, type_id: type } = piece.Sequence;
          return { text: id === "B" ? "second" : "first", type };
        }
        const { id, type_id: type } = piece.SpecialToken;
        const token = Object.hasOwn(post.special_tokens, id) ? post.special_tokens[id] : undefined;
        if (token !== undefined) return { ids: token.ids, type };
        throw new OnpathError(
          "file",
          `Cannot read post_processor of "${name}": ids of ${named(id)} are missing`,
          { name, token: id },
        );
      };
      const texts = (parts: readonly TemplatePart[]) =>
        parts.flatMap((each) => "text" in each ? [each.text] : []).join();
      const single = post.single.map(part);
      if (texts(single) === "") throw unknown(name, "post_processor", "a template without a text");
      if (texts(single) !== "first") throw unknown(name, "post_processor", "a template with two texts");
      const pair = post.pair.map(part);
      return { single, pair: texts(pair) === "first,second" ? pair : null, trim: "none" };
    }
  }
}

/** Applies a template to the result of another: its ids come outside. */
function follow(inner: Templates, outer: Templates): Templates {
  const at = outer.single.findIndex((part) => "text" in part);
  const single = [...outer.single.slice(0, at), ...inner.single, ...outer.single.slice(at + 1)];
  const trim = outer.trim === "none" ? inner.trim : outer.trim;
  // A template that puts ids between texts has one meaning only where the other leaves both texts alone.
  const pair = isBare(inner.pair) ? outer.pair : isBare(outer.pair) ? inner.pair : null;
  return { single, pair, trim };
}

function isBare(pair: readonly TemplatePart[] | null): boolean {
  return pair !== null && pair.length === 2 && pair.every((part) => "text" in part);
}

function trimOf(post: { trim_offsets: boolean; add_prefix_space: boolean }): Templates["trim"] {
  return !post.trim_offsets ? "none" : post.add_prefix_space ? "first" : "all";
}
