/**
 * Warm-up of the tokenizer service. The first requests of a process cost several times what later ones do, because the
 * JavaScript engine compiles the service meanwhile. So chats of made-up turns go through a service of its own, on a port
 * that no one knows, before the real one listens, whose metrics and sessions stay empty.
 *
 * @module
 */

import { Agent, request } from "node:http";
import type { Vocabulary } from "../../kernels/tokenize/vocabulary.ts";
import { serveTokenizer } from "../../runtime/serve/tokenizer_server.ts";
import { createTokenizerService } from "../../runtime/serve/tokenizer_service.ts";

/** Chats, and their turns: after some 700 requests, no function of the service is compiled anew. */
const CHATS = 14, TURNS = 50;

/** Milliseconds after which no further chat begins: some vocabularies cost more than the start may take. */
const MAX_MS = 1000;

/** UTF-16 units of a turn. */
const TURN_UNITS = 200;

/** Text of the turns, in several scripts. */
const TEXT = [
  "The committee adjourned at 17:45, having read 1,024 pages of minutes (see appendix B).",
  "Die Größe der Tabelle hängt von den Gewichten ab; l'été dernier, où étiez-vous?",
  "Все тексты измеряются заново. 東京の天気は晴れです。 한국어 문장도 있습니다.",
  "function add(a, b) { return a + b; } // 42 == 0x2a\n\tif (x != null) x.y[0]--;",
  "السلام عليكم ورحمة الله — नमस्ते दुनिया, 🙂👍 x² ≤ 10⁶",
].join("\n");

/**
 * Sends chats through a server of a vocabulary, which ends then.
 *
 * @param vocabulary Vocabulary that will be served.
 * @param signal Ends the warm-up.
 * @returns Number of chats.
 * @throws {Error} If a request fails; the signal's reason.
 */
export async function warmUp(vocabulary: Vocabulary, signal: AbortSignal): Promise<number> {
  const service = createTokenizerService({ vocabulary });
  const server = await serveTokenizer(service, { port: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const send = sender(server.port, agent, signal);
    const end = performance.now() + MAX_MS;
    let chats = 0;
    while (chats < CHATS && (chats === 0 || performance.now() < end)) await runChat(send, chats++);
    return chats;
  } finally {
    agent.destroy();
    await server.close();
  }
}

type Send = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;

function sender(port: number, agent: Agent, signal: AbortSignal): Send {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const call = request({ host: "127.0.0.1", port, agent, method, path, signal }, async (response) => {
        try {
          let text = "";
          for await (const part of response.setEncoding("utf8")) text += part;
          if (response.statusCode !== 200) throw new Error(`Cannot warm up: ${method} ${path} gives ${text}`);
          resolve(JSON.parse(text));
        } catch (error) {
          reject(error);
        }
      });
      call.on("error", reject);
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

async function runChat(send: Send, chat: number): Promise<void> {
  const { session } = await send("POST", "/sessions", {});
  for (let turn = 0; turn < TURNS; turn++) {
    const at = (chat * TURNS + turn) * 61 % TEXT.length;
    // A cut through a pair of surrogates would be refused.
    const append = (TEXT + TEXT).slice(at, at + TURN_UNITS).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "");
    await send("POST", `/sessions/${session}`, { append });
  }
  await send("DELETE", `/sessions/${session}`);
}
