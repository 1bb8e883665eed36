import type { Replica } from './replica.ts'
import type { Refusal } from './refusals.ts'
import type { Scope } from './scope.ts'

/** Requests of an endpoint that wait, run or will be tried again. */
export class UnderWay {
  readonly #replicas: readonly Replica[]
  #count = 0

  constructor(replicas: readonly Replica[]) {
    this.#replicas = replicas
  }

  get count(): number {
    return this.#count
  }

  /** Whether one request alone is under way. */
  get isAlone(): boolean {
    return this.#count === 1
  }

  /** Counts a request until the result is called. */
  begin(): () => void {
    this.#count++
    return () => {
      this.#count--
      this.#noteIdle()
    }
  }

  /** Whether a refusal is the replica's answer to everyone, and not to this request alone. */
  judge(replica: Replica, refusal: Refusal, scope: Scope): Promise<boolean> {
    const judged = replica.refusals.judge(refusal, scope)
    this.#noteIdle()
    return judged
  }

  /**
   * When all requests under way wait to learn whose fault a refusal was, no answer will tell them.
   */
  #noteIdle(): void {
    const open = this.#replicas.reduce((sum, { refusals }) => sum + refusals.open, 0)
    if (open === 0 || open < this.#count) return
    for (const { refusals } of this.#replicas) refusals.idle()
  }
}
