import { callUntilAnswered } from '../../models/attempts.ts'
import type { CallResult } from '../../models/call-result.ts'
import { Limiter } from '../../models/limiter.ts'
import { Replica } from '../../models/replica.ts'
import { Scope } from '../../models/scope.ts'
import type { Target } from '../../models/target.ts'
import { range } from './asking.ts'
import { ManualClock } from './manual-clock.ts'

const random = () => 0.5

/** How a server answers the request `row`, after how many milliseconds. */
type Answers = (row: number, server: string) => readonly [CallResult, number]

/** Requests to servers in simulated time. */
export class FakeServers {
  readonly clock = new ManualClock()
  readonly limiter: Limiter
  readonly warnings: string[] = []
  readonly calls = new Map<string, number>()
  readonly #target: Target
  #row = 0

  constructor(names: readonly string[], concurrency: number, downLimitMs: number, answers: Answers) {
    const { clock } = this
    const urls = names.map((name) => `http://${name}/v1`)
    const replicas = urls.map((url) => new Replica({ url, concurrency, clock, random }))
    this.limiter = new Limiter({ replicas, clock, downLimitMs })
    const name = 'teacher'
    const limits = { concurrency, timeoutSeconds: 1, imageMaxPixels: 1 }
    this.#target = {
      endpoint: { name, baseUrls: urls, model: 'm', identity: 'm', ...limits },
      limiter: this.limiter,
      clientOf: ({ url }) => ({
        call: async (body, scope) => {
          this.calls.set(url, (this.calls.get(url) ?? 0) + 1)
          const [result, ms] = answers(Number(body.params.model), url)
          return await scope.race(new Promise<CallResult>((resolve) => void clock.after(ms, () => resolve(result))))
        },
      }),
    }
  }

  async ask(row: number): Promise<'ok'> {
    const { clock } = this
    const none = () => undefined
    const size = { promptTokens: 0, maxTokens: 0 }
    await callUntilAnswered({
      target: this.#target,
      body: { params: { model: String(row), messages: [] }, pictures: [], size },
      estimate: size,
      slot: { owner: this, prefix: String(row) },
      scope: new Scope(),
      retries: { attempts: 5, baseMs: 500 },
      clock,
      random,
      onBegun: none,
      onPaid: none,
      onWarning: (message) => void this.warnings.push(message),
    })
    this.limiter.saved()
    return 'ok'
  }

  /** Asks for so many rows at once. Returns the ends of the rows. */
  async rows(count: number, hours = 3): Promise<unknown[]> {
    const ends = range(count).map(() => {
      const row = ++this.#row
      return this.ask(row).catch((error: unknown) => error)
    })
    const all = Promise.all(ends)
    const over = new AbortController()
    void all.then(() => over.abort())
    const until = this.clock.at + hours * 3_600_000
    while (!over.signal.aborted) {
      if (this.clock.at > until) throw new Error(`rows wait after ${hours} hours`)
      await this.clock.advance(1000)
    }
    return await all
  }
}
