import { HoneError } from '../../domain/errors.ts'
import { costOf, type Prices } from '../../domain/prices.ts'
import type { Ask, AskRequest, Reply } from '../../models/ask.ts'
import { contentKey } from '../../models/content-key.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import type { ReplyStore } from '../../models/reply-store.ts'
import type { FileReplies } from './file-replies.ts'

export interface BudgetOptions {
  endpoints: readonly ResolvedEndpoint[]
  /** Prices by endpoint. */
  prices: ReadonlyMap<string, Prices>
  /** What all runs on this output may pay, in the currency of the prices; no limit when absent. */
  amount?: number | undefined
  /** Knows what was paid so far. */
  replies: Pick<FileReplies, 'find' | 'save' | 'has' | 'paid'>
}

/** Keeps what is paid under a budget. */
export interface BudgetGate {
  /** What was paid so far; null without prices. */
  cost(): number | null
  /** Where the budget stands, for people. */
  message(): string
  /** The store to give the engine that `ask` belongs to. */
  replies: ReplyStore
  /** `ask`, but that a request whose reply is not there waits for money, and is refused once there is none left for it. */
  follow(ask: Ask): Ask
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>
}

/**
 * Counts what was paid and what is under way, each of these at the mean price so far. A request that would go beyond waits
 * until what is under way has ended: some of it may fail, and cost nothing. Before the first reply nothing is known of
 * prices a request, so a first window may go beyond a very small budget.
 */
export function createBudgetGate({ endpoints, prices, amount, replies }: BudgetOptions): BudgetGate {
  /** Keys of requests that were let through and are neither paid nor failed: each is taken back by its own end. */
  const underWay = new Set<string>()
  const asked = new Set<Promise<Reply>>()
  let waiting: (() => void)[] = []
  const cost = (): number | null =>
    prices.size === 0
      ? null
      : [...replies.paid()].reduce((sum, [endpoint, spent]) => {
          const price = prices.get(endpoint)
          return price ? sum + costOf(spent, price) : sum
        }, 0)
  const hasRoom = (): boolean => {
    if (amount === undefined) return true
    const spent = cost() ?? 0
    const answered = [...replies.paid().values()].reduce((sum, each) => sum + each.requests, 0)
    const mean = answered === 0 ? 0 : spent / answered
    return spent < amount && spent + (underWay.size + 1) * mean <= amount
  }
  const message = () => `${(cost() ?? 0).toFixed(4)} of the budget of ${amount ?? 0} is spent.`

  /** Resolves once there is money for a request. True where it counts as under way from now on. */
  const admit = async (key: string): Promise<boolean> => {
    for (;;) {
      // Found, or shared with the request that is under way: it costs nothing.
      if (underWay.has(key) || replies.has(key)) return false
      if (hasRoom()) {
        underWay.add(key)
        return true
      }
      if (underWay.size > 0) {
        await new Promise<void>((resolve) => waiting.push(resolve))
        continue
      }
      // Another run on the same log may have paid for it meanwhile.
      if ((await replies.find([key])).size > 0) return false
      if (underWay.size === 0 && !hasRoom()) throw reached(message())
    }
  }
  const takeBack = (keys: readonly string[]): void => {
    for (const key of keys) underWay.delete(key)
    const woken = waiting
    waiting = []
    for (const wake of woken) wake()
  }

  const keyOf = (request: AskRequest): string | undefined => {
    const endpoint = endpoints.find(({ name }) => name === request.endpoint)
    return amount === undefined || !endpoint ? undefined : contentKey({ ...request, ...endpoint })
  }
  const askWithin = async (ask: Ask, request: AskRequest): Promise<Reply> => {
    const key = keyOf(request)
    if (key === undefined || !(await admit(key))) return await ask(request)
    return await ask(request).finally(() => takeBack([key]))
  }

  return {
    cost,
    message,
    replies: {
      find: (keys) => replies.find(keys),
      async save(batch) {
        await replies.save(batch)
        // From here on they are among what was paid: before the next request is weighed, or they would count twice.
        takeBack(batch.map(({ key }) => key))
      },
    },
    follow: (ask) => async (request) => {
      const reply = askWithin(ask, request)
      asked.add(reply)
      return await reply.finally(() => asked.delete(reply))
    },
    settled: async () => void (await Promise.allSettled(asked)),
  }
}

/** For steps the end of their row; data/file-steps/run-rows.ts makes an end of the run of it. */
const reached = (message: string): HoneError =>
  new HoneError({
    type: 'BudgetReached',
    message,
    nextStep: 'The same command with a larger --budget goes on where this one ends; nothing is paid twice.',
  })
