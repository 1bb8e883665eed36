import { HoneError } from '../../domain/errors.ts'
import { AskFailure } from '../../models/ask.ts'
import type { Reply } from '../../models/ask.ts'
import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import { Outage } from '../../models/failures.ts'
import { openEngine, question, range } from '../models/asking.ts'
import { MemoryReplies } from '../models/memory-replies.ts'
import { hi, usage } from './answers.ts'
import type { Behaviour, Outcome } from './behaviours.ts'
import { JumpingClock } from './jumping-clock.ts'
import type { MockServer } from './mock-server.ts'

/**
 * Runs rows of a behaviour through an engine of their own. Returns what came out and must not have;
 * nothing where all is as the behaviour says.
 */
export async function tryBehaviour(mock: MockServer, key: string, behaviour: Behaviour): Promise<string[]> {
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
  const seconds = clock.now() / 1000
  await clock.passing(engine.close())

  const came = ended.map(outcomeOf)
  const isMet = (index: number) => onlyRow === undefined || index === onlyRow - 1
  const spared = came.filter((_, index) => !isMet(index)).length
  const wrong = came.flatMap((outcome, index) =>
    fits(outcome, isMet(index) ? comes : others) ? [] : [`row ${index + 1}: ${JSON.stringify(outcome)}`],
  )
  const stored = [...replies.byKey.values(), ...replies.unusable]
  const paid = stored.reduce((sum, each) => sum + each.promptTokens + each.completionTokens, 0)
  const paidByMet = paid - spared * usage.total_tokens
  return [
    ...wrong,
    ...problem('calls', bad.calls() - spared, callsOf(behaviour, rows - spared)),
    ...problem('tokens', paidByMet, paidOf(behaviour, rows - spared)),
    ...problem('seconds', seconds, behaviour.waits ?? [0, 3]),
  ]
}

const others: Outcome = { is: 'reply', finish: 'stop', text: 'Hi' }

const problem = (what: string, value: number, [least, most]: readonly [number, number]): string[] =>
  value >= least && value <= most ? [] : [`${value} ${what}, not ${least} to ${most}`]

function callsOf({ calls, besideGood, comes }: Behaviour, rows: number): readonly [number, number] {
  if (typeof calls !== 'number') return calls
  if (besideGood === true || comes.is === 'end' || comes.is === 'outage' || comes.is === 'stop') return [0, calls]
  return [calls * rows, calls * rows]
}

function paidOf({ paid, comes }: Behaviour, rows: number): readonly [number, number] {
  if (paid === 'some') return [1, Infinity]
  const all = comes.is === 'reply' ? paid * rows : paid
  return [all, all]
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
  | { is: 'failed row' | 'end' | 'outage' | 'other'; words: string }
  | { is: 'reply'; finish: string; text: string }

function outcomeOf(settled: PromiseSettledResult<Reply>): Came {
  if (settled.status === 'fulfilled')
    return { is: 'reply', finish: settled.value.finishReason, text: settled.value.text }
  const error: unknown = settled.reason
  if (error instanceof AskFailure) return { is: 'failed row', words: `${error.reason}: ${error.message}` }
  if (error instanceof HoneError) return { is: 'end', words: `${error.type}: ${error.message} → ${error.nextStep}` }
  if (error instanceof Outage) return { is: 'outage', words: error.message }
  return { is: 'other', words: String(error) }
}

function fits(came: Came, comes: Outcome): boolean {
  if (comes.is === 'stop') return (came.is === 'end' || came.is === 'outage') && comes.words.test(came.words)
  if (came.is !== comes.is) return false
  if (came.is !== 'reply') return 'words' in comes && comes.words.test(came.words)
  if (!('text' in comes) || came.finish !== comes.finish) return false
  return typeof comes.text === 'string' ? came.text === comes.text : comes.text.test(came.text)
}
