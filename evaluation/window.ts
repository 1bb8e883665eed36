import pLimit from 'p-limit'

/**
 * Works on items, `size` of them at once, and resolves to the results in the order of the items.
 * The first failure is thrown, and no more items are begun.
 */
export async function inWindow<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const limit = pLimit(size)
  try {
    return await limit.map(items, work)
  } finally {
    limit.clearQueue()
  }
}
