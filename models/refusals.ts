import type { Scope } from './scope.ts'

// So many refusals before any success, or equal ones in a row after a success, are the replica's
// fault and not the rows'.
const enoughAtFirst = 8
const enoughLater = 64
/** A key that worked is refused for no single row, so fewer refusals tell. */
const enoughOfAccess = 8
/** So many equal refusals tell when no other request is under way that could. */
const enoughWhenIdle = 3

/** A refusal that is one row's or every row's. */
export interface Refusal {
  /** Equal for equal refusals. */
  words: string
  /** A 401, 403 or 404: about the key, the model or the URL, which all rows share. */
  isOfAccess: boolean
  /** A 401: about the key alone. */
  isOfKey: boolean
}

/**
 * So many of the replica's first calls may still run when it is judged without a success: refusals
 * are fast, so bad rows among good rows are the first that are answered.
 */
const mostStillRunning = 1

interface Open extends Refusal {
  settle(isReplicas: boolean): void
}

/**
 * Whether a refusal is the fault of one row or of the replica: some gateways refuse single texts or
 * pictures with the same statuses. Before the first success the question stays open until other
 * requests are answered. After it a refusal is the row's fault, until too many equal refusals come
 * in a row.
 */
export class Refusals {
  #hasServed = false
  #inARow = 0
  #words = ''
  /** The replica was found to refuse everyone, and calls that were under way then come back. */
  #refusesAll = false
  readonly #open = new Set<Open>()
  readonly #stillRunning: (first: number) => number

  /** `stillRunning` is how many of the replica's `first` calls run. */
  constructor(stillRunning: (first: number) => number) {
    this.#stillRunning = stillRunning
  }

  /**
   * Whether enough refusals came to blame the replica, but calls still run that may succeed. More
   * calls would be refused too, or could wait.
   */
  get isPending(): boolean {
    return !this.#hasServed && this.#inARow >= enoughAtFirst
  }

  /** Requests that wait for the answer to that question. */
  get open(): number {
    return this.#open.size
  }

  /** A call succeeded, so earlier refusals were the fault of their rows. */
  served(): void {
    this.#hasServed = true
    this.#refusesAll = false
    this.#inARow = 0
    this.#settle(() => false)
  }

  /** The key or the server may have been mended, so the next refusals are judged anew. */
  forget(): void {
    this.#refusesAll = false
  }

  /**
   * No other request is under way that could tell. A refusal of access is the replica's fault then.
   * So are several equal refusals. A single refusal of another kind is its row's fault, because a
   * step that is resumed may have a single bad row left.
   */
  idle(): void {
    const counts = new Map<string, number>()
    for (const { words } of this.#open) counts.set(words, (counts.get(words) ?? 0) + 1)
    this.#settle(({ words, isOfAccess }) => isOfAccess || (counts.get(words) ?? 0) >= enoughWhenIdle)
  }

  /** Counts a refusal. True when so many came that the replica refuses everyone. */
  note(refusal: Refusal): boolean {
    if (this.#refusesAll) return true
    // Before a success any refusals count together. After it only equal ones do.
    this.#inARow = this.#hasServed && refusal.words !== this.#words ? 1 : this.#inARow + 1
    this.#words = refusal.words
    if (this.#inARow < this.#enough(refusal)) return false
    this.#settle(() => true)
    this.#refusesAll = true
    this.#inARow = 0
    return true
  }

  #enough({ isOfKey }: Refusal): number {
    if (this.#hasServed) return isOfKey ? enoughOfAccess : enoughLater
    return this.#stillRunning(enoughAtFirst) > mostStillRunning ? enoughLater : enoughAtFirst
  }

  /**
   * Counts a refusal, and waits until it is known whose fault it is. True when the replica refuses
   * everyone. Rejects with the scope's reason.
   */
  judge(refusal: Refusal, scope: Scope): Promise<boolean> {
    if (this.note(refusal)) return Promise.resolve(true)
    if (this.#hasServed) return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      const open: Open = {
        ...refusal,
        settle(isReplicas) {
          leave()
          resolve(isReplicas)
        },
      }
      const leave = scope.onCancel((reason) => {
        this.#open.delete(open)
        reject(reason)
      })
      this.#open.add(open)
    })
  }

  #settle(isReplicas: (refusal: Refusal) => boolean): void {
    const open = [...this.#open]
    this.#open.clear()
    const faults = open.map((each) => isReplicas(each))
    if (faults.includes(true)) {
      this.#refusesAll = true
      this.#inARow = 0
    }
    open.forEach((each, at) => each.settle(faults[at] ?? false))
  }
}
