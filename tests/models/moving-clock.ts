import type { Clock } from '../../models/clock.ts'
import { settle } from './manual-clock.ts'

/**
 * A clock like a machine's under load: time passes at every reading, and a timer fires up to a
 * millisecond early, as Node's timers do, or late.
 */
export class MovingClock implements Clock {
  at = 0
  readonly #random: () => number
  #timers: { due: number; run: () => void }[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  now = () => (this.at += this.#random() < 0.5 ? 0 : this.#random() * 0.01)

  get timers(): number {
    return this.#timers.length
  }

  after = (ms: number, run: () => void) => {
    const skew = this.#random() < 0.5 ? -this.#random() : this.#random() * 3
    const timer = { due: this.at + Math.max(0, ms + skew), run }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((one) => one !== timer))
  }

  /** Fires the next timer. False when no timer is set. */
  async fireNext(): Promise<boolean> {
    const next = this.#timers.toSorted((a, b) => a.due - b.due)[0]
    if (!next) return false
    this.at = Math.max(this.at, next.due)
    this.#timers = this.#timers.filter((one) => one !== next)
    next.run()
    await settle()
    return true
  }
}
