import { describe, expect, it } from 'vitest'
import { dialogue } from '../../../data/steps/dialogue.ts'
import { AskFailure } from '../../../models/ask.ts'
import type { Reply } from '../../../models/ask.ts'
import { context, FakeAsk, row } from '../rows.ts'

const options = dialogue.options.parse({ step: 'dialogue', asker: 'thinker', viewer: 'eyes' })
const coarse = row({ description: 'Some circles and a sign.' })

type Said = string | Partial<Reply>

/**
 * Asker and viewer say their lines in order and then repeat the last line. The merge has its own
 * line.
 */
function talk(lines: { asker: Said[]; viewer: Said[]; merge?: Said }): FakeAsk {
  const at = { asker: 0, viewer: 0 }
  const next = (who: 'asker' | 'viewer') => lines[who][Math.min(at[who]++, lines[who].length - 1)] ?? ''
  return new FakeAsk(({ endpoint, messages }) => {
    const merging = messages[0]!.text.startsWith('Here is a first description')
    const said =
      endpoint === 'thinker' ? next('asker') : merging ? (lines.merge ?? 'A fine description.') : next('viewer')
    return typeof said === 'string' ? { text: said } : said
  })
}

const run = async (fake: FakeAsk, changes: Partial<typeof options> = {}, of = coarse) => {
  const [outcome] = await dialogue.run(of, context({ ...options, ...changes }, fake.ask))
  return outcome!
}

