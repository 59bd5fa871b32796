/**
 * Certificates of tests, made anew in each run: an authority, and parties that it signs.
 *
 * @module
 */

import { generate } from "selfsigned";

/** Certificate and key of a party, and the certificate of its authority, in PEM. */
export interface PartyCertificate {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** An authority that signs certificates of parties. */
export interface Authority {
  /** Certificate in PEM. */
  readonly ca: string;
  /** Makes a certificate for 127.0.0.1, ::1 and a name. */
  party(name: string): Promise<PartyCertificate>;
}

const options = () => ({
  keyType: "ec",
  algorithm: "sha256",
  notBeforeDate: new Date(Date.now() - 3_600_000),
  notAfterDate: new Date(Date.now() + 86_400_000),
} as const);

/** Makes an authority. */
export async function makeAuthority(): Promise<Authority> {
  const root = await generate([{ name: "commonName", value: "authority" }], {
    ...options(),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  return {
    ca: root.cert,
    party: async (name) => {
      const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
        ...options(),
        ca: { key: root.private, cert: root.cert },
        extensions: [
          { name: "basicConstraints", cA: false },
          {
            name: "subjectAltName",
            altNames: [{ type: 7, ip: "127.0.0.1" }, { type: 7, ip: "::1" }, { type: 2, value: name }],
          },
        ],
      });
      return { cert, key, ca: root.cert };
    },
  };
}
