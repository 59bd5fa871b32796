/**
 * TLS of control channels.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, type ConnectionOptions, type TlsOptions as NodeTlsOptions } from "node:tls";
import { kindOf, OnpathError } from "../../../serialize/errors.ts";

/** Certificates of one party. Texts are in PEM. */
export interface TlsOptions {
  /** Certificate chain of this party, its own certificate first. A NIC and a receiver need one. */
  readonly cert?: string | undefined;
  /** Private key of the certificate, without a passphrase. */
  readonly key?: string | undefined;
  /** Certificates of the authorities that sign the other ends' certificates. Default those of the runtime. */
  readonly ca?: string | undefined;
  /** Whether parties that connect must have a certificate of `ca`. Default false. */
  readonly mutual?: boolean | undefined;
  /** Name in the other end's certificate. Default the address that is connected to. */
  readonly serverName?: string | undefined;
}

/**
 * Checks certificates and key. Neither is part of a message.
 *
 * @param tls Options of a party.
 * @param isServer Whether the party serves a control channel.
 * @throws {OnpathError} `size` if an option is missing, or cannot be read.
 */
export function checkTls(tls: TlsOptions, isServer: boolean): void {
  const { cert, key, ca, mutual = false, serverName } = tls;
  const fail = (found: string, expected: string): never => {
    throw new OnpathError("size", `Cannot use TLS: ${found}, expected ${expected}`);
  };
  for (const [name, text] of Object.entries({ cert, key, ca, serverName })) {
    if (text !== undefined && typeof text !== "string") fail(`${name} is ${kindOf(text)}`, "a text");
  }
  if (typeof mutual !== "boolean") fail(`mutual is ${kindOf(mutual)}`, "true or false");
  if ((cert === undefined) !== (key === undefined)) fail("cert or key is missing", "both or neither");
  if (isServer && cert === undefined) fail("cert and key are missing", "the certificate of a server");
  if (mutual && ca === undefined) fail("ca is missing", "authorities for mutual");
  if (ca !== undefined) readCertificate("ca", ca);
  if (cert === undefined || key === undefined) return;
  const certificate = readCertificate("cert", cert);
  const isPair = attempt(() => certificate.checkPrivateKey(createPrivateKey(key)));
  if (isPair === undefined) fail("key cannot be read", "a private key in PEM");
  if (isPair === false) fail("key is of another certificate", "that of cert");
}

function readCertificate(name: string, text: string): X509Certificate {
  const certificate = attempt(() => new X509Certificate(text));
  if (certificate !== undefined) return certificate;
  throw new OnpathError("size", `Cannot use TLS: ${name} cannot be read, expected a certificate in PEM`);
}

/** Result of a function of the runtime; undefined if it throws, whose messages may quote their input. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** Options of `node:tls` for a server. */
export function serverTls({ cert, key, ca, mutual = false }: TlsOptions): NodeTlsOptions {
  return {
    cert,
    key,
    ...(mutual ? { ca } : {}),
    requestCert: mutual,
    rejectUnauthorized: mutual,
    minVersion: "TLSv1.3",
  };
}

/** Options of `node:tls` for a connection to a host. */
export function clientTls({ cert, key, ca, serverName }: TlsOptions, host: string): ConnectionOptions {
  const name = serverName ?? host;
  return {
    ...(cert === undefined ? {} : { cert, key }),
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(name) === 0 ? { servername: name } : {}),
    minVersion: "TLSv1.3",
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
  };
}
