import assert from "node:assert/strict";
import { imports } from "../../scripts/check/imports.ts";
import { links } from "../../scripts/check/links.ts";
import { denoNamespace, leftovers, newerNames } from "../../scripts/check/names.ts";
import { places } from "../../scripts/check/places.ts";
import { MAX_BYTES, MAX_LINES, sizes, WARN_LINES } from "../../scripts/check/sizes.ts";
import { tasks } from "../../scripts/check/tasks.ts";
import { type Check, memoryTree } from "../../scripts/check/tree.ts";

/** Where a check objects, in a tree of texts. */
function objections({ run }: Check, texts: Record<string, string>): string[] {
  return run(memoryTree(texts)).map(({ level, at }) => `${level} ${at}`);
}

/** Imports in every form that the language has; `at` is the file that they stand in. */
const FORMS = [
  (path: string) => `import { a } from "${path}";`,
  (path: string) => `import type { A } from "${path}";`,
  (path: string) => `import "${path}";`,
  (path: string) => `export * from "${path}";`,
  (path: string) => `export type { A } from "${path}";`,
  (path: string) => `const a = await import("${path}");`,
  (path: string) => `export type A = import("${path}").A;`,
];

Deno.test("imports refuses each import against the direction, in every form", () => {
  const cases: [string, string, boolean][] = [
    ["serialize/a.ts", "../kernels/mod.ts", false],
    ["serialize/a.ts", "../runtime/mod.ts", false],
    ["serialize/a.ts", "../scripts/b.ts", false],
    ["serialize/a.ts", "../mod.ts", false],
    ["serialize/a.ts", "onpath/kernels", false],
    ["serialize/a.ts", "./b.ts", true],
    ["kernels/resize/a.ts", "../../runtime/mod.ts", false],
    ["kernels/resize/a.ts", "../../serialize/mod.ts", true],
    ["kernels/resize/a.ts", "../../tests/support/a.ts", false],
    ["runtime/a.ts", "../scripts/b.ts", false],
    ["runtime/a.ts", "../npm/b.ts", false],
    ["runtime/a.ts", "../kernels/mod.ts", true],
    ["runtime/a.ts", "zod", true],
    ["mod.ts", "./runtime/mod.ts", true],
    ["mod.ts", "./scripts/a.ts", false],
    ["scripts/a.ts", "../runtime/mod.ts", true],
    ["npm/a.ts", "../mod.ts", true],
    ["tests/a.ts", "../npm/a.ts", true],
  ];
  const config = JSON.stringify({ imports: { "onpath/kernels": "./kernels/mod.ts", zod: "npm:zod@4" } });
  for (const [path, target, allowed] of cases) {
    for (const form of FORMS) {
      const found = objections(imports, { "deno.json": config, [path]: `// first\n${form(target)}\n` });
      assert.deepEqual(found, allowed ? [] : [`error ${path}:2`], `${path}: ${form(target)}`);
    }
  }
});

Deno.test("imports reads no comments and no texts", () => {
  const text = '/** import { a } from "../kernels/mod.ts"; */\nconst a = \'import "../runtime/mod.ts"\';\n';
  assert.deepEqual(objections(imports, { "serialize/a.ts": text }), []);
});

Deno.test("imports names a cycle between folders", () => {
  const found = imports.run(memoryTree({
    "scripts/a.ts": 'import "../npm/b.ts";',
    "npm/b.ts": 'import "../tests/c.ts";',
    "tests/c.ts": 'import "../scripts/a.ts";',
  }));
  assert.equal(found.length, 1);
  assert.match(found[0]!.message, /npm -> tests -> scripts -> npm/);
});

Deno.test("deno finds the namespace in code outside the named files", () => {
  const uses = [
    "Deno.args;",
    "globalThis.Deno;",
    'globalThis["Deno"];',
    "type A = Deno.Conn;",
    "const { args } = Deno;",
  ];
  for (const path of ["serialize/a.ts", "mod.ts", "scripts/a.ts", "npm/a.mjs"]) {
    for (const use of uses) {
      assert.deepEqual(objections(denoNamespace, { [path]: use }), [`error ${path}:1`], use);
    }
  }
  assert.deepEqual(objections(denoNamespace, { "tests/a_test.ts": "Deno.test();" }), []);
  assert.deepEqual(
    objections(denoNamespace, { "kernels/a.ts": '// Deno.args\nexport const a = "Deno.args";' }),
    [],
  );
});

