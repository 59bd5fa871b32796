import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { collectNotices, WASM_NOTICES } from "../../npm/notices.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

Deno.test("collectNotices() has the licences of the libraries in the WebAssembly, and of the packages", async () => {
  const { text, names } = await collectNotices(ROOT, ["node_modules/zod/index.js", "runtime/session.ts"]);
  assert.deepEqual(names, ["zod"]);
  for (const library of Object.keys(WASM_NOTICES)) assert(text.includes(library), library);
  const parts = [
    /Wilson Snyder/,
    /The Perl Foundation/,
    /Rich Felker/,
    /LLVM Exceptions/,
    /TERMS AND CONDITIONS FOR USE/,
  ];
  for (const part of parts) assert.match(text, part);
  assert.equal(text.split("=".repeat(80)).length - 1, names.length + Object.keys(WASM_NOTICES).length);
});
