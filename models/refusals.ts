import type { Scope } from './scope.ts'

// So many refusals before any success, or in a row after one, and it is not the rows.
const enoughAtFirst = 8
const enoughLater = 64

/**
 * Whether a 403 or a 404 is one row's fault or the server's: some gateways answer so for a text or a picture that they do not
 * take. Before the first success the question stays open until others have been answered; after it a row pays for itself.
 */
export class Refusals {
  #hasServed = false
  #inARow = 0
  readonly #open = new Set<(isServers: boolean) => void>()

  /** Requests that wait to know. */
  get open(): number {
    return this.#open.size
  }

  /** A call succeeded: what was refused so far was the rows' fault. */
  served(): void {
    this.#hasServed = true
    this.#inARow = 0
    this.#settle(false)
  }

  /** Nobody else is under way who could tell: what was refused so far is the server's. */
  idle(): void {
    this.#settle(true)
  }

  /** True: the server refuses everyone. Rejects with the scope's reason. */
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