Deno.test("leftovers finds prints and notes in the library", () => {
  const note = "TO" + "DO";
  const text = `// ${note}: later\nexport const a = 1;\nconsole.log(a);\n`;
  assert.deepEqual(objections(leftovers, { "kernels/a.ts": text, "mod.ts": text, "scripts/a.ts": text }), [
    "error kernels/a.ts:3",
    "error kernels/a.ts:1",
    "error mod.ts:3",
    "error mod.ts:1",
  ]);
  assert.deepEqual(objections(leftovers, { "runtime/a.ts": "// console.log(1) prints\n" }), []);
});

Deno.test("node 20 finds names that it lacks, outside of tests and comments", () => {
  const use = "const { promise } = Promise.withResolvers();";
  const text = `// Promise.withResolvers() is newer\n${use}\n`;
  assert.deepEqual(
    objections(newerNames, { "runtime/a.ts": text, "scripts/a.ts": text, "tests/a.ts": text }),
    [
      "error runtime/a.ts:2",
      "error scripts/a.ts:2",
    ],
  );
});

Deno.test("sizes warns, then refuses; generated sources may be long but not heavy", () => {
  const lines = (count: number) => "//\n".repeat(count);
  assert.deepEqual(objections(sizes, { "a.ts": lines(WARN_LINES) }), []);
  assert.deepEqual(objections(sizes, { "a.ts": lines(WARN_LINES + 1) }), ["warning a.ts"]);
  assert.deepEqual(objections(sizes, { "a.ts": lines(MAX_LINES) }), ["warning a.ts"]);
  assert.deepEqual(objections(sizes, { "a.ts": lines(MAX_LINES + 1) }), ["error a.ts"]);
  assert.deepEqual(objections(sizes, { "a.ts": "// Generated\n" + lines(MAX_LINES) }), []);
  assert.deepEqual(objections(sizes, { "a.gz": "a".repeat(MAX_BYTES - 1) }), []);
  assert.deepEqual(objections(sizes, { "a.gz": "a".repeat(MAX_BYTES) }), ["error a.gz"]);
});

Deno.test("places finds folders of machines and hosts of registries", () => {
  const folders = ["work", "tmp", "home", "root", "Users"].map((name) => "/" + name);
  const hosts = [["registry", "npmjs", "org"], ["jsr", "io"], ["pypi", "org"], [
    "registry",
    "example",
    "net",
  ]];
  const planted = [
    ...folders.flatMap((folder) => [`cd ${folder}`, `"${folder}/a"`, `file://${folder}/a`, `(${folder}/…)`]),
    ...hosts.map((host) => `https://${host.join(".")}/a`),
  ];
  for (const text of planted) {
    assert.deepEqual(objections(places, { "a.md": `\n${text}\n` }), ["error a.md:2"], text);
  }
  for (const text of ["docs/home/a", "./tmp/a", "a/root", "/usr/bin/python3", "/workshop", "network/tmp"]) {
    assert.deepEqual(objections(places, { "a.md": text }), [], text);
  }
  assert.deepEqual(objections(places, { "a.png": `\0 ${folders[0]}/a` }), []);
});

Deno.test("tasks asks for a description and a name of its own", () => {
  const config = {
    tasks: {
      a: { description: "Does a", command: "a" },
      b: "b",
      c: { command: "c" },
      d: { description: " " },
    },
  };
  const found = objections(tasks, { "deno.json": JSON.stringify(config, null, 1) });
  assert.deepEqual(found, ["error deno.json:7", "error deno.json:8", "error deno.json:11"]);
  const twice = '{"tasks": {\n"a": {"description": "Does a"},\n"a": {"description": "Does b"}}}';
  assert.deepEqual(objections(tasks, { "deno.json": twice }), ["error deno.json:3"]);
  assert.deepEqual(objections(tasks, { "deno.json": "{}" }), []);
});

Deno.test("links follows Markdown to files and headings", () => {
  const page = (text: string) => ({
    "README.md": text,
    "docs/a.md": "# The `first` one\n\n## Two\n## Two\n",
    "b.png": "",
  });
  const dead = [
    "[a](docs/b.md)",
    "![a](c.png)",
    "[a][b]\n\n[b]: docs/b.md",
    '<img src="c.png">',
    "[a](docs/a.md#none)",
    "[a](#none)",
  ];
  for (const text of dead) assert.equal(objections(links, page(text)).length, 1, text);
  const live = [
    "[a](docs/a.md)",
    "[a](docs/)",
    "[a](./docs/a.md#the-first-one)",
    "[a](docs/a.md#two-1)",
    '![a](b.png "title")',
    "[a](https://example.com/x)",
    "# Here\n[a](#here)",
    "```\n[a](none)\n```",
    "`[a](none)`",
  ];
  for (const text of live) assert.deepEqual(objections(links, page(text)), [], text);
});
