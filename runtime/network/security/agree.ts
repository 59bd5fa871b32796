/**
 * Agreement on packet keys: the ends of a control connection exchange two shares of a secret.
 *
 * The shares cross the connection, so it must be one that nobody else reads: TLS, or loopback. A connection that is
 * opened again has new shares, and so new keys.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { z } from "zod";
import { parseWith, type Schema } from "../../../kernels/schema.ts";
import { OnpathError } from "../../../serialize/errors.ts";
import type { WaitOptions } from "../../../serialize/wait.ts";
import type { Channel, Handler } from "../channel.ts";
import { PacketKeys } from "./packet_keys.ts";
import { KEY_BYTES } from "./packet_mac.ts";

/** Share of a secret, in both directions of the call `keys`. */
export const shareSpec: Schema<{ share: Uint8Array }> = z.strictObject({
  share: z.instanceof(Uint8Array).refine(
    ({ length }) => length === KEY_BYTES,
    `expected ${KEY_BYTES} bytes`,
  ),
});

/** Function `keys` of a server: agrees on the keys of a connection, once. */
export const keysHandler: Handler<{ share: Uint8Array }> = {
  schema: shareSpec,
  run: ({ share: client }, channel) => {
    checkPrivate(channel);
    if (channel.keys !== undefined) {
      throw new OnpathError("packet", "Cannot agree on keys: the connection has some");
    }
    const share = new Uint8Array(randomBytes(KEY_BYTES));
    keep(channel, new PacketKeys(client, share));
    client.fill(0);
    return { share };
  },
};

/**
 * Agrees with the other end on the keys of a connection.
 *
 * @param channel Connection that this end opened.
 * @throws {OnpathError} `device` if others could read the connection, or the other end has no keys; `timeout`.
 */
export async function agreeKeys(channel: Channel, wait: WaitOptions): Promise<void> {
  checkPrivate(channel);
  const client = new Uint8Array(randomBytes(KEY_BYTES));
  const answer = await channel.call("keys", { share: client }, wait);
  const { share } = parseWith(shareSpec, answer, "packet", "keys");
  keep(channel, new PacketKeys(client, share));
  client.fill(0);
  share.fill(0);
}

function keep(channel: Channel, keys: PacketKeys): void {
  channel.keys = keys;
  void channel.ended.then(() => keys.close());
}

function checkPrivate({ isPrivate }: Channel): void {
  if (isPrivate) return;
  throw new OnpathError(
    "device",
    "Cannot agree on packet keys: the control channel is neither TLS nor loopback, expected the option tls",
  );
}

/**
 * Checks that a connection has keys exactly if packets must be authenticated.
 *
 * @param what What the peer does, such as `register flows`.
 * @throws {OnpathError} `device` otherwise.
 */
export function checkKeys(what: string, channel: Channel, isRequired: boolean): void {
  if (!isRequired || channel.keys !== undefined) return;
  throw new OnpathError(
    "device",
    `Cannot ${what}: the other end takes authenticated packets only, expected the option authenticate`,
  );
}
