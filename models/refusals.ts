import type { Scope } from './scope.ts'

// This many refusals before any success, or in a row after a success, are the replica's fault and
// not the rows'.
const enoughAtFirst = 8
const enoughLater = 64

/**
 * Whether a 403 or a 404 is the fault of one row or of the replica: some gateways answer so for a
 * text or picture that they do not take. Before the first success the question stays open until
 * other requests are answered. After it such an answer is the row's fault.
 */
export class Refusals {
  #hasServed = false
  #inARow = 0
  readonly #open = new Set<(isServers: boolean) => void>()

  /** Requests that wait for the answer to that question. */
  get open(): number {
    return this.#open.size
  }

  /** A call succeeded, so earlier refusals were the fault of their rows. */
  served(): void {
    this.#hasServed = true
    this.#inARow = 0
    this.#settle(false)
  }

  /** No other request is under way that could tell, so earlier refusals are the replica's fault. */
  idle(): void {
    this.#settle(true)
  }

  /** True when the replica refuses everyone. Rejects with the scope's reason. */
  judge(scope: Scope): Promise<boolean> {
    this.#inARow++
    if (this.#inARow >= (this.#hasServed ? enoughLater : enoughAtFirst)) {
      this.#settle(true)
      return Promise.resolve(true)
    }
    if (this.#hasServed) return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      const settle = (isServers: boolean) => {
        leave()
        resolve(isServers)
      }
      const leave = scope.onCancel((reason) => {
        this.#open.delete(settle)
        reject(reason)
      })
      this.#open.add(settle)
    })
  }

  #settle(isServers: boolean): void {
    if (isServers && this.#open.size > 0) this.#inARow = 0
    const open = [...this.#open]
    this.#open.clear()
    for (const settle of open) settle(isServers)
  }
}
