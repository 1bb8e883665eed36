import { expect } from 'vitest'
import { HoneError } from '../../domain/errors.ts'
import { AskFailure } from '../../models/ask.ts'
import type { Reply } from '../../models/ask.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { Outage } from '../../models/failures.ts'
import { openEngine, question, range } from '../models/asking.ts'
import { MemoryReplies } from '../models/memory-replies.ts'
import { hi } from './answers.ts'
import type { Behaviour, Outcome } from './behaviours.ts'
import { JumpingClock } from './jumping-clock.ts'
import type { MockServer } from './mock-server.ts'

/** Runs rows of a behaviour through an engine of their own, and looks at what came out. */
export async function tryBehaviour(mock: MockServer, key: string, behaviour: Behaviour): Promise<void> {
  const { comes, onlyRow, besideGood = false, rows = onlyRow === undefined ? 1 : 10 } = behaviour
  const bad = mock.add(key, behaviour.answers, onlyRow ?? null, hi)
  const good = besideGood ? mock.add(`${key}-good`, [hi], null, hi) : null
  const clock = new JumpingClock()
  const replies = new MemoryReplies()
  const url = behaviour.url?.(bad.url) ?? bad.url
  const engine = openEngine({
    endpoints: [endpointAt([url, ...(good ? [good.url] : [])], behaviour.endpoint)],
    replies,
    clock,
    random: () => 0.5,
    downLimitMs: 600_000,
    retries: { attempts: 3, baseMs: 5 },
    onWarning: () => undefined,
    env: {},
  })
  const asked = range(rows).map((row) => engine.ask(question(`row ${row}`)))
  const ended = await clock.passing(Promise.allSettled(asked))
  const waited = clock.now() / 1000
  await clock.passing(engine.close())

  const read = ended.map(outcomeOf)
  const met = onlyRow === undefined ? read : read.filter((_, index) => index === onlyRow - 1)
  const spared = onlyRow === undefined ? [] : read.filter((_, index) => index !== onlyRow - 1)
  for (const outcome of met) expect(outcome, JSON.stringify(outcome)).toEqual(expected(comes))
  for (const outcome of spared)
    expect(outcome, JSON.stringify(outcome)).toEqual({ is: 'reply', finish: 'stop', text: 'Hi' })

  const calls = bad.calls() - spared.length
  if (besideGood || comes.is === 'end' || comes.is === 'outage') expect(calls).toBeLessThanOrEqual(behaviour.calls)
  else expect(calls).toBe(behaviour.calls * met.length)

  const paid = [...replies.byKey.values()].reduce((sum, each) => sum + each.promptTokens + each.completionTokens, 0)
  const byOthers = spared.length * 15
  if (behaviour.paid === 'some') expect(paid - byOthers).toBeGreaterThan(0)
  else expect(paid).toBe(behaviour.paid * (comes.is === 'reply' ? met.length : 1) + byOthers)

  const [least, most] = behaviour.waits ?? [0, 3]
  expect(waited).toBeGreaterThanOrEqual(least)
  expect(waited).toBeLessThanOrEqual(most)
}

const endpointAt = (baseUrls: readonly string[], changes: Partial<ResolvedEndpoint> = {}): ResolvedEndpoint => ({
  name: 'teacher',
  baseUrls,
  model: 'mock',
  identity: 'mock',
  concurrency: 8,
  timeoutSeconds: 0.2,
  imageMaxPixels: 1_003_520,
  ...changes,
})

type Came =
  | { is: Outcome['is']; words: string }
  | { is: 'reply'; finish: string; text: string }
  | { is: 'other'; words: string }

function outcomeOf(settled: PromiseSettledResult<Reply>): Came {
  if (settled.status === 'fulfilled')
    return { is: 'reply', finish: settled.value.finishReason, text: settled.value.text }
  const error: unknown = settled.reason
  if (error instanceof AskFailure) return { is: 'failed row', words: `${error.reason}: ${error.message}` }
  if (error instanceof HoneError) return { is: 'end', words: `${error.type}: ${error.message} ${error.nextStep}` }
  if (error instanceof Outage) return { is: 'outage', words: error.message }
  return { is: 'other', words: String(error) }
}

function expected(comes: Outcome): unknown {
  if (comes.is !== 'reply') return { is: comes.is, words: expect.stringMatching(comes.words) }
  const { text } = comes
  return { ...comes, text: typeof text === 'string' ? text : expect.stringMatching(text) }
}
