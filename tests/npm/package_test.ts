import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { listFacts } from "../../npm/check_install.ts";
import { findDeno } from "../../npm/check_package.ts";
import { withCommonEndings } from "../../npm/declarations.ts";
import { packageFolder } from "../../npm/notices.ts";
import { type DenoConfig, listEntries, packageJson } from "../../npm/package_json.ts";

const config: DenoConfig = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));

Deno.test("packageJson() takes version, license and ranges from deno.json", () => {
  const made = packageJson({
    version: "7.8.9",
    license: "MIT",
    exports: { ".": "./mod.ts", "./part": "./part/mod.ts" },
    imports: {
      "@msgpack/msgpack": "npm:@msgpack/msgpack@^1.2.3",
      zod: "npm:zod@~4.5.6",
      sharp: "npm:sharp@1",
      "@datadog/sketches-js": "npm:@datadog/sketches-js@^2",
      protobufjs: "npm:protobufjs@^8",
      koffi: "npm:koffi@^9.8",
      "@grpc/grpc-js": "npm:@grpc/grpc-js@^1.2",
    },
  });
  assert.equal(made["name"], "onpath");
  assert.equal(made["version"], "7.8.9");
  assert.equal(made["license"], "MIT");
  assert.deepEqual(made["dependencies"], { "@msgpack/msgpack": "^1.2.3", zod: "~4.5.6" });
  assert.deepEqual(made["optionalDependencies"], {
    sharp: "1",
    "@datadog/sketches-js": "^2",
    protobufjs: "^8",
  });
  assert.deepEqual(made["peerDependencies"], { koffi: "^9.8", "@grpc/grpc-js": "^1.2" });
  assert.deepEqual(made["peerDependenciesMeta"], {
    koffi: { optional: true },
    "@grpc/grpc-js": { optional: true },
  });
  assert.deepEqual(made["exports"], {
    ".": {
      import: { types: "./index.d.ts", default: "./index.js" },
      require: { types: "./index.d.cts", default: "./index.cjs" },
    },
    "./part": {
      import: { types: "./part.d.ts", default: "./part.js" },
      require: { types: "./part.d.cts", default: "./part.cjs" },
    },
    "./package.json": "./package.json",
  });
});

Deno.test("packageJson() puts types first and default last, where resolvers look for them", () => {
  const { exports } = packageJson(config) as { exports: Record<string, Record<string, object> | string> };
  for (const conditions of Object.values(exports)) {
    if (typeof conditions === "string") continue;
    assert.deepEqual(Object.keys(conditions), ["import", "require"]);
    for (const paths of Object.values(conditions)) assert.deepEqual(Object.keys(paths), ["types", "default"]);
  }
});

Deno.test("packageJson() refuses a dependency without a range", () => {
  const imports = { ...config.imports, zod: "./zod.ts" };
  assert.throws(() => packageJson({ ...config, imports }), /Cannot find the range of "zod"/);
});

Deno.test("listEntries() has every entry that deno.json exports", () => {
  assert.deepEqual(listEntries(config).map(({ name }) => name), [
    "index",
    "serialize",
    "kernels",
    "runtime",
    "tokenize",
    "serve",
    "xrt",
    "xdp",
    "emulation",
    "network",
  ]);
});

Deno.test("withCommonEndings() changes relative imports only", () => {
  const text = [
    'import { z } from "zod";',
    'import type { A } from "./a.ts";',
    'export * from "../b/mod.ts";',
    'export type C = import("./c.ts").C;',
    '/** import { d } from "./d.ts"; */',
    "",
  ].join("\n");
  const expected = text.replace("./a.ts", "./a.cjs").replace("../b/mod.ts", "../b/mod.cjs").replace(
    "./c.ts",
    "./c.cjs",
  );
  assert.equal(withCommonEndings(text), expected);
});

Deno.test("packageFolder() finds the innermost package", () => {
  const nested = "node_modules/.deno/a@1.0.0/node_modules";
  assert.equal(packageFolder(`${nested}/a/lib/index.js`), `${nested}/a`);
  assert.equal(packageFolder(`${nested}/@b/c/index.js`), `${nested}/@b/c`);
  assert.equal(packageFolder("scripts/offload.ts"), undefined);
});

Deno.test("findDeno() sees calls and no words", () => {
  assert.equal(findDeno("const a = Deno.args;"), "Deno.args");
  assert.equal(findDeno("globalThis.Deno?.args"), "Deno?.args");
  assert.equal(findDeno("runs in Deno and in Node"), undefined);
});

Deno.test("listFacts() keeps numbers and leaves out times", () => {
  const report = {
    packets: 672,
    shape: [3, 4],
    name: "a",
    milliseconds: { device: 1.5 },
    deviceMs: 2,
    none: null,
  };
  assert.deepEqual(listFacts(report), ["/packets: 672", "/shape/0: 3", "/shape/1: 4"]);
});
