import type { Clock } from '../../models/clock.ts'

/** A clock that moves only when a test advances it. */
export class ManualClock implements Clock {
  at = 0
  #timers: { due: number; run: () => void }[] = []
  now = () => this.at
  /** The number of armed timers. */
  get timers(): number {
    return this.#timers.length
  }

  after = (ms: number, run: () => void) => {
    const timer = { due: this.at + ms, run }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((one) => one !== timer))
  }

  async advance(ms: number): Promise<void> {
    const end = this.at + ms
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.due - b.due)[0]
      if (!next || next.due > end) break
      this.at = Math.max(this.at, next.due)
      this.#timers = this.#timers.filter((one) => one !== next)
      next.run()
      await settle()
    }
    this.at = end
    await settle()
  }
}

export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
