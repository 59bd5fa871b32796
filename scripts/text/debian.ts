/**
 * A second corpus, for claims that must not rest on the first: texts of Debian packages. They are manual pages, words,
 * sayings and handbooks in some 40 languages and 15 scripts, downloaded by apt into out/debian and unpacked there.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { NamedText } from "./corpus.ts";

/** Folder of the packages, below the repository. */
const FOLDER = fileURLToPath(new URL("../../out/debian/", import.meta.url));

/** Languages of the packages. */
const LANGUAGES: Readonly<Record<string, string>> = {
  manpages: "cs da de el es fi fr hu id it ja mk nb nl pl pt-br ro ru sr sv tr uk vi zh",
  fortunes: "min bg br cs de eo es ga it pl ru zh",
  hunspell: "ar be bg bn bo el eu gu he hi kk ko lo ml ne si sr te th uk uz vi",
  "debian-reference": "de es fr id it ja pt zh-cn zh-tw",
};

/** Packages by name. */
const PACKAGES: readonly string[] = [
  "manpages",
  "manpages-dev",
  "wbritish",
  "wdanish",
  "wpolish",
  "wspanish",
  ...Object.entries(LANGUAGES).flatMap(([name, list]) => list.split(" ").map((each) => `${name}-${each}`)),
];

/** Maximum UTF-16 units of a package: no language outweighs the others. */
const MAX_UNITS = 250_000;

/** Maximum UTF-16 units of a document; longer files become several. */
const MAX_DOCUMENT = 65_536;

/** Files with texts. Indices of sayings and pictures are none. */
const TEXT_FILE = /\/(man|dict|hunspell|games\/fortunes|debian-reference)\/.*/;
const NO_TEXT = /\.(dat|aff|png|svg|css|pdf|u8|hash)(\.gz)?$/;

/**
 * Returns the documents of all packages, their languages interleaved. Packages that are missing are downloaded.
 *
 * @throws {Error} If apt or dpkg fails.
 */
export function debianTexts(): NamedText[] {
  install();
  const placed = PACKAGES.flatMap((name) => {
    const documents: NamedText[] = [];
    let units = 0;
    for (const path of textFiles(join(FOLDER, name))) {
      if (units >= MAX_UNITS) break;
      const text = readText(path).slice(0, MAX_UNITS - units);
      units += text.length;
      for (let at = 0; at < text.length; at += MAX_DOCUMENT) {
        const part = text.slice(at, at + MAX_DOCUMENT).toWellFormed();
        documents.push({ name: `${path.slice(FOLDER.length)}#${at}`, text: part });
      }
    }
    return documents.map((document, n) => ({ document, at: (n + 0.5) / documents.length }));
  });
  return placed.sort((a, b) => a.at - b.at).map(({ document }) => document);
}

/** Downloads and unpacks what is missing. */
function install(): void {
  mkdirSync(FOLDER, { recursive: true });
  const missing = PACKAGES.filter((name) => !existsSync(join(FOLDER, name, "done")));
  if (missing.length === 0) return;
  execFileSync("apt-get", ["download", "-q", ...missing], {
    cwd: FOLDER,
    stdio: ["ignore", "ignore", "ignore"],
  });
  const files = readdirSync(FOLDER);
  for (const name of missing) {
    const file = files.find((each) => each.startsWith(`${name}_`) && each.endsWith(".deb"));
    if (file === undefined) throw new Error(`Cannot unpack ${name}: apt has downloaded no file of it`);
    execFileSync("dpkg", ["-x", join(FOLDER, file), join(FOLDER, name)]);
    writeFileSync(join(FOLDER, name, "done"), "");
  }
}

/** Paths of a package's texts, in order. Links to others are left out. */
function textFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => TEXT_FILE.test(path) && !NO_TEXT.test(path))
    .sort();
}

/** Text of a file without the markup of HTML; empty if it is not UTF-8. */
function readText(path: string): string {
  const bytes = readFileSync(path);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(
      path.endsWith(".gz") ? gunzipSync(bytes) : bytes,
    );
    return path.includes(".html") ? text.replace(/<[^>]*>/g, "") : text;
  } catch (error) {
    if (error instanceof TypeError) return "";
    throw error;
  }
}
