/**
 * Tables of byte pair encoding whose arrays are made at their first use.
 *
 * @module
 */

import type { BpeTables } from "./vocabulary.ts";

/** Numbers of the tables that are known at once. */
export type KnownNumbers = Pick<BpeTables, "tokens" | "units" | "wholeFirst" | "longestToken">;

const makers = new WeakMap<BpeTables, () => BpeTables>();

/**
 * Creates tables of byte pair encoding over bytes, without runs.
 *
 * @param known Numbers of the tables.
 * @param read Makes all tables; called at most once.
 * @returns Tables with the same fields as plain ones.
 */
export function lazyTables(known: KnownNumbers, read: () => BpeTables): BpeTables {
  let made: BpeTables | undefined;
  const all = () => made ??= read();
  const tables: BpeTables = {
    ...known,
    fallback: new Int32Array(0),
    get ids() {
      return all().ids;
    },
    get lengths() {
      return all().lengths;
    },
    get left() {
      return all().left;
    },
    get right() {
      return all().right;
    },
    get ranks() {
      return all().ranks;
    },
    get pairLeft() {
      return all().pairLeft;
    },
    get pairRight() {
      return all().pairRight;
    },
    get pairRank() {
      return all().pairRank;
    },
    get base() {
      return all().base;
    },
    get check() {
      return all().check;
    },
    get fail() {
      return all().fail;
    },
    get depth() {
      return all().depth;
    },
    get whole() {
      return all().whole;
    },
    get longest() {
      return all().longest;
    },
    get suffix() {
      return all().suffix;
    },
  };
  makers.set(tables, all);
  return tables;
}

/** Returns the tables as plain data, for loops that read their fields often. */
export function plainTables(tables: BpeTables): BpeTables {
  return makers.get(tables)?.() ?? tables;
}
