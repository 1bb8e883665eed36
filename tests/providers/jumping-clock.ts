// Loaded with the file: the clock would take the loading at the first call for a wait.
import 'openai'
import 'openai/core/streaming'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import type { Clock } from '../../models/clock.ts'

interface Timer {
  due: number
  run: () => void
}

/**
 * A clock that jumps to the next timer when no HTTP call of this process is open. A wait of ten
 * minutes takes no time, and no call is overtaken by a wait.
 */
export class JumpingClock implements Clock {
  #at = 0
  #timers: Timer[] = []
  #open = 0
  now = (): number => this.#at

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { due: this.#at + Math.max(0, ms), run }
    this.#timers.push(timer)
    return () => void (this.#timers = this.#timers.filter((one) => one !== timer))
  }

  /** Lets time pass until `work` has ended. Throws where nothing is left that could end it. */
  async passing<Result>(work: Promise<Result>): Promise<Result> {
    const isOver = { yet: false }
    const over = () => void (isOver.yet = true)
    work.then(over, over)
    const began = (started: unknown) => {
      this.#open++
      ;(started as { request: ClientRequest }).request.once('close', () => this.#open--)
    }
    subscribe('http.client.request.start', began)
    try {
      for (let idle = 0; !isOver.yet;) {
        for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve))
        if (this.#open > 0 || isOver.yet) {
          idle = 0
          await new Promise((resolve) => setTimeout(resolve, 1))
          continue
        }
        const next = this.#timers.toSorted((a, b) => a.due - b.due)[0]
        if (!next) {
          // A reply may be unpacked just now, or a file read.
          if (++idle > 200) throw new Error('nothing is in flight, no timer is set, and the work has not ended')
          await new Promise((resolve) => setTimeout(resolve, 1))
          continue
        }
        this.#timers = this.#timers.filter((one) => one !== next)
        this.#at = Math.max(this.#at, next.due)
        next.run()
      }
    } finally {
      unsubscribe('http.client.request.start', began)
    }
    return await work
  }
}
