/**
 * Check of an Arrow IPC file or stream before the library reads it: its messages, their parts and their bodies.
 *
 * @module
 */

import type { FileHandle } from "node:fs/promises";
import { checkFlatBuffer, type TableReader, type TableShape } from "./flatbuffer_check.ts";

/** First and last bytes of a file; a stream has none. */
const MAGIC = "ARROW1";

/** Bytes at the end of a file: the footer's length and the magic. */
const END_BYTES = 10;

/** Maximum bytes of a footer or of a message without its body: 64 MiB. */
const MAX_METADATA = 2 ** 26;

/** Maximum messages of a file: record batches and dictionaries. */
const MAX_MESSAGES = 2 ** 20;

/** Kinds of messages. */
const KIND = { schema: 1, dictionary: 2, batch: 3 } as const;

const keyValue: TableShape = { 0: { is: "string" }, 1: { is: "string" } };
const metadata = { is: "tables", of: keyValue } as const;
const field: Record<number, TableShape[number]> = {
  0: { is: "string" },
  3: { is: "table", of: {} },
  4: { is: "table", of: { 1: { is: "table", of: {} } } },
  6: metadata,
};
field[5] = { is: "tables", of: field };
const schema: TableShape = { 1: { is: "tables", of: field }, 2: metadata, 3: { is: "vector", bytes: 8 } };
const batch: TableShape = {
  1: { is: "vector", bytes: 16 },
  2: { is: "vector", bytes: 16 },
  3: { is: "table", of: {} },
  4: { is: "vector", bytes: 8 },
};
const block = { is: "vector", bytes: 24 } as const;
const footer: TableShape = { 1: { is: "table", of: schema }, 2: block, 3: block, 4: metadata };
const HEADERS: Readonly<Record<number, TableShape>> = {
  [KIND.schema]: schema,
  [KIND.dictionary]: { 1: { is: "table", of: batch } },
  [KIND.batch]: batch,
};
const message: TableShape = { 2: { is: "table", of: {} }, 4: metadata };

/** File to check. */
interface Checked {
  readonly file: FileHandle;
  readonly size: number;
  readonly refuse: (why: string) => Error;
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks a file or a stream.
 *
 * @param file Open file.
 * @param size Bytes of the file.
 * @param refuse Creates the error about a malformed file.
 * @param signal Aborts the check with its reason.
 */
export async function checkArrow(
  file: FileHandle,
  size: number,
  refuse: (why: string) => Error,
  signal?: AbortSignal,
): Promise<void> {
  const checked = { file, size, refuse, signal };
  const head = await readAt(checked, 0, Math.min(size, MAGIC.length));
  if (latin1(head) === MAGIC) await checkFile(checked);
  else await checkStream(checked);
}

async function checkFile(checked: Checked): Promise<void> {
  const { size, refuse } = checked;
  const end = await readAt(checked, size - END_BYTES, END_BYTES);
  const length = new DataView(end.buffer).getInt32(0, true);
  if (latin1(end.subarray(4)) !== MAGIC || length <= 0 || length > MAX_METADATA) {
    throw refuse("its footer is invalid");
  }
  const bytes = await readAt(checked, size - END_BYTES - length, length);
  const table = checkFlatBuffer(bytes, footer, refuse);
  const view = new DataView(bytes.buffer);
  for (const [number, kind] of [[2, KIND.dictionary], [3, KIND.batch]] as const) {
    const { at, count } = table.vector(number);
    checkCount(count, refuse);
    for (let n = 0; n < count; n++) {
      const offset = Number(view.getBigInt64(at + 24 * n, true));
      const found = await checkMessage(checked, offset);
      if (found?.kind !== kind) throw refuse("its footer names a message of another kind");
    }
  }
}

async function checkStream(checked: Checked): Promise<void> {
  let at = 0;
  for (let count = 0;; count++) {
    checkCount(count, checked.refuse);
    const found = await checkMessage(checked, at);
    if (found === undefined) {
      if (count === 0) throw checked.refuse("it has no schema");
      return;
    }
    if ((count === 0) !== (found.kind === KIND.schema)) {
      throw checked.refuse("a stream has one schema, at its beginning");
    }
    at = found.end;
  }
}

function checkCount(count: number, refuse: (why: string) => Error): void {
  if (count > MAX_MESSAGES) throw refuse(`it has more than ${MAX_MESSAGES} messages`);
}

/** Checks a message; undefined at the end of a stream. */
async function checkMessage(
  checked: Checked,
  from: number,
): Promise<{ readonly kind: number; readonly end: number } | undefined> {
  const { size, refuse, signal } = checked;
  signal?.throwIfAborted();
  if (from === size) return undefined;
  const prefix = new DataView((await readAt(checked, from, Math.min(8, size - from))).buffer);
  if (prefix.byteLength < 4) throw refuse("it is truncated");
  // Files before Arrow 0.15 lack the continuation mark.
  const hasMark = prefix.getInt32(0, true) === -1;
  if (hasMark && prefix.byteLength < 8) throw refuse("it is truncated");
  const length = prefix.getInt32(hasMark ? 4 : 0, true);
  if (length === 0) return undefined;
  if (length < 0 || length > MAX_METADATA) throw refuse(`a message has ${length} bytes`);
  const start = from + (hasMark ? 8 : 4);
  const bytes = await readAt(checked, start, length);
  const view = new DataView(bytes.buffer);
  const table = checkFlatBuffer(bytes, message, refuse);
  const kindAt = table.field(1);
  const kind = kindAt === undefined ? 0 : bytes[kindAt]!;
  const header = HEADERS[kind];
  if (header === undefined) throw refuse(`a message has the unknown kind ${kind}`);
  checkFlatBuffer(bytes, { 2: { is: "table", of: header } }, refuse);
  const body = numberAt(view, table.field(3));
  const end = start + length + body;
  if (body < 0 || end > size) throw refuse("the body of a message is truncated");
  const data = kind === KIND.batch
    ? table.table(2)
    : kind === KIND.dictionary
    ? table.table(2)?.table(1)
    : undefined;
  if (data !== undefined) checkBatch(view, data, body, refuse);
  else if (kind !== KIND.schema) throw refuse("a message lacks its header");
  return { kind, end };
}

/** Checks that rows are counted alike, and that buffers lie within the body. */
function checkBatch(view: DataView, data: TableReader, body: number, refuse: (why: string) => Error): void {
  const rows = numberAt(view, data.field(0));
  if (!(rows >= 0 && rows <= 8 * body)) throw refuse(`a batch of ${body} bytes has ${rows} rows`);
  const nodes = data.vector(1);
  for (let n = 0; n < nodes.count; n++) {
    const length = Number(view.getBigInt64(nodes.at + 16 * n, true));
    if (!(length >= 0 && length <= 8 * body)) throw refuse(`a column of ${body} bytes has ${length} values`);
  }
  const buffers = data.vector(2);
  for (let n = 0; n < buffers.count; n++) {
    const offset = Number(view.getBigInt64(buffers.at + 16 * n, true));
    const length = Number(view.getBigInt64(buffers.at + 16 * n + 8, true));
    if (!(offset >= 0 && length >= 0 && offset + length <= body)) throw refuse("a buffer is out of range");
  }
}

function numberAt(view: DataView, at: number | undefined): number {
  if (at === undefined) return 0;
  return at + 8 <= view.byteLength ? Number(view.getBigInt64(at, true)) : -1;
}

async function readAt(
  { file, size, refuse }: Checked,
  at: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  if (at < 0 || at + length > size) throw refuse("it is truncated");
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw refuse("it is truncated");
    done += bytesRead;
  }
  return bytes;
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
