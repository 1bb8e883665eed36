import type { ResolvedEndpoint } from '../../models/endpoint.ts'
import type { Answering } from './answers.ts'

/** What must come out for a row. */
export type Outcome =
  | { is: 'reply'; finish: 'stop' | 'length' | 'refused'; text: string | RegExp }
  | { is: 'failed row'; words: RegExp }
  | { is: 'end'; words: RegExp }
  /** `end` or `outage`: the work stops, and no row fails. */
  | { is: 'stop'; words: RegExp }
  | { is: 'outage'; words: RegExp }

/** How a server behaves, and what must come out of it end to end. */
export interface Behaviour {
  name: string
  /** Answers of a row's calls, in order; the last one repeats. */
  answers: readonly Answering[]
  comes: Outcome
  /**
   * Calls of one row; the most of all calls where the step ends early; or the least and the most of
   * all calls.
   */
  calls: number | readonly [number, number]
  /** Tokens of all replies that are stored as paid; `some` where they are estimates. */
  paid: number | 'some'
  /** The least and the most time that the wait takes, in seconds of the engine's clock. */
  waits?: readonly [number, number]
  /** Public report or page that tells of it. */
  source?: string
  endpoint?: Partial<ResolvedEndpoint>
  /** Rows that are asked at once: 1, or 40 where the step ends early. */
  rows?: number
  /** The behaviour is met by this row alone; the others are answered at once. */
  onlyRow?: number
  /** A good server works too. `comes` is every row's; the bad server gets `calls` at most. */
  besideGood?: boolean
  /** Address instead of the mock's. */
  url?: (mock: string) => string
}

type More = Partial<Omit<Behaviour, 'name' | 'answers' | 'comes'>>

const perReply = 15

/** A whole reply. Each answer takes one call, and the last one is paid. */
export const whole = (name: string, answers: readonly Answering[], text: string | RegExp = 'Hi', more: More = {}) =>
  replied('stop', name, answers, text, more)

/** A reply that the token limit cut. */
export const cut = (name: string, answers: readonly Answering[], text: string | RegExp = 'Hi', more: More = {}) =>
  replied('length', name, answers, text, more)

/** A refusal of the model, or of a filter after the model. */
export const refused = (name: string, answers: readonly Answering[], text: string | RegExp = 'Hi', more: More = {}) =>
  replied('refused', name, answers, text, more)

function replied(
  finish: 'stop' | 'length' | 'refused',
  name: string,
  answers: readonly Answering[],
  text: string | RegExp,
  more: More,
): Behaviour {
  return { name, answers, comes: { is: 'reply', finish, text }, calls: answers.length, paid: perReply, ...more }
}

/** The row fails at its first call, with the server's words. */
export const refusesRow = (name: string, answers: readonly Answering[], words: RegExp, more: More = {}): Behaviour => ({
  name,
  answers,
  comes: { is: 'failed row', words },
  calls: 1,
  paid: 0,
  ...more,
})

/** The row is tried three times, which is the limit in these tests, and fails. */
export const givesUp = (name: string, answers: readonly Answering[], words: RegExp, more: More = {}): Behaviour => ({
  name,
  answers,
  comes: { is: 'failed row', words },
  calls: 3,
  paid: 0,
  ...more,
})

/** Paid replies that cannot be used: the row is tried three times, and three replies are paid. */
export const wastes = (name: string, answers: readonly Answering[], words: RegExp, more: More = {}): Behaviour =>
  givesUp(name, answers, words, { paid: 3 * perReply, ...more })

/** The step ends early with the server's words, after few of 40 rows. */
export const ends = (name: string, answers: readonly Answering[], words: RegExp, more: More = {}): Behaviour => ({
  name,
  answers,
  comes: { is: 'end', words },
  calls: 16,
  paid: 0,
  rows: 40,
  ...more,
})

/** The work stops at once or as an outage; it is not settled which. No row fails. */
export const stops = (name: string, answers: readonly Answering[], words: RegExp, more: More = {}): Behaviour => ({
  ...ends(name, answers, words, more),
  comes: { is: 'stop', words },
  calls: 1000,
  waits: [0, 700],
})

/** The outage is waited for up to its limit of ten minutes, and ends the shard. */
export const stays = (name: string, answers: readonly Answering[], words: RegExp, more: More = {}): Behaviour => ({
  name,
  answers,
  comes: { is: 'outage', words },
  calls: 1000,
  paid: 0,
  waits: [500, 700],
  ...more,
})
