/**
 * Help of the commands that serve.
 *
 * @module
 */

/** Text below the options of `serve`. */
export const SERVE = `
Paths: /v2, /v2/health/live, /v2/health/ready, /v2/models/<name>, …/ready, …/infer, and /metrics for
Prometheus. Tensors are JSON or binary data. A body of pixels, of one picture or of one text needs no JSON:
the header Inference-Header-Content-Length: 0 says so.

  image      image UINT8 of --shape, or a batch -> output
  processor  images BYTES, PNG, JPEG or WebP -> pixel_values FP32
  tokenizer  text BYTES -> input_ids, attention_mask INT64

A full queue is status 429, a server that is full or closing 503; both may be sent again. SIGINT and SIGTERM
refuse new requests, finish those that run, and end with exit code 0; a second one ends at once. With
--predictor the results go to a model server, and its outputs come back. Nothing checks who sends:
docs/serving.md says how to put a proxy before it.

Examples:
  onpath serve --pipeline pipeline.json --shape 720,1280,3
  onpath serve --processor preprocessor_config.json --max-batch 8 --max-delay 5
  onpath serve --vocab cl100k_base --port 9000 --json
`;

/** Text below the options of `tokenizer serve`. */
export const TOKENIZER_SERVE = `
POST /tokenize, /detokenize and /count take and return JSON as vLLM's; GET /health, and /metrics for Prometheus.
POST /sessions begins a prompt that grows, POST /sessions/<id> {"append": "…"} tokenizes the addition alone and
returns the ids that changed, GET returns all, DELETE ends it. A full queue is status 429, a server that is full
or closing 503. SIGINT and SIGTERM refuse new requests, finish those that run, and end with exit code 0.

With --socket only this machine's users reach it: curl --unix-socket. A socket of an ended server is replaced; no
other file is removed. --special none leaves special tokens in prompts as text.

--grpc adds the tokenizer service of llm-d's router, tokenization.TokenizationService: Tokenize with offsets,
RenderCompletion, RenderChatCompletion. --name must be the name that the router sends.

Examples:
  onpath tokenizer serve --vocab cl100k_base
  onpath tokenizer serve --vocab tokenizer.json --socket /run/tokenizer.sock --chat-template tokenizer_config.json
  onpath tokenizer serve --vocab tokenizer.json --name org/model --grpc unix:/run/tokenizer/grpc.sock
  curl http://127.0.0.1:8000/tokenize -d '{"prompt": "Hello, world"}'
`;