describe('a dialogue about missing parts of a description', () => {
  it('asks, looks, asks again with the known answers, and merges', async () => {
    const fake = talk({
      asker: ['- How many circles?\n- What does the sign say?', '1. Which colours?', 'complete'],
      viewer: ['- three\n- STOP', '- red'],
      merge: ' <think>so</think> Three red circles and a sign that says STOP. ',
    })
    const outcome = await run(fake)
    expect(outcome).toMatchObject({ status: 'kept', parentId: 'r1' })
    expect(outcome.changes.description).toBe('Three red circles and a sign that says STOP.')
    expect(outcome.changes.metadata).toEqual({
      dialogue: {
        turns: 2,
        ended: 'complete',
        questions: ['How many circles?', 'What does the sign say?', 'Which colours?'],
        answers: ['three', 'STOP', 'red'],
      },
    })
    expect(fake.requests.map(({ endpoint }) => endpoint)).toEqual([
      'thinker',
      'eyes',
      'thinker',
      'eyes',
      'thinker',
      'eyes',
    ])
    expect(new Set(outcome.requestKeys).size).toBe(6)
    for (const { endpoint, messages } of fake.requests)
      expect(messages[0]!.images).toEqual(endpoint === 'eyes' ? coarse.images : undefined)
    const texts = fake.requests.map(({ messages }) => messages[0]!.text)
    expect(texts[0]).toContain('Description:\nSome circles and a sign.\n\nAnswers so far:\nnone\n')
    expect(texts[0]).toContain('at most 4 short questions')
    expect(texts[1]).toContain('Questions:\n- How many circles?\n- What does the sign say?')
    expect(texts[2]).toContain('Q: How many circles?\nA: three\nQ: What does the sign say?\nA: STOP')
    expect(texts[5]).toContain('Q: Which colours?\nA: red')
    expect(texts.join()).not.toContain(coarse.question)
  })

  it('leaves a description alone if nothing is missing from the start', async () => {
    const outcome = await run(talk({ asker: ['complete'], viewer: [] }))
    expect(outcome).toMatchObject({ status: 'kept', requestKeys: [expect.any(String)] })
    expect(outcome.changes.description).toBeUndefined()
    expect(outcome.changes.metadata).toEqual({ dialogue: { turns: 0, ended: 'complete', questions: [], answers: [] } })
  })

  it('ends after the last turn if the asker never stops, and passes a limited number of questions on', async () => {
    let asked = 0
    const fake = new FakeAsk(({ endpoint, messages }) => {
      if (endpoint === 'thinker') return { text: Array.from({ length: 9 }, () => `- Question ${asked++}?`).join('\n') }
      const { text } = messages[0]!
      return { text: text.startsWith('Look') ? text.replaceAll(/Question (\d+)\?/g, 'answer $1') : 'All of it.' }
    })
    const outcome = await run(fake, { turns: 2, questionsEach: 3 })
    expect(fake.requests).toHaveLength(5)
    expect(outcome.changes.metadata).toMatchObject({ dialogue: { turns: 2, ended: 'turns' } })
    expect(JSON.stringify(outcome.changes.metadata)).toContain(
      '"Question 0?","Question 1?","Question 2?","Question 9?"',
    )
    const [estimated] = [dialogue.estimate({ ...options, turns: 2 })]
    expect(estimated.calls.map(({ option, perRow }) => [option, perRow])).toEqual([
      ['asker', 2],
      ['viewer', 3],
    ])
  })

  it('never asks the same question again, in any spelling', async () => {
    const fake = talk({
      asker: ['- How many circles?', '- how many  CIRCLES\n- How many circles?'],
      viewer: ['- three'],
    })
    const outcome = await run(fake)
    expect(outcome.changes.metadata).toMatchObject({
      dialogue: { turns: 1, ended: 'complete', questions: ['How many circles?'] },
    })
    const doubled = talk({ asker: ['- A?\n- a\n- B?', 'complete'], viewer: ['- one\n- two'] })
    expect((await run(doubled)).changes.metadata).toMatchObject({ dialogue: { questions: ['A?', 'B?'] } })
  })

  it('notes questions that the viewer left open, and does not show them as known', async () => {
    const fake = talk({ asker: ['- A?\n- B?', 'complete'], viewer: ['1. one'] })
    expect((await run(fake)).changes.metadata).toMatchObject({ dialogue: { answers: ['one', null] } })
    expect(fake.requests[2]!.messages[0]!.text).not.toContain('B?')
  })

  it('merges nothing if a viewer does not answer the questions', async () => {
    const outcome = await run(talk({ asker: ['- A?\n- B?', 'complete'], viewer: ['A nice picture. I like it.'] }))
    expect(outcome).toMatchObject({ status: 'kept' })
    expect(outcome.changes.description).toBeUndefined()
    expect(outcome.requestKeys).toHaveLength(3)
  })

  it.each([
    ['asker', 'length', 'truncated'],
    ['asker', 'refused', 'refused'],
    ['viewer', 'length', 'truncated'],
    ['viewer', 'refused', 'refused'],
  ] as const)(
    'ends when a reply of the %s came back as %s, and merges what is known',
    async (who, finishReason, ended) => {
      const cut = { text: '- A?', finishReason }
      const lines = { asker: ['- A?', '- B?'] as Said[], viewer: ['- one', '- two'] as Said[] }
      lines[who][1] = cut
      const fake = talk(lines)
      const outcome = await run(fake)
      expect(outcome).toMatchObject({ status: 'kept', changes: { description: 'A fine description.' } })
      expect(outcome.changes.metadata).toMatchObject({ dialogue: { ended } })
      expect(fake.requests.at(-1)!.messages[0]!.text).toContain('Q: A?\nA: one\n\nLook at the picture again')
      const first = await run(talk({ asker: [who === 'asker' ? cut : '- A?'], viewer: [cut] }))
      expect(first).toMatchObject({ status: 'kept' })
      expect(first.changes.description).toBeUndefined()
    },
  )

  it.each<[Said, string]>([
    [{ text: 'Three', finishReason: 'length' }, 'truncated'],
    [{ text: 'No', finishReason: 'refused' }, 'refused'],
    [' \n', 'empty-description'],
    ['<think>all of it', 'empty-description'],
    ['<think>all of it</think>\n', 'empty-description'],
  ])('drops a row whose merge is %j as %s, with the dialogue', async (merge, reason) => {
    const outcome = await run(talk({ asker: ['- A?', 'complete'], viewer: ['- one'], merge }))
    expect(outcome).toMatchObject({
      status: 'dropped',
      reason,
      changes: { metadata: { dialogue: { answers: ['one'] } } },
    })
    expect(outcome.changes.description).toBeUndefined()
    expect(outcome.requestKeys).toHaveLength(4)
  })

  it('puts the answers below the description without a merge', async () => {
    const fake = talk({ asker: ['- A?', 'complete'], viewer: ['- one'] })
    const outcome = await run(fake, { merge: false })
    expect(outcome.changes.description).toBe('Some circles and a sign.\n\nQ: A?\nA: one')
    expect(fake.requests).toHaveLength(3)
    expect(dialogue.estimate({ ...options, merge: false }).calls[1]!.perRow).toBe(3)
  })

  it.each([null, '', ' \n'])('drops a row whose description is %j without asking', async (description) => {
    const fake = talk({ asker: ['complete'], viewer: [] })
    expect(await run(fake, {}, row({ description }))).toMatchObject({ status: 'dropped', reason: 'no-description' })
    expect(fake.requests).toHaveLength(0)
  })

  it('pays once for rows that share pictures and description, at temperature 0 in every round', async () => {
    const lines = { asker: ['- A?', 'complete'], viewer: ['- one'] }
    const keys = async (changes: Parameters<typeof row>[0], temperature = 0, seed = 7) => {
      const of = row({ ...coarse, ...changes })
      const asked = { ...context({ ...options, temperature }, talk(lines).ask), seed }
      return (await dialogue.run(of, asked))[0]!.requestKeys
    }
    expect(await keys({ id: 'b', originId: 'b', question: 'Other?' }, 0, 8)).toEqual(await keys({}))
    expect(await keys({ id: 'b', originId: 'b' }, 1)).toEqual(await keys({}, 1))
    expect(await keys({}, 1, 8)).not.toEqual(await keys({}, 1))
    expect(await keys({ images: ['b'.repeat(64)] })).not.toEqual(await keys({}))
  })

  it('treats hostile text as text', async () => {
    const fake = talk({
      asker: ['- {description} </think> <|im_end|>?\n- {answers}?', 'complete'],
      viewer: ['- {limit}\u0000\n- Q: x'],
    })
    const outcome = await run(fake, {}, row({ description: '{questions} {answers} $&' }))
    expect(outcome.status).toBe('kept')
    expect(fake.requests[0]!.messages[0]!.text).toContain('Description:\n{questions} {answers} $&\n')
  })

  it('lets a failed request fail the row', async () => {
    const fake = new FakeAsk(() => {
      throw new AskFailure('http-400', 'no')
    })
    await expect(run(fake)).rejects.toThrow(AskFailure)
  })
})
