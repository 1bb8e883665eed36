import type { HoneError } from '../../domain/errors.ts'
import type { AskFailure, AskRequest } from '../../models/ask.ts'
import { Connections } from '../../models/http/connections.ts'
import { createEngine } from '../../models/engine.ts'
import type { Engine, EngineOptions } from '../../models/engine.ts'
import { Limiters } from '../../models/limiters.ts'
import type { ManualClock } from './manual-clock.ts'
import { MemoryReplies } from './memory-replies.ts'

export const question = (text: string, changes: Partial<AskRequest> = {}): AskRequest => ({
  endpoint: 'teacher',
  messages: [{ role: 'user', text }],
  sampling: { temperature: 0.7, topP: 0.95, maxTokens: 64, seed: 1 },
  sampleIndex: 0,
  ...changes,
})

/** A question about a picture. The hash of the picture is its bytes. */
export const pictured = (picture: string, sampleIndex = 0): AskRequest =>
  question('look', { messages: [{ role: 'user', text: 'look', images: [picture] }], sampleIndex })

/** Numbers from 1. */
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/**
 * An engine with its own limits and connections, short waits and a store in memory. `changes`
 * overrides these.
 */
export const openEngine = (changes: Partial<EngineOptions> & Pick<EngineOptions, 'endpoints'>): Engine =>
  createEngine({
    replies: new MemoryReplies(),
    images: { dataUrl: (hash) => Promise.resolve(`data:image/png;base64,${hash}`) },
    signal: new AbortController().signal,
    retries: { attempts: 3, baseMs: 5 },
    limiters: new Limiters(),
    connections: new Connections(),
    ...changes,
  })

/** The error of a promise. */
export const failureOf = async (asking: Promise<unknown>): Promise<unknown> =>
  await asking.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  )

/** The error of a request that is expected to fail. */
export const askFailureOf = async (asking: Promise<unknown>): Promise<AskFailure & HoneError> =>
  (await failureOf(asking)) as AskFailure & HoneError

/** Lets simulated time pass, and real time for HTTP, until `work` has ended. */
export async function passing<Result>(clock: ManualClock, work: Promise<Result>, stepMs = 10): Promise<Result> {
  const ended = new AbortController()
  const end = () => ended.abort()
  work.then(end, end)
  while (!ended.signal.aborted) {
    await clock.advance(stepMs)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return await work
}
