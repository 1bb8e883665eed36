import type { Clock } from './clock.ts'

/** A running call, or a reply that is being saved, looks at the line when it ends. */
export const whenSomeCallEnds = Number.POSITIVE_INFINITY

/** Milliseconds before a line is looked at again that nothing would wake. */
const lookAgainMs = 20

const warn = () => process.emitWarning('requests waited for a slot without a wake-up')

/** Sees to it that somebody looks at a line of waiting requests again. */
export class WakeUp {
  readonly #clock: Clock
  readonly #look: () => void
  readonly #onLost: () => void
  #cancel: (() => void) | undefined

  /**
   * `onLost` is called when requests wait and nothing would wake them: a fault of the limiter. The
   * line is looked at again soon all the same, because a line that sleeps for ever ends a process
   * without a word.
   */
  constructor(clock: Clock, look: () => void, onLost: () => void = warn) {
    this.#clock = clock
    this.#look = look
    this.#onLost = onLost
  }

  /**
   * Looks at the line again after `ms`, or {@link whenSomeCallEnds}. `isSure` says whether a call
   * runs that will look at the line when it ends.
   */
  wait(ms: number, isSure: boolean): void {
    if (ms !== whenSomeCallEnds) return this.#after(ms)
    if (isSure) return
    this.#onLost()
    this.#after(lookAgainMs)
  }

  /** Nobody waits, and a timer that stayed would keep the process alive. */
  rest(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #after(ms: number): void {
    this.rest()
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined
      this.#look()
    })
  }
}
