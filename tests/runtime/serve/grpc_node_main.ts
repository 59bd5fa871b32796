/** Runs in Node: serves a vocabulary file at a socket by gRPC until its standard input ends. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { decodeVocabulary } from "../../../kernels/tokenize/file/decode.ts";
import { serveTokenizerGrpc } from "../../../runtime/serve/tokenizer_grpc.ts";
import { createTokenizerService } from "../../../runtime/serve/tokenizer_service.ts";

const [, , file, socket] = process.argv;
const service = createTokenizerService({ vocabulary: decodeVocabulary(readFileSync(file!)) });
const server = await serveTokenizerGrpc(service, { socket: socket! });
process.stdout.write(`${server.url}\n`);
process.stdin.resume();
await once(process.stdin, "end");
await server.close();
