/**
 * Security options of the command line: certificates and a token from files.
 *
 * @module
 */

import type { Security } from "../../runtime/network/security/options.ts";
import { readBounded } from "../io/read.ts";

/** Bytes of a file with certificates, a key or a token, at most. */
const MAX_BYTES = 2 ** 20;

/** Files and choices of the command line. */
export interface SecurityOptions {
  /** `--tls-cert`: certificate chain, PEM. */
  readonly tlsCert?: string | undefined;
  /** `--tls-key`: private key, PEM. */
  readonly tlsKey?: string | undefined;
  /** `--tls-ca`: certificates of authorities, PEM. */
  readonly tlsCa?: string | undefined;
  /** `--tls-mutual`: those who connect need a certificate. */
  readonly tlsMutual?: boolean | undefined;
  /** `--tls-name`: name in the other end's certificate. */
  readonly tlsName?: string | undefined;
  /** `--token-file`: secret text. */
  readonly tokenFile?: string | undefined;
  /** `--authenticate`: packets are authenticated. */
  readonly authenticate?: boolean | undefined;
}

/**
 * Reads the files.
 *
 * @param options Files and choices.
 * @param signal Aborts the reading with its reason.
 * @returns Security; without TLS if no option names a file for it. The library checks it when a party is opened.
 * @throws {OnpathError} `file` or `size` if a file cannot be read. No message has its contents.
 */
export async function readSecurity(options: SecurityOptions, signal: AbortSignal): Promise<Security> {
  const { tlsMutual: mutual, tlsName: serverName, authenticate } = options;
  const read = async (path: string | undefined) =>
    path === undefined
      ? undefined
      : new TextDecoder().decode(await readBounded(path, { maxBytes: MAX_BYTES, signal }));
  const [cert, key, ca, token] = await Promise.all(
    [options.tlsCert, options.tlsKey, options.tlsCa, options.tokenFile].map(read),
  );
  const tls = { cert, key, ca, mutual, serverName };
  const hasTls = Object.values(tls).some((value) => value !== undefined);
  // Editors end a file with a line break, which is no part of the secret.
  return { tls: hasTls ? tls : undefined, token: token?.trim(), authenticate };
}
