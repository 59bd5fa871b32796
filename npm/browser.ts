/**
 * Runs a page from a local server in a headless browser.
 *
 * @module
 */

import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { promisify } from "node:util";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
};

/** Limit for a page to post its result, in milliseconds. */
const TIMEOUT_MS = 120_000;

/** Finds an installed Chromium or Chrome; returns its command, or null. */
export async function findBrowser(): Promise<string | null> {
  for (const program of ["chromium", "google-chrome"]) {
    try {
      await promisify(execFile)(program, ["--version"]);
      return program;
    } catch (error) {
      if ((error as { code?: unknown }).code !== "ENOENT") throw error;
    }
  }
  return null;
}

/**
 * Serves a folder, opens a page of it, and returns the JSON that the page posts to `/done`.
 *
 * @param browser Command of the browser.
 * @param folder Folder to serve.
 * @param page Path of the page.
 * @returns The posted JSON.
 * @throws {Error} If the browser ends first, or after two minutes.
 */
export async function runPage(browser: string, folder: string, page: string): Promise<unknown> {
  const profile = await mkdtemp(join(tmpdir(), "onpath-browser-"));
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const server = createServer((request, response) => {
    const path = new URL(request.url!, "http://localhost").pathname;
    if (request.method === "POST" && path === "/done") {
      let body = "";
      request.on("data", (part) => body += part);
      request.on("end", () => {
        response.end();
        resolve(JSON.parse(body));
      });
      return;
    }
    readFile(join(folder, normalize(path))).then(
      (bytes) => {
        response.setHeader("content-type", TYPES[extname(path)] ?? "application/octet-stream");
        response.end(bytes);
      },
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  });
  await new Promise<void>((listening) => server.listen(0, "localhost", listening));
  const { port } = server.address() as AddressInfo;
  const flags = "--headless --no-sandbox --disable-gpu --disable-background-networking " +
    "--disable-component-update --disable-sync --no-first-run";
  const child = spawn(browser, [
    ...flags.split(" "),
    `--user-data-dir=${profile}`,
    `http://localhost:${port}${page}`,
  ], { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (part) => stderr = (stderr + part).slice(-2000));
  const gone = new Promise<void>((ended) => child.on("close", () => ended()));
  gone.then(() => reject(new Error(`Cannot run ${page}: ${browser} ended without a result:\n${stderr}`)));
  child.on("error", reject);
  const timer = setTimeout(
    () => reject(new Error(`Cannot run ${page}: no result within ${TIMEOUT_MS} ms:\n${stderr}`)),
    TIMEOUT_MS,
  );
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.kill();
    await gone;
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
