/**
 * Check: no file contains a folder of one machine, or the host of a package registry.
 *
 * @module
 */

import { type Check, type Finding, lineAt } from "./tree.ts";

/** Top folders that differ between machines. */
const FOLDERS = ["work", "tmp", "home", "root", "Users", "mnt"];

/** Hosts of package registries, in parts, so that this file does not contain them. */
const HOSTS = [
  ["npmjs", "org"],
  ["npmjs", "com"],
  ["npmmirror", "com"],
  ["yarnpkg", "com"],
  ["jsr", "io"],
  ["pypi", "org"],
  ["pythonhosted", "org"],
  ["crates", "io"],
  ["deb", "debian", "org"],
  ["proxy", "golang", "org"],
];

const FOLDER = new RegExp(`(?<![\\w.~*)}\\]-])/(${FOLDERS.join("|")})(?=[/\\s"'\`),;:]|$)`, "gm");
const HOST = new RegExp(
  `\\b(${HOSTS.map((host) => host.join("\\.")).join("|")})\\b|\\bregistry\\.\\w+\\.\\w+`,
  "g",
);

/** Check of machine folders and registry hosts. */
export const places: Check = {
  name: "places",
  rule: "no file contains a folder of a machine or the host of a registry",
  run: (tree) =>
    tree.paths.flatMap((path) => {
      const text = tree.text(path);
      if (text === undefined) return [];
      const find = (pattern: RegExp, what: string) =>
        [...text.matchAll(pattern)].map((match): Finding => ({
          level: "error",
          at: `${path}:${lineAt(text, match.index)}`,
          message: `names ${what}: "${match[0]}"`,
        }));
      return [...find(FOLDER, "a machine's folder"), ...find(HOST, "a registry's host")];
    }),
};
