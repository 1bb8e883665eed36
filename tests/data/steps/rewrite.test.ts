import { describe as group, expect, it } from 'vitest'
import { rewrite } from '../../../data/steps/rewrite.ts'
import type { Row } from '../../../domain/rows.ts'
import type { Reply } from '../../../models/ask.ts'
import { context, FakeAsk, row, trace } from '../rows.ts'

const options = rewrite.options.parse({ step: 'rewrite', endpoint: 'w' })
const before = trace('one two three four five six', '3')

async function run(reply: Partial<Reply>, changes: Partial<Row> = {}, given = options) {
  const fake = new FakeAsk(() => reply)
  const outcomes = await rewrite.run(row({ trace: before, ...changes }), context(given, fake.ask))
  expect(outcomes).toHaveLength(1)
  return { outcome: outcomes[0]!, fake }
}

it('shows picture, question, choices, answer and the reasoning without its tags, and keeps the new trace', async () => {
  const verdict = { verdict: 'correct', reason: 'same-text', extracted: '3', verifierVersion: '1' } as const
  const { fake } = await run({ text: trace('count to three', 'B') }, { choices: ['2', '3'] })
  const { messages, sampling } = fake.requests[0]!
  expect(messages[0]!.images).toHaveLength(1)
  expect(messages[0]!.text).toContain('Choices:\nA. 2\nB. 3\n')
  expect(messages[0]!.text).toContain('Answer: 3\n')
  expect(messages[0]!.text).toContain('Reasoning:\none two three four five six\n')
  expect(sampling).toMatchObject({ temperature: 0, topP: 1, maxTokens: 2048 })
  const good = await run({ text: `  ${trace('count to three', '3')}  ` }, { verdict })
  expect(good.outcome).toMatchObject({
    status: 'kept',
    changes: { trace: trace('count to three', '3'), verdict: null },
  })
  expect(good.outcome.requestKeys).toHaveLength(1)
})

it.each<[string, Partial<Reply>, string]>([
  ['a reply that was cut', { text: trace('short', '3'), finishReason: 'length' }, 'truncated'],
  ['a refusal', { text: 'I cannot', finishReason: 'refused' }, 'refused'],
  ['nothing', { text: ' \n' }, 'empty-trace'],
  ['prose', { text: 'There are three circles.' }, 'malformed'],
  ['a thought that never ends', { text: '<think>one two <answer>3</answer>' }, 'malformed'],
  ['two thoughts', { text: '<think>a</think><think>b</think><answer>3</answer>' }, 'malformed'],
  ['no thought', { text: '<think> </think><answer>3</answer>' }, 'malformed'],
  ['no answer', { text: '<think>one</think> It is 3.' }, 'malformed'],
  ['an answer that never ends', { text: '<think>one</think><answer>3' }, 'malformed'],
  ['an empty answer', { text: '<think>one</think><answer></answer>' }, 'malformed'],
  ['two answers', { text: '<think>one</think><answer>4</answer> or <answer>3</answer>' }, 'malformed'],
  ['an answer inside the thought', { text: '<think>one <answer>3</answer></think><answer>3</answer>' }, 'malformed'],
  ['words after the answer', { text: `${trace('one', '3')} Or is it 4?` }, 'malformed'],
  ['an answer that takes itself back', { text: trace('one', '3 or 4') }, 'answer-changed'],
  ['another answer', { text: trace('short', '4') }, 'answer-changed'],
  ['more words', { text: trace('one two three four five six seven', '3') }, 'longer'],
])('drops %s', async (_, reply, reason) => {
  const { outcome } = await run(reply)
  expect(outcome).toMatchObject({ status: 'dropped', reason, changes: {} })
  expect(outcome.requestKeys).toHaveLength(1)
})

it('allows as many words as before, and more if the recipe says so', async () => {
  expect((await run({ text: trace('a b c d e f', '3') })).outcome.status).toBe('kept')
  const seven = { text: trace('a b c d e f g', '3') }
  expect((await run(seven, {}, { ...options, maxGrowth: 1.2 })).outcome.status).toBe('kept')
})

it('accepts a thought whose opening tag is in the chat template, and writes the tag', async () => {
  const { outcome } = await run({ text: 'two words</think>\nSo it is three.\n<answer>3</answer>' })
  expect(outcome.changes.trace).toBe('<think>\ntwo words\n</think>\n\nSo it is three.\n<answer>3</answer>')
})

it('shows the whole of a trace without tags', async () => {
  const { fake } = await run({ text: trace('a', '3') }, { trace: 'one two\nso 3' })
  expect(fake.requests[0]!.messages[0]!.text).toContain('Reasoning:\none two\nso 3\n')
})

it('takes free text as the same answer only in the same words', async () => {
  const answer = 'Because it rained heavily during the whole night before'
  const changes = { kind: 'text', answer } as const
  const same = await run({ text: trace('a', 'because it rained heavily during the whole night before.') }, changes)
  expect(same.outcome.status).toBe('kept')
  const other = await run({ text: trace('a', 'There was a lot of rain before the morning came') }, changes)
  expect(other.outcome.reason).toBe('answer-changed')
})

group('a judge', () => {
  const judging = rewrite.options.parse({ step: 'rewrite', endpoint: 'w', judge: 'j' })
  const free = row({ kind: 'text', answer: 'Because it rained heavily during the whole night before', trace: before })
  const judged = async (grade: string, text = trace('a', 'There was a lot of rain before the morning came')) => {
    const fake = new FakeAsk(({ endpoint }) => ({ text: endpoint === 'j' ? grade : text }))
    const [outcome] = await rewrite.run(free, context(judging, fake.ask))
    return { outcome: outcome!, asked: fake.requests.map(({ endpoint }) => endpoint) }
  }

  it('says whether free text still means the answer, and its reply is on the row', async () => {
    const right = await judged('Both rain.\ntier: correct')
    expect(right.outcome).toMatchObject({ status: 'kept', reason: null })
    expect(right.asked).toEqual(['w', 'j'])
    expect(right.outcome.requestKeys).toHaveLength(2)
    const wrong = await judged('No.\ntier: incorrect')
    expect(wrong.outcome).toMatchObject({ status: 'dropped', reason: 'answer-changed' })
    expect(wrong.outcome.requestKeys).toHaveLength(2)
  })

  it('gets no request about equal words, nor about a text that is no trace', async () => {
    expect((await judged('incorrect', trace('a', free.answer!))).asked).toEqual(['w'])
    expect((await judged('correct', 'prose')).asked).toEqual(['w'])
  })

  it('is in the plan', () => {
    expect(rewrite.estimate(options).calls.map(({ option }) => option)).toEqual(['endpoint'])
    expect(rewrite.estimate(judging).calls.map(({ option, perRow }) => [option, perRow])).toEqual([
      ['endpoint', 1],
      ['judge', 2],
    ])
  })
})

it('reads a gold answer with the marks of its data set', async () => {
  expect((await run({ text: trace('a', '3') }, { answer: '<answer>3</answer>' })).outcome.status).toBe('kept')
})

it.each([
  [{ trace: null }, 'no-trace'],
  [{ trace: ' ' }, 'no-trace'],
  [{ answer: null }, 'no-gold'],
])('drops %o without asking', async (changes, reason) => {
  const { outcome, fake } = await run({}, changes)
  expect(outcome).toMatchObject({ status: 'dropped', reason })
  expect(fake.requests).toHaveLength(0)
})
