import type { Ask, AskRequest, Reply } from './ask.ts'
import type { BudgetMeter } from './budget-meter.ts'
import { contentKey } from './content-key.ts'
import type { ResolvedEndpoint } from './endpoint.ts'
import type { ReplyStore } from './reply-store.ts'

export interface BoundedAskOptions {
  endpoints: readonly ResolvedEndpoint[]
  meter: Pick<BudgetMeter, 'limitFor' | 'refusal'>
  replies: ReplyStore & {
    /** Whether a reply is known to be there, without a look at what other processes have added. */
    has(key: string): boolean
  }
}

/**
 * Holds single requests to a budget, so that at most the first window of requests can overrun it.
 */
export interface BoundedAsk {
  /** The store to give the engine that `ask` belongs to. */
  replies: ReplyStore
  /**
   * An `ask` that holds back a request while the budget has no room for it, and throws
   * BudgetReached when there will be no room. A request whose reply is stored is free, and never
   * held back.
   */
  follow(ask: Ask): Ask
  /**
   * Awaited before a row is begun. Resolves when there is room for a request, or when no request
   * under way can still make room. The row is begun in both cases: if all its replies are stored,
   * it costs nothing.
   */
  untilRoom(): Promise<void>
  /** Resolves when no request is under way any more. */
  settled(): Promise<void>
}

/**
 * Counts what was paid, and each request under way at the mean price of the replies so far. A
 * request that would go beyond the budget waits until others have ended: some of these may fail,
 * and cost nothing. Before the first reply no price is known, so the first window may go beyond a
 * very small budget. A request under way may be paid for again when its reply cannot be used, at
 * most as often as it is tried.
 */
export function createBoundedAsk({ endpoints, meter, replies }: BoundedAskOptions): BoundedAsk {
  /**
   * Keys of requests that were let through and are neither paid nor failed. Each request takes out
   * its own key when it ends.
   */
  const underWay = new Set<string>()
  const asked = new Set<Promise<Reply>>()
  let waiting: (() => void)[] = []
  const limit = () => meter.limitFor(underWay.size + 1)
  const untilOneEnds = () => new Promise<void>((resolve) => waiting.push(resolve))

  /** Resolves when there is room for a request. True when the request now counts as under way. */
  const admit = async (key: string): Promise<boolean> => {
    for (;;) {
      // Stored, or shared with the request that is under way: it costs nothing.
      if (underWay.has(key) || replies.has(key)) return false
      if (limit() === null) {
        underWay.add(key)
        return true
      }
      if (underWay.size > 0) {
        await untilOneEnds()
        continue
      }
      // Another run on the same store may have paid for it meanwhile.
      if ((await replies.find([key])).size > 0) return false
      const reached = limit()
      if (underWay.size === 0 && reached) throw meter.refusal(reached)
    }
  }
  const takeOut = (keys: readonly string[]): void => {
    for (const key of keys) underWay.delete(key)
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }

  const askWithin = async (ask: Ask, request: AskRequest): Promise<Reply> => {
    const endpoint = endpoints.find(({ name }) => name === request.endpoint)
    const key = endpoint && contentKey({ ...request, ...endpoint })
    if (key === undefined || !(await admit(key))) return await ask(request)
    return await ask(request).finally(() => takeOut([key]))
  }

  return {
    replies: {
      find: (keys) => replies.find(keys),
      async save(batch) {
        await replies.save(batch)
        // These replies count as paid now. If their keys stayed longer, the next check would count
        // them twice.
        takeOut(batch.map(({ key }) => key))
      },
    },
    follow: (ask) => async (request) => {
      const reply = askWithin(ask, request)
      asked.add(reply)
      return await reply.finally(() => asked.delete(reply))
    },
    async untilRoom() {
      while (underWay.size > 0 && limit() !== null) await untilOneEnds()
    },
    settled: async () => void (await Promise.allSettled(asked)),
  }
}
