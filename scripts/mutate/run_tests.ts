/**
 * Runs test files on a changed source, bundled with the change, in a worker. No file is copied, and an endless
 * loop can be stopped.
 *
 * @module
 */

import { build, type Plugin, stop } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Code before the bundle: collects tests in place of running them. */
const PRELUDE = `
const tests = [];
const register = (first, second, third) => {
  const options = typeof first === "object" ? first : typeof second === "object" ? second : {};
  const fn = [first, second, third].find((each) => typeof each === "function") ?? options.fn;
  const name = typeof first === "string" ? first : options.name ?? fn.name;
  if (!options.ignore) tests.push({ name, fn });
};
Deno.test = Object.assign(register, { ignore: () => {}, only: register });
`;

/** Code after the bundle: runs the collected tests up to the first failure. */
const POSTLUDE = `
let failed = null;
for (const { name, fn } of tests) {
  try {
    const steps = { name, step: async (inner, run) => (await (run ?? inner.fn ?? inner)(steps), true) };
    await fn(steps);
  } catch {
    failed = name;
    break;
  }
}
postMessage({ failed, count: tests.length });
`;

/**
 * Runs tests on a changed file.
 *
 * @param root Folder of the repository.
 * @param file Path of the file.
 * @param source Changed text of the file.
 * @param tests Paths of test files, in the order in which they run.
 * @param timeoutMs Milliseconds after which the run of one test file is stopped.
 * @returns Name of the first test that failed; null if all passed.
 */
export async function firstFailure(
  root: string,
  file: string,
  source: string,
  tests: readonly string[],
  timeoutMs: number,
): Promise<string | null> {
  for (const test of tests) {
    const failed = await runFile(root, file, source, test, timeoutMs);
    if (failed !== null) return failed;
  }
  return null;
}

async function runFile(
  root: string,
  file: string,
  source: string,
  test: string,
  timeoutMs: number,
): Promise<string | null> {
  const code = await bundle(root, file, source, test);
  if (code === null) return "the change does not compile";
  const url = URL.createObjectURL(new Blob([PRELUDE, code, POSTLUDE], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve("timeout"), timeoutMs);
      worker.onmessage = ({ data }) => {
        clearTimeout(timer);
        resolve(data.count === 0 ? "no tests" : data.failed);
      };
      worker.onerror = (event) => {
        event.preventDefault();
        clearTimeout(timer);
        resolve(`outside of the tests: ${event.message.slice(0, 80)}`);
      };
    });
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
}

/** Ends the bundler. */
export const stopBundler: () => Promise<void> = stop;

async function bundle(root: string, file: string, source: string, test: string) {
  const contents = `import ${JSON.stringify(`./${test}`)};`;
  try {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: root, loader: "ts" },
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "esnext",
      logLevel: "silent",
      plugins: [replaceFile(root, file, source)],
    });
    return outputFiles[0]!.text;
  } catch {
    return null;
  }
}

/** Loads the changed text, and replaces `import.meta.url` by the address of each file. */
function replaceFile(root: string, file: string, source: string): Plugin {
  const changed = join(root, file);
  return {
    name: "mutant",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (path.includes("node_modules")) return undefined;
        const text = path === changed ? source : await readFile(path, "utf8");
        const address = JSON.stringify(pathToFileURL(path).href);
        return { contents: text.replaceAll("import.meta.url", address), loader: "ts" };
      });
    },
  };
}
