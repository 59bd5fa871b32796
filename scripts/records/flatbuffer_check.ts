/**
 * Check of a FlatBuffer's structure: every table, vector and string lies within the bytes. The library that decodes
 * them trusts their lengths, and would loop over billions of absent entries.
 *
 * @module
 */

/** Field of a table that refers to something. */
export type FieldShape =
  | { readonly is: "string" }
  | { readonly is: "table"; readonly of: TableShape }
  | { readonly is: "tables"; readonly of: TableShape }
  | { readonly is: "vector"; readonly bytes: number };

/** Fields of a table by number. Other fields hold values and need no check. */
export type TableShape = Readonly<Record<number, FieldShape>>;

/** Maximum nesting of tables. */
const MAX_DEPTH = 64;

/** Reference within a FlatBuffer, for values that a caller needs. */
export interface TableReader {
  /** Returns the position of a field's value; undefined if the field is absent. */
  readonly field: (number: number) => number | undefined;
  /** Follows the reference of a field to a table. */
  readonly table: (number: number) => TableReader | undefined;
  /** Follows the reference of a field to a vector: the position of its entries, and their count. */
  readonly vector: (number: number) => { readonly at: number; readonly count: number };
}

/**
 * Checks a FlatBuffer.
 *
 * @param bytes The buffer.
 * @param shape Shape of the root table.
 * @param refuse Creates the error about a malformed buffer.
 * @returns Reader of the root table.
 */
export function checkFlatBuffer(
  bytes: Uint8Array,
  shape: TableShape,
  refuse: (why: string) => Error,
): TableReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Tables may be shared, so that few bytes could describe a tree without end.
  let budget = bytes.length;
  const within = (at: number, count: number) => {
    if (!(at >= 0 && at + count <= bytes.length)) throw refuse("a reference is out of range");
    return at;
  };
  const word = (at: number) => view.getUint32(within(at, 4), true);
  const fieldAt = (table: number, number: number): number | undefined => {
    const vtable = within(table - view.getInt32(within(table, 4), true), 4);
    const slot = 4 + 2 * number;
    if (slot + 2 > view.getUint16(vtable, true)) return undefined;
    const offset = view.getUint16(within(vtable + slot, 2), true);
    return offset === 0 ? undefined : within(table + offset, 1);
  };
  const follow = (at: number) => within(at + word(at), 4);
  const check = (table: number, shape: TableShape, depth: number): void => {
    if (depth > MAX_DEPTH || budget-- <= 0) throw refuse("its tables are nested too deep");
    within(table, 4);
    for (const [number, field] of Object.entries(shape)) {
      const at = fieldAt(table, Number(number));
      if (at === undefined) continue;
      const to = follow(at);
      if (field.is === "table") {
        check(to, field.of, depth + 1);
        continue;
      }
      const count = word(to);
      const size = field.is === "string" ? 1 : field.is === "vector" ? field.bytes : 4;
      within(to + 4, count * size);
      if (field.is !== "tables") continue;
      for (let n = 0; n < count; n++) check(follow(to + 4 + 4 * n), field.of, depth + 1);
    }
  };
  const reader = (table: number): TableReader => ({
    field: (number) => fieldAt(table, number),
    table: (number) => {
      const at = fieldAt(table, number);
      return at === undefined ? undefined : reader(follow(at));
    },
    vector: (number) => {
      const at = fieldAt(table, number);
      if (at === undefined) return { at: 0, count: 0 };
      const to = follow(at);
      return { at: to + 4, count: word(to) };
    },
  });
  const root = follow(0);
  check(root, shape, 0);
  return reader(root);
}
