/**
 * Suggestions for mistyped names: "did you mean …?"
 *
 * @module
 */

/**
 * Finds the known name nearest to a mistyped one.
 *
 * @param typed Mistyped name; the first 64 characters are compared.
 * @param known Names to choose from.
 * @returns ` (did you mean X?)`, or "" if more than 40% of every known name would change.
 */
export function suggest(typed: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(typed.slice(0, 64), name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(0.4 * name.length)))
    .sort((a, b) => a.distance - b.distance);
  return near.length === 0 ? "" : ` (did you mean ${near[0]!.name}?)`;
}

/** Counts the insertions, deletions, replacements and swaps of neighbours that turn `from` into `to`. */
export function editDistance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= from.length; i++) {
    const [above, row] = [rows[i - 1]!, [i]];
    for (let j = 1; j <= to.length; j++) {
      const replace = above[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, replace);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1);
      }
    }
    rows.push(row);
  }
  return rows[from.length]![to.length]!;
}
