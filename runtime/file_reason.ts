/**
 * Words for errors of the file system.
 *
 * @module
 */

/** Messages, by code. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission is denied",
  EPERM: "permission is denied",
  EISDIR: "it is a folder, expected a file",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "no space is left",
  EROFS: "the file system is read-only",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
};

/**
 * Words an error of the file system as the end of a sentence.
 *
 * @param error Error thrown by the file system.
 * @returns A few words for known codes, otherwise the error's message.
 */
export function fileReason(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  return REASONS[code ?? ""] ?? message;
}
