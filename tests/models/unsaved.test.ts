import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { AskFailure } from '../../models/ask.ts'
import { callUntilAnswered } from '../../models/attempts.ts'
import type { Target } from '../../models/target.ts'
import { createBatcher } from '../../models/batcher.ts'
import { Outage } from '../../models/failures.ts'
import { Limiter } from '../../models/limiter.ts'
import { Scope } from '../../models/scope.ts'
import { Replica } from '../../models/replica.ts'
import type { CallResult } from '../../models/call-result.ts'
import { range } from './asking.ts'
import { ManualClock, settle } from './manual-clock.ts'

const kinds = ['ok', 'overloaded', 'limited', 'silent', 'away', 'failed', 'refused', 'doubtful', 'fatal'] as const
interface Call {
  kind: (typeof kinds)[number]
  ms: number
  retryAfterMs: number | undefined
}

function resultOf({ kind, ms, retryAfterMs }: Call): CallResult {
  const detail = kind
  const error = new AskFailure('http-400', detail)
  if (kind === 'ok') {
    const counts = { promptTokens: 1, completionTokens: 1, isEstimated: false, servedModel: null }
    const completion = { text: '', finishReason: 'stop', ...counts } as const
    return { kind, completion, latencyMs: ms }
  }
  if (kind === 'overloaded') return { kind, status: 429, retryAfterMs, detail }
  if (kind === 'limited') return { kind, status: 429, retryAfterMs: retryAfterMs ?? 500, detail }
  if (kind === 'silent') return { kind, reason: 'timeout', detail }
  if (kind === 'failed') return { kind, reason: 'http-500', detail, retryAfterMs, paid: undefined }
  if (kind === 'away') return { kind, reason: 'unreachable', retryAfterMs, detail }
  if (kind === 'refused') return { kind, error }
  const fatal = new HoneError({ type: 'EndpointRefused', message: detail, nextStep: detail })
  // Each of the statuses whose refusals are judged in their own way.
  const reason = ['http-400', 'http-401', 'http-403'][ms % 3] ?? 'http-400'
  return kind === 'fatal'
    ? { kind, error: fatal }
    : { kind, error: new AskFailure(reason, detail), fatal, words: reason + String(ms % 2) }
}

const call = fc.record({
  kind: fc.constantFrom<Call['kind']>('ok', 'ok', 'ok', 'ok', ...kinds),
  ms: fc.integer({ min: 1, max: 3000 }),
  retryAfterMs: fc.option(fc.nat(8000), { nil: undefined }),
})
type Course = typeof course extends fc.Arbitrary<infer Value> ? Value : never
const course = fc.record({
  servers: fc.integer({ min: 1, max: 3 }),
  concurrency: fc.integer({ min: 1, max: 5 }),
  /** Outcomes of the calls, in the order of their beginning. The list repeats. */
  calls: fc.array(call, { minLength: 1, maxLength: 60 }),
  saveMs: fc.array(fc.nat(4000), { minLength: 1, maxLength: 8 }),
  /** The requests that are cancelled, with the time. */
  cancels: fc.array(fc.record({ which: fc.nat(30), ms: fc.nat(20_000) }), { maxLength: 6 }),
  hedge: fc.boolean(),
})

it('every request ends, and calls and unsaved replies never exceed the slots, whatever the outcomes of calls and saves', async () => {
  const run = async ({ servers, concurrency, calls, saveMs, cancels, hedge }: Course) => {
    const clock = new ManualClock()
    const urls = range(servers).map((n) => `http://server${n}/v1`)
    const random = () => 0.5
    const limiter = new Limiter({
      replicas: urls.map((url) => new Replica({ url, concurrency, clock, random })),
      clock,
      downLimitMs: 30_000,
    })
    const slots = servers * concurrency
    // Enough calls to know which call is slow, and to allow copies.
    for (const latencyMs of hedge ? range(200) : []) {
      limiter.latencies.began()
      limiter.latencies.note(latencyMs)
    }
    let begun = 0
    let saved = 0
    let most = 0
    const look = () => void (most = Math.max(most, limiter.state.inFlight + limiter.state.unsaved))
    const client = {
      async call(_: unknown, scope: Scope): Promise<CallResult> {
        look()
        const planned = calls[begun++ % calls.length]!
        const ended = new Promise<CallResult>((resolve) => clock.after(planned.ms, () => resolve(resultOf(planned))))
        return await scope.race(ended)
      },
    }
    const target: Target = {
      endpoint: {
        name: 'teacher',
        baseUrls: urls,
        model: 'm',
        identity: 'm',
        concurrency,
        timeoutSeconds: 5,
        imageMaxPixels: 1,
        ...(hedge && { hedge: { percentile: 50 } }),
      },
      limiter,
      clientOf: () => client,
    }
    const saves = createBatcher<number, void>({
      maxItems: 3,
      maxDelayMs: 2,
      clock,
      flush: (items) =>
        new Promise((resolve, reject) =>
          clock.after(saveMs[saved++ % saveMs.length]!, () =>
            items.length === 2 ? reject(new Outage('the store is away')) : resolve(),
          ),
        ),
    })
    const scopes = range(30).map(() => new Scope())
    const open = new Set<number>()
    const request = async (scope: Scope, index: number): Promise<void> => {
      open.add(index)
      try {
        const estimate = { promptTokens: 0, maxTokens: 0 }
        const body = { params: { model: '', messages: [] }, pictures: [], size: estimate }
        const slot = { owner: target, prefix: String(index % 4) }
        const retries = { attempts: 3, baseMs: 100 }
        const none = () => undefined
        const how = { retries, clock, random, onBegun: none, onWarning: none, onPaid: none }
        await callUntilAnswered({ target, body, estimate, slot, scope, ...how })
        await saves.add(index).finally(() => limiter.saved())
      } catch {
        // The request has ended: cancelled, refused, without a server or not saved.
      } finally {
        open.delete(index)
        look()
      }
    }
    const all = Promise.all(scopes.map(request))
    for (const { which, ms } of cancels) clock.after(ms, () => scopes[which]?.cancel(new Error('cancelled')))
    await settle()
    // This takes hours, because a server may defer a request 64 times.
    for (let turn = 0; turn < 1000 && open.size > 0; turn++) {
      await clock.advance(60_000)
      look()
    }
    expect([...open]).toEqual([])
    await all
    expect(most).toBeLessThanOrEqual(slots)
    expect(limiter.state).toMatchObject({ inFlight: 0, unsaved: 0, waiting: 0 })
  }
  await fc.assert(fc.asyncProperty(course, run), { numRuns: 200 })
}, 60_000)
