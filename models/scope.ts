import { setMaxListeners } from 'node:events'
import { abortReason } from './clock.ts'
import type { Clock } from './clock.ts'

/**
 * Ends waits early: the life of an engine, one shared call, one request with a deadline. Children
 * end with their parent.
 *
 * Not AbortSignal: ten thousand waiting requests listen to one engine, and taking a listener off an
 * EventTarget walks the list of all of them, where a Set forgets one at once.
 */
export class Scope {
  readonly #onCancel = new Set<(reason: Error) => void>()
  readonly #leaveParent: (() => void) | undefined
  #reason: Error | undefined

  constructor(parent?: Scope) {
    if (parent?.reason) this.#reason = parent.reason
    else this.#leaveParent = parent?.onCancel((reason) => this.cancel(reason))
  }

  /** A scope that ends when the signal aborts, or when `close` is called. */
  static of(signal: AbortSignal): Scope {
    const scope = new Scope()
    if (signal.aborted) scope.cancel(abortReason(signal))
    else {
      // Many engines may listen to one signal of the process. Node's warning at eleven listeners is
      // meant for leaks.
      setMaxListeners(0, signal)
      const onAbort = () => scope.cancel(abortReason(signal))
      signal.addEventListener('abort', onAbort, { once: true })
      scope.onCancel(() => signal.removeEventListener('abort', onAbort))
    }
    return scope
  }

  /** Why it ended; undefined while it goes on. */
  get reason(): Error | undefined {
    return this.#reason
  }

  /** Calls `run` once when the scope ends, or at once if it has ended. The result cancels this. */
  onCancel(run: (reason: Error) => void): () => void {
    if (this.#reason) {
      run(this.#reason)
      return () => undefined
    }
    this.#onCancel.add(run)
    return () => void this.#onCancel.delete(run)
  }

  cancel(reason: Error): void {
    if (this.#reason) return
    this.#reason = reason
    this.close()
    const runs = [...this.#onCancel]
    this.#onCancel.clear()
    for (const run of runs) run(reason)
  }

  /** Detaches from the parent when nothing waits in this scope any more. */
  close(): void {
    this.#leaveParent?.()
  }

  /** Throws the reason when the scope has ended. */
  check(): void {
    if (this.#reason) throw this.#reason
  }

  /**
   * Settles as `work` does, or rejects with the reason as soon as the scope ends. `work` itself
   * goes on.
   */
  race<Result>(work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const leave = this.onCancel(reject)
      work.then(
        (result) => (leave(), resolve(result)),
        (error: unknown) => (leave(), reject(error instanceof Error ? error : new Error(String(error)))),
      )
    })
  }
}

/** Waits `ms`; rejects with the scope's reason as soon as it ends. */
export function sleep(clock: Clock, ms: number, scope: Scope): Promise<void> {
  return new Promise((resolve, reject) => {
    let cancel: () => void = () => undefined
    const leave = scope.onCancel((reason) => {
      cancel()
      reject(reason)
    })
    if (scope.reason) return
    cancel = clock.after(ms, () => {
      leave()
      resolve()
    })
  })
}
