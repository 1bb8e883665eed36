import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { agree } from '../../../data/steps/agree.ts'
import type { Row } from '../../../domain/rows.ts'
import { AskFailure } from '../../../models/ask.ts'
import type { AskRequest, Reply } from '../../../models/ask.ts'
import { context, FakeAsk, row, trace } from '../rows.ts'

const named = { step: 'agree', reasoner: 'r', viewer: 'v', arbiter: 'a' } as const
const options = agree.options.parse(named)
const withJudge = agree.options.parse({ ...named, judge: 'j' })

type Said = Partial<Reply> | string
/** Replies of each model, by endpoint. */
const fakeOf = (said: Record<string, Said | ((request: AskRequest) => Said)>) =>
  new FakeAsk((request) => {
    const one = said[request.endpoint] ?? ''
    const reply = typeof one === 'function' ? one(request) : one
    return typeof reply === 'string' ? { text: reply } : reply
  })

const asked = (changes: Partial<Row> = {}) => row({ answer: null, description: 'Three red circles.', ...changes })
async function run(said: Parameters<typeof fakeOf>[0], changes: Partial<Row> = {}, given = options) {
  const fake = fakeOf(said)
  const outcomes = await agree.run(asked(changes), context(given, fake.ask))
  expect(outcomes).toHaveLength(1)
  return { outcome: outcomes[0]!, endpoints: fake.requests.map((request) => request.endpoint), fake }
}

it('keeps an answer that both give, with the reasoner’s trace', async () => {
  const { outcome, endpoints, fake } = await run(
    { r: ` ${trace('by words', 'three')}\n`, v: trace('by eye', '3') },
    { kind: 'number', metadata: { type: 'fill-in' } },
  )
  expect(outcome).toMatchObject({
    status: 'kept',
    changes: {
      answer: 'three',
      trace: trace('by words', 'three'),
      verdict: null,
      metadata: { type: 'fill-in', agreement: 'both' },
    },
  })
  expect(outcome.changes.kind).toBeUndefined()
  expect(outcome.requestKeys).toHaveLength(2)
  expect(endpoints).toEqual(['r', 'v'])
  const [reasoner, viewer] = fake.requests.map((request) => request.messages[0]!)
  expect(reasoner!.images).toBeUndefined()
  expect(reasoner!.text).toContain('Three red circles.')
  expect(viewer!.images).toHaveLength(1)
  expect(viewer!.text).not.toContain('Three red circles.')
  expect(fake.requests[0]!.sampling).toMatchObject({ temperature: 0.6, topP: 0.95, maxTokens: 2048 })
})

it.each([
  ['3', 'arbiter-first', 'by words', '3'],
  ['4', 'arbiter-second', 'by eye', '4'],
])('lets the arbiter choose between the two: %s', async (said, agreement, reasoning, answer) => {
  const { outcome, fake } = await run({
    r: trace('by words', '3'),
    v: trace('by eye', '4'),
    a: `That is what I see. <answer>${said}</answer>`,
  })
  expect(outcome).toMatchObject({
    status: 'kept',
    changes: { answer, trace: trace(reasoning, answer), metadata: { agreement } },
  })
  expect(outcome.requestKeys).toHaveLength(3)
  const { text, images } = fake.requests[2]!.messages[0]!
  expect(text).toContain('First answer: 3\nSecond answer: 4\n')
  expect(images).toHaveLength(1)
})

