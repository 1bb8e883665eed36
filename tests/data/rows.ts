import { noCheck } from '../../domain/answer-check.ts'
import type { Outcome, Row } from '../../domain/rows.ts'
import type { Ask, AskRequest, Reply } from '../../models/ask.ts'
import { contentKey } from '../../models/content-key.ts'

/** A source row with the fields that a test sets. */
export function row(changes: Partial<Row> = {}): Row {
  const id = changes.id ?? 'r1'
  return {
    id,
    parentId: null,
    originId: changes.originId ?? id,
    images: ['a'.repeat(64)],
    question: 'How many red circles are there?',
    answer: '3',
    ...noCheck,
    description: null,
    trace: null,
    verdict: null,
    metadata: {},
    ...changes,
  }
}

export const trace = (reasoning: string, answer = '3'): string =>
  `<think>\n${reasoning}\n</think>\n\nThe answer follows.\n<answer>${answer}</answer>`

/** An `ask` that answers from a function and keeps its requests. */
export class FakeAsk {
  readonly requests: AskRequest[] = []
  readonly #answer: (request: AskRequest) => Partial<Reply>

  constructor(answer: (request: AskRequest) => Partial<Reply>) {
    this.#answer = answer
  }

  readonly ask: Ask = async (request) => {
    this.requests.push(request)
    await Promise.resolve()
    return {
      key: contentKey({ ...request, identity: 'fake', imageMaxPixels: 1 }),
      text: '',
      finishReason: 'stop',
      promptTokens: 1,
      completionTokens: 1,
      reused: false,
      ...this.#answer(request),
    }
  }
}

export const context = <Options>(options: Options, ask: Ask = new FakeAsk(() => ({})).ask, overview?: unknown) => ({
  options,
  overview,
  ask,
  seed: 7,
  promptSuffix: '',
})

export const kept = (outcomes: readonly Outcome[]): number => outcomes.filter((one) => one.status === 'kept').length
export const reasons = (outcomes: readonly Outcome[]): (string | null)[] => outcomes.map((one) => one.reason)
