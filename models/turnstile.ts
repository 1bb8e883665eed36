import type { Scope } from './scope.ts'

/** Lets so many in at one time, in the order in which they came. */
export interface Gate {
  /** Resolves with what lets the next one in, to be called once. Rejects with the scope's reason. */
  enter(scope: Scope): Promise<() => void>
}

export function createGate(places: number): Gate {
  let free = places
  const waiting = new Set<() => void>()
  const leave = () => {
    for (const next of waiting) {
      waiting.delete(next)
      return next()
    }
    free++
  }
  const once = () => {
    let isLeft = false
    return () => {
      if (!isLeft) leave()
      isLeft = true
    }
  }
  return {
    enter(scope) {
      return new Promise((resolve, reject) => {
        if (scope.reason) return reject(scope.reason)
        if (free > 0) {
          free--
          return resolve(once())
        }
        const enter = () => {
          forget()
          resolve(once())
        }
        const forget = scope.onCancel((reason) => {
          waiting.delete(enter)
          reject(reason)
        })
        waiting.add(enter)
      })
    },
  }
}
