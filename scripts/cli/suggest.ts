/**
 * "Did you mean …?"
 *
 * @module
 */

/**
 * The known name that is nearest to a mistyped one.
 *
 * @param typed What was typed.
 * @param known The known names.
 * @returns ` (did you mean X?)`, or nothing where none is near.
 */
export function suggest(typed: string, known: readonly string[]): string {
  const near = known
    .map((name) => ({ name, distance: editDistance(typed.slice(0, 64), name) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor(0.4 * name.length)))
    .sort((a, b) => a.distance - b.distance);
  return near.length === 0 ? "" : ` (did you mean ${near[0]!.name}?)`;
}

/** Insertions, deletions, replacements and swaps of neighbours that make one text the other. */
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
