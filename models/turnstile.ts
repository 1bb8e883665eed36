import pLimit from 'p-limit'
import type { Scope } from './scope.ts'

/** Lets a fixed number of callers in at one time, in the order in which they came. */
export interface Turnstile {
  /**
   * Resolves with a function that lets the next caller in; more than one call does no harm. Rejects
   * with the scope's reason.
   */
  enter(scope: Scope): Promise<() => void>
}

export function createTurnstile(places: number): Turnstile {
  const inside = pLimit(places)
  return {
    async enter(scope) {
      scope.check()
      const entered = new Promise<() => void>((resolve) => {
        void inside(async () => {
          // Cancelled while it waited: the place goes to the next one.
          if (scope.reason) return
          await new Promise<void>((leave) => resolve(leave))
        })
      })
      return await scope.race(entered).catch((error: unknown) => {
        // Cancelled in the moment in which it was let in.
        void entered.then((leave) => leave())
        throw error
      })
    },
  }
}
