import type { Clock } from './clock.ts'

export interface BatcherOptions<Item, Result> {
  maxItems: number
  /** An item waits at most so long for company, in milliseconds. */
  maxDelayMs: number
  clock: Clock
  /** Runs one batch; batches follow one another. Its result goes to every item of the batch. */
  flush(items: Item[]): Promise<Result>
}

/** Gathers single items into batches. `add` settles with the batch that carried the item. */
export interface Batcher<Item, Result> {
  add(item: Item): Promise<Result>
  /** Sends what waits and resolves when all batches are settled. Never rejects: `add` tells each caller. */
  drain(): Promise<void>
}

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  let waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = []
  let cancelTimer: (() => void) | undefined
  let tail: Promise<void> = Promise.resolve()

  const settle = async (before: Promise<void>, batch: typeof waiting): Promise<void> => {
    await before
    try {
      const result = await options.flush(batch.map(({ item }) => item))
      for (const { resolve } of batch) resolve(result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  const send = () => {
    cancelTimer?.()
    cancelTimer = undefined
    if (waiting.length === 0) return
    const batch = waiting
    waiting = []
    tail = settle(tail, batch)
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (waiting.length >= options.maxItems) send()
        else cancelTimer ??= options.clock.after(options.maxDelayMs, send)
      })
    },
    async drain() {
      send()
      await tail
    },
  }
}
