import { Scope } from './scope.ts'

interface SharedCall<Result> {
  promise: Promise<Result>
  scope: Scope
  wanted: number
}

/**
 * Calls in flight by content key, over all engines of a process that keep replies in one place. A
 * reply that two engines want at once is paid once. A call lives as long as anyone wants it, even
 * if its first asker has left.
 */
export class SharedCalls<Result> {
  readonly #calls = new Map<string, SharedCall<Result>>()

  /**
   * The result of the running call of this key, or of a call that `start` begins. Rejects with the
   * asker's reason as soon as the asker ends.
   */
  async ask(
    key: string,
    asker: Scope,
    start: (scope: Scope) => Promise<Result>,
  ): Promise<{ result: Result; isJoined: boolean }> {
    asker.check()
    let call = this.#calls.get(key)
    const isJoined = call !== undefined
    if (!call) {
      call = this.#begin(key, start)
      this.#calls.set(key, call)
    }
    const { promise, scope } = call
    call.wanted++
    try {
      return { result: await asker.race(promise), isJoined }
    } finally {
      call.wanted--
      if (call.wanted === 0 && this.#calls.get(key) === call) {
        // Nobody wants it any more: the next asker begins anew.
        this.#calls.delete(key)
        scope.cancel(asker.reason ?? new Error('nobody waits for this call any more'))
      }
    }
  }

  #begin(key: string, start: (scope: Scope) => Promise<Result>): SharedCall<Result> {
    const scope = new Scope()
    const promise = start(scope).finally(() => {
      if (this.#calls.get(key)?.promise === promise) this.#calls.delete(key)
    })
    promise.catch(() => undefined)
    return { promise, scope, wanted: 0 }
  }
}

const byStore = new WeakMap<object, SharedCalls<unknown>>()

/** The calls of all engines that keep their replies in `place`. */
export function sharedCallsOf<Result>(place: object): SharedCalls<Result> {
  let calls = byStore.get(place)
  if (!calls) byStore.set(place, (calls = new SharedCalls<unknown>()))
  return calls as SharedCalls<Result>
}