const differ = { r: trace('x', '3'), v: trace('y', '4') }
it.each<[string, Record<string, Said>, string, number]>([
  ['an arbiter with an answer of its own', { ...differ, a: '<answer>5</answer>' }, 'arbiter-disagrees', 3],
  ['an arbiter without an answer', { ...differ, a: '' }, 'arbiter-unreadable', 3],
  ['an arbiter that was cut', { ...differ, a: { text: '<answer>3', finishReason: 'length' } }, 'arbiter-unreadable', 3],
  ['an arbiter that refuses', { ...differ, a: { text: '3', finishReason: 'refused' } }, 'arbiter-unreadable', 3],
  ['an arbiter that does not know', { ...differ, a: '<answer>Unknown.</answer>' }, 'arbiter-unreadable', 3],
  ['"unknown" from both', { r: trace('x', 'unknown'), v: trace('y', 'Unknown.') }, 'no-answers', 2],
  [
    'one cut off and one that never ends its thought',
    { r: '<think>so <answer>3</answer> and', v: { text: trace('y', '3'), finishReason: 'length' } },
    'no-answers',
    2,
  ],
])('drops a row after %s', async (_, said, reason, calls) => {
  const { outcome, endpoints } = await run(said)
  expect(outcome).toMatchObject({ status: 'dropped', reason, changes: {} })
  expect(outcome.requestKeys).toHaveLength(calls)
  expect(endpoints).toHaveLength(calls)
})

it('tells the arbiter "none" for a viewer that was cut off, and takes the reasoner’s answer when it agrees', async () => {
  const { outcome, fake } = await run({
    r: trace('x', '3'),
    v: { text: trace('y', '3'), finishReason: 'length' },
    a: '<answer>three</answer>',
  })
  expect(outcome).toMatchObject({ status: 'kept', changes: { answer: '3', metadata: { agreement: 'arbiter-first' } } })
  expect(fake.requests[2]!.messages[0]!.text).toContain('First answer: 3\nSecond answer: none\n')
})

it('takes the viewer’s trace when the reasoner never closes its thought', async () => {
  const { outcome } = await run({ r: '<think>hm, 3 or', v: trace('by eye', '3'), a: '<answer>3</answer>' })
  expect(outcome.changes).toMatchObject({ trace: trace('by eye', '3'), metadata: { agreement: 'arbiter-second' } })
})

it('keeps a trace with broken tags when its answer can be read: cleaning decides about its form', async () => {
  const broken = 'three circles</think> so </think><answer>3'
  const { outcome } = await run({ r: broken, v: trace('y', '3') })
  expect(outcome).toMatchObject({ status: 'kept', changes: { trace: broken } })
})

it('takes letter and text of a choice as the same answer, and other text as no answer', async () => {
  const choices = ['red', 'blue', 'unknown']
  const both = await run({ r: trace('x', 'B'), v: trace('y', 'blue') }, { kind: 'choice', choices })
  expect(both.outcome).toMatchObject({ status: 'kept', changes: { answer: 'B', metadata: { agreement: 'both' } } })
  const unknown = await run({ r: trace('x', 'C'), v: trace('y', 'unknown') }, { choices })
  expect(unknown.outcome).toMatchObject({ status: 'kept', changes: { answer: 'C' } })
  const purple = await run({ r: trace('x', 'purple'), v: trace('y', 'purple') }, { kind: 'choice', choices })
  expect(purple.outcome).toMatchObject({ status: 'dropped', reason: 'no-answers' })
  expect(purple.endpoints).toEqual(['r', 'v'])
})

it('compares a choice question without choices by letter, else by its words', async () => {
  const bare = { kind: 'choice', choices: null } as const
  expect((await run({ r: trace('x', 'B'), v: trace('y', '(b)') }, bare)).outcome.status).toBe('kept')
  expect((await run({ r: trace('x', 'the red one'), v: trace('y', 'Red one.') }, bare)).outcome.status).toBe('kept')
  const differ = await run({ r: trace('x', 'B'), v: trace('y', 'C'), a: '<answer>D</answer>' }, bare)
  expect(differ.outcome.reason).toBe('arbiter-disagrees')
})

it.each([
  [{ description: null }, 'no-description'],
  [{ description: ' \n' }, 'no-description'],
  [{ question: ' ' }, 'no-question'],
])('drops %o without asking', async (changes, reason) => {
  const { outcome, endpoints } = await run({}, changes)
  expect(outcome).toMatchObject({ status: 'dropped', reason })
  expect(endpoints).toEqual([])
})

