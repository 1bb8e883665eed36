import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { screen } from '../../../data/steps/screen.ts'
import { readScreening } from '../../../data/steps/synthesis/screening.ts'
import { AskFailure } from '../../../models/ask.ts'
import type { Reply } from '../../../models/ask.ts'
import { context, FakeAsk, reasons, row } from '../rows.ts'

const options = screen.options.parse({ step: 'screen', endpoint: 'critic' })
const asked = row({ description: 'Three {question} circles.', choices: ['2', '3', '4'], metadata: { type: 'choice' } })

const run = async (reply: Partial<Reply>, of = asked) => {
  const fake = new FakeAsk(() => reply)
  return { fake, outcomes: await screen.run(of, context(options, fake.ask)) }
}

describe('screening', () => {
  it('shows description, type, question and choices, and leaves a kept row as it is', async () => {
    const { fake, outcomes } = await run({ text: 'It can be counted.\nverdict: keep' })
    expect(outcomes).toEqual([
      { status: 'kept', reason: null, parentId: 'r1', changes: {}, requestKeys: [expect.any(String)] },
    ])
    const [request] = fake.requests
    expect(request!.messages[0]!.images).toBeUndefined()
    expect(request!.messages[0]!.text).toContain(
      'Description:\nThree {question} circles.\n\nA question about the picture:\nType: choice\n' +
        'Question: How many red circles are there?\nChoices:\nA. 2\nB. 3\nC. 4\n',
    )
    expect(request!.sampling).toMatchObject({ temperature: 0, topP: 1, maxTokens: 512 })
    expect(screen.estimate(options).calls).toEqual([
      { option: 'endpoint', perRow: 1, withImages: false, maxTokens: 512 },
    ])
  })

  it('treats a question of unknown type as a fill-in question', async () => {
    const { fake } = await run({ text: 'verdict: keep' }, row({ description: 'x', metadata: { type: 'poem' } }))
    expect(fake.requests[0]!.messages[0]!.text).toContain('Type: fill-in\n')
  })

  it.each<[Partial<Reply>, string]>([
    [{ text: 'Two are right.\nverdict: reject' }, 'rejected'],
    [{ text: 'A fine question, keep it.' }, 'unreadable-screening'],
    [{ text: ' ' }, 'unreadable-screening'],
    [{ text: 'verdict: keep', finishReason: 'length' }, 'truncated'],
    [{ text: 'verdict: keep', finishReason: 'refused' }, 'refused'],
  ])('drops on %j as %s', async (reply, reason) => {
    const { outcomes } = await run(reply)
    expect(reasons(outcomes)).toEqual([reason])
    expect(outcomes[0]!.requestKeys).toHaveLength(1)
  })

  it('sends no request about rows without a description or a question', async () => {
    const { fake, outcomes } = await run({}, row({ description: ' ' }))
    expect(reasons(outcomes)).toEqual(['no-description'])
    expect(reasons((await run({}, row({ description: 'x', question: '<image>\n' }))).outcomes)).toEqual(['no-question'])
    expect(fake.requests).toHaveLength(0)
  })

  it('sends the same request in every round at temperature 0, and lets a failed request fail the row', async () => {
    const keys = async (seed: number, temperature: number) =>
      (await screen.run(asked, { ...context({ ...options, temperature }, new FakeAsk(() => ({})).ask), seed }))[0]!
        .requestKeys
    expect(await keys(8, 0)).toEqual(await keys(7, 0))
    expect(await keys(8, 1)).not.toEqual(await keys(7, 1))
    const failing = new FakeAsk(() => {
      throw new AskFailure('timeout', 'no')
    })
    await expect(screen.run(asked, context(options, failing.ask))).rejects.toThrow(AskFailure)
  })
})

describe('a verdict', () => {
  it.each([
    ['verdict: keep', 'keep'],
    ['Fine.\r\n**Verdict: Reject**.\n', 'reject'],
    ['<think>verdict: reject</think>\nverdict: keep', 'keep'],
    ['verdict: reject</think>verdict: keep', 'keep'],
    ['**verdict:** keep\nGood luck.', 'keep'],
    ['verdict: keep\nverdict: reject', 'unreadable'],
    ['verdict: keep\nverdict: keep', 'unreadable'],
    ['My verdict: keep', 'unreadable'],
    ['verdict: keep or reject', 'unreadable'],
    ['verdict: maybe', 'unreadable'],
    ['<think>verdict: keep', 'unreadable'],
    ['verdict: keep\n<think>or not', 'unreadable'],
    ['', 'unreadable'],
  ])('in %j is %s', (text, expected) => {
    expect(readScreening(text)).toBe(expected)
  })

  it('never throws, and is never good without the word', () => {
    const piece = fc.constantFrom(
      'verdict',
      ':',
      ' ',
      'keep',
      'reject',
      '\n',
      '<think>',
      '</think>',
      '*',
      '.',
      '\u0000',
    )
    const replies = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 20 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(replies, (text) => {
        expect(text.toLowerCase()).toContain({ keep: 'keep', reject: 'reject', unreadable: '' }[readScreening(text)])
      }),
    )
    expect(readScreening('*'.repeat(200_000))).toBe('unreadable')
  })
})
