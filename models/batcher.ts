import type { Clock } from './clock.ts'

export interface BatcherOptions<Item, Result> {
  maxItems: number
  /**
   * Milliseconds that an item waits for others at most. After that it waits only for the end of the
   * batch that runs.
   */
  maxDelayMs: number
  clock: Clock
  /** Runs one batch. Its result goes to every item of the batch. */
  flush(items: Item[]): Promise<Result>
}

/** Gathers single items into batches. `add` settles with the batch that carried the item. */
export interface Batcher<Item, Result> {
  add(item: Item): Promise<Result>
  /**
   * Sends all waiting items and resolves when all batches are settled. Never rejects, because `add`
   * tells each caller.
   */
  drain(): Promise<void>
}

/**
 * One batch runs at a time, and items gather meanwhile, as in the group commit of a database: a
 * slow store gets larger batches, not a queue of small ones.
 */
export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  let waiting: { item: Item; resolve: (result: Result) => void; reject: (error: unknown) => void }[] = []
  let cancelTimer: (() => void) | undefined
  let running: Promise<void> | undefined
  /** The items that wait have waited long enough. */
  let isDue = false

  const settle = async (batch: typeof waiting): Promise<void> => {
    try {
      const result = await options.flush(batch.map(({ item }) => item))
      for (const { resolve } of batch) resolve(result)
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
    running = undefined
    sendDue()
  }

  const sendDue = () => {
    if (running || waiting.length === 0 || !(isDue || waiting.length >= options.maxItems)) return
    const batch = waiting.slice(0, options.maxItems)
    waiting = waiting.slice(options.maxItems)
    // The remaining items came before the batch could end, so they have waited long enough.
    if (waiting.length === 0) {
      isDue = false
      cancelTimer?.()
      cancelTimer = undefined
    }
    running = settle(batch)
  }

  const send = () => {
    cancelTimer = undefined
    isDue = true
    sendDue()
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (waiting.length >= options.maxItems) sendDue()
        else cancelTimer ??= options.clock.after(options.maxDelayMs, send)
      })
    },
    async drain() {
      for (;;) {
        isDue = true
        sendDue()
        if (!running) return
        await running
      }
    },
  }
}