const prose = {
  r: trace('x', 'Because it rained heavily during the whole night'),
  v: trace('y', 'There was a lot of rain before the morning came'),
}
const free = { kind: 'text', question: 'Why is the street wet?' } as const

it('asks the judge about answers in free text, and keeps its reply among the others', async () => {
  const { outcome, endpoints } = await run({ ...prose, j: 'Both rain.\ntier: correct' }, free, withJudge)
  expect(endpoints).toEqual(['r', 'v', 'j'])
  expect(outcome).toMatchObject({ status: 'kept', changes: { metadata: { agreement: 'both' } } })
  expect(outcome.requestKeys).toHaveLength(3)
})

it('goes to the arbiter when the judge answers in prose, and compares the arbiter’s answer by the judge too', async () => {
  const { outcome, endpoints } = await run(
    {
      ...prose,
      j: (request) =>
        request.messages[1]!.text.includes('Rain fell') ? 'Same.\ntier: correct' : 'I think they agree.',
      a: '<answer>Rain fell all night long and made it wet</answer>',
    },
    free,
    withJudge,
  )
  expect(endpoints).toEqual(['r', 'v', 'j', 'j', 'a', 'j'])
  expect(outcome).toMatchObject({ status: 'kept', changes: { metadata: { agreement: 'arbiter-first' } } })
  expect(outcome.requestKeys).toHaveLength(6)
})

it('asks no judge where rules decide', async () => {
  const { endpoints } = await run(
    { ...differ, a: '<answer>3</answer>', j: 'tier: correct' },
    { kind: 'number' },
    withJudge,
  )
  expect(endpoints).toEqual(['r', 'v', 'a'])
})

it('fails the row when a call fails', async () => {
  const failing = fakeOf({
    r: trace('x', '3'),
    v: () => {
      throw new AskFailure('http-400', 'too large')
    },
  })
  await expect(agree.run(asked(), context(options, failing.ask))).rejects.toBeInstanceOf(AskFailure)
})

it('sends the same requests again in the same round, and new requests in another', async () => {
  const keys = async (seed: number) => {
    const fake = fakeOf({ r: trace('x', '3'), v: trace('y', '3') })
    return (await agree.run(asked(), { ...context(options, fake.ask), seed }))[0]!.requestKeys
  }
  expect(await keys(7)).toEqual(await keys(7))
  expect(await keys(7)).not.toEqual(await keys(8))
})

it('ends in an outcome whatever the models say', async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          '<think>',
          '</think>',
          '<answer>',
          '</answer>',
          '\\boxed{',
          '}',
          'B',
          '3',
          'unknown',
          ' or ',
          '$',
        ),
        { maxLength: 10 },
      )
      .map((parts) => parts.join('')),
  )
  const kind = fc.constantFrom('auto', 'choice', 'number', 'text', 'list', 'box', 'date')
  const choices = fc.constantFrom(null, ['3', 'B'])
  const droppedFor = ['no-answers', 'arbiter-unreadable', 'arbiter-disagrees']
  await fc.assert(
    fc.asyncProperty(text, text, text, kind, choices, async (r, v, a, kind, choices) => {
      const { outcome } = await run({ r, v, a, j: a }, { kind, choices }, withJudge)
      const { status, changes, reason } = outcome
      const isFit = status === 'kept' ? changes.answer?.trim() !== '' : droppedFor.includes(reason ?? '')
      expect(isFit).toBe(true)
    }),
    { numRuns: 200 },
  )
})

it('plans three calls, and six judgements at most', () => {
  expect(agree.estimate(withJudge).calls.map(({ option, perRow }) => [option, perRow])).toEqual([
    ['reasoner', 1],
    ['viewer', 1],
    ['arbiter', 1],
    ['judge', 6],
  ])
})
