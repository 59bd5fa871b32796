/**
 * Tasks side by side, a bounded number at a time.
 *
 * @module
 */

/**
 * Runs a task for each item.
 *
 * @param items Items, which are started in their order.
 * @param workers Tasks at a time.
 * @param task Task of an item and its index. The first failure rejects.
 * @returns Results in the order of the items.
 */
export async function mapWithWorkers<T, R>(
  items: readonly T[],
  workers: number,
  task: (item: T, at: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: workers }, async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await task(items[at]!, at);
    }
  }));
  return results;
}
