/**
 * Works on items several at a time and gives the results in the order of the items: enough work is
 * under way to keep the decoder of pictures busy, and memory holds no more than `ahead` results. A
 * result that is there at once costs no promise, because most rows have no picture to wait for.
 */
export async function* inOrder<Item, Result>(
  batches: AsyncIterable<Iterable<Item>>,
  ahead: number,
  work: (item: Item) => Result | Promise<Result>,
): AsyncGenerator<Result> {
  const window: (Result | Promise<Result>)[] = []
  for await (const batch of batches)
    for (const item of batch) {
      const result = work(item)
      if (result instanceof Promise) {
        // Its failure is told when its turn comes; until then it must not end the process.
        result.catch(() => undefined)
      } else if (window.length === 0) {
        yield result
        continue
      }
      window.push(result)
      if (window.length < ahead) continue
      const first = window.shift()
      if (first !== undefined) yield await first
    }
  for (const result of window) yield await result
}
