import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rate, readRating } from '../../../data/steps/rate.ts'
import { AskFailure } from '../../../models/ask.ts'
import { context, FakeAsk, row } from '../rows.ts'

const options = rate.options.parse({ step: 'rate', endpoint: 'rater' })

describe('rating', () => {
  it('shows picture, question, choices and answer, and stores the number', async () => {
    const fake = new FakeAsk(() => ({ text: 'It takes counting.\nrating: 3' }))
    const subject = row({
      question: '<image>How many?',
      choices: ['2', '3'],
      answer: 'B',
      metadata: { source: 'clevr' },
    })
    const [outcome] = await rate.run(subject, context(options, fake.ask))
    expect(outcome).toMatchObject({ status: 'kept', changes: { metadata: { source: 'clevr', rating: 3 } } })
    const [request] = fake.requests
    expect(request).toMatchObject({
      endpoint: 'rater',
      messages: [{ role: 'user', images: subject.images }],
      sampling: { temperature: 0, topP: 1, maxTokens: 512 },
    })
    expect(request!.messages[0]!.text).toContain('Question: How many?\nChoices:\nA. 2\nB. 3\nAnswer: B\n')
    expect(outcome!.requestKeys).toHaveLength(1)
  })

  it('pays once for the traces of one question, in every round', async () => {
    const fake = new FakeAsk(() => ({ text: 'rating: 3' }))
    const [one] = await rate.run(row({ id: 'a', originId: 'o', trace: 'x' }), context(options, fake.ask))
    const [two] = await rate.run(row({ id: 'b', originId: 'o' }), { ...context(options, fake.ask), seed: 8 })
    expect(two!.requestKeys).toEqual(one!.requestKeys)
    const warm = { ...options, temperature: 0.5 }
    const [warmOne] = await rate.run(row(), context(warm, fake.ask))
    const [warmLater] = await rate.run(row(), { ...context(warm, fake.ask), seed: 8 })
    expect(warmLater!.requestKeys).not.toEqual(warmOne!.requestKeys)
  })

  it.each([
    [{ text: ' \n' }, 'empty-rating'],
    [{ text: 'rating: 3', finishReason: 'length' as const }, 'truncated'],
    [{ text: 'rating: 3', finishReason: 'refused' as const }, 'refused'],
    [{ text: 'I would say 7.' }, 'unreadable-rating'],
  ])('drops %o as %s and still names the reply', async (reply, expected) => {
    const [outcome] = await rate.run(row(), context(options, new FakeAsk(() => reply).ask))
    expect(outcome).toMatchObject({ status: 'dropped', reason: expected, changes: {} })
    expect(outcome!.requestKeys).toHaveLength(1)
  })

  it.each([
    [{ question: ' <image>\n' }, 'no-question'],
    [{ answer: null }, 'no-gold'],
    [{ answer: ' ' }, 'no-gold'],
  ])('sends no request about a row with %o', async (changes, expected) => {
    const fake = new FakeAsk(() => ({ text: 'rating: 3' }))
    const outcomes = await rate.run(row(changes), context(options, fake.ask))
    expect(outcomes).toMatchObject([{ status: 'dropped', reason: expected }])
    expect(fake.requests).toEqual([])
  })

  it('passes the failure of a request on to the shard', async () => {
    const ask = () => Promise.reject(new AskFailure('http-400', 'no'))
    await expect(rate.run(row(), context(options, ask))).rejects.toThrow(AskFailure)
  })
})

describe('reading a rating', () => {
  it.each([
    ['rating: 1', 1],
    ['Short.\r\n\r\nRating: 10\r\n', 10],
    ['**Rating:** 7', 7],
    ['**rating: 7**.', 7],
    ['rating: 7/10', 7],
    ['<think>rating: 2\nrating: 9</think>\nEasy.\nrating: 4', 4],
    ['rating: 2</think>rating: 5', 5],
    ['<think>a</think>\nrating: 2\n</think>\nrating: 5', 5],
    ['The rating: hard to say.\nrating: 6', 6],
  ])('%j is %d', (reply, expected) => {
    expect(readRating(reply)).toBe(expected)
  })

  it.each([
    '',
    'rating: 0',
    'rating: 11',
    'rating: 7.5',
    'rating: -3',
    'rating: 7/5',
    'rating: seven',
    'rating: 007',
    'rating: 3\nrating: 4',
    'rating: 3\nrating: high',
    'rating: 3\nOr perhaps more.',
    '<think>rating: 3',
    'rating: 4\n<think>rating: 2</think>\nrating: 3',
    '<think>a</think> <think>rating: 3',
    '<think>rating: 3</think>',
    'rating: \uFF13',
  ])('%j has none', (reply) => {
    expect(readRating(reply)).toBeNull()
  })

  it('never throws, and reads every number in the form that the prompt asks for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 10 }), (text, rating) => {
        const read = readRating(text)
        expect(read === null || (Number.isInteger(read) && read >= 1 && read <= 10)).toBe(true)
        const harmless = text.replaceAll(/rating|think/gi, '')
        expect(readRating(`${harmless}\nrating: ${rating}`)).toBe(rating)
      }),
    )
  })
})
