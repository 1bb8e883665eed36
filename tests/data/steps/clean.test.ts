import * as fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import { clean, cleanTrace } from '../../../data/steps/clean.ts'
import { readFormat } from '../../../verifier/format.ts'
import { verifyCase } from '../../../verifier/verify.ts'
import { context, reasons, row, trace } from '../rows.ts'

const options = clean.options.parse({ step: 'clean' })

group('cleaning for Vision-R1', () => {
  const strict = clean.options.parse({
    step: 'clean',
    reflections: 'keep',
    logic: true,
    wording: 'image',
    form: 'final-answer',
  })
  const run = (text: string, changes: Parameters<typeof row>[0] = {}) =>
    clean.run(row({ ...changes, trace: text }), context(strict))

  it('writes the target form with the word image', async () => {
    const text =
      '<think>\nAccording to the description, two. Wait. Wait. Wait, 3.\n</think>\n\nThus.\n<answer>3</answer>'
    expect(await run(text)).toMatchObject([
      {
        status: 'kept',
        changes: {
          trace: '<think>\nIn the image, two. Wait. Wait. Wait, 3.\n</think>\n\n<answer> Final Answer:3 </answer>',
        },
      },
    ])
  })

  it('changes nothing unless an option asks for it', async () => {
    const text = trace('According to the description, 2 + 3 = 6. So the answer is 7.')
    expect(await cleanTrace(text, options)).toEqual({ trace: text })
  })

  it('drops inconsistent chains, each by its rule', async () => {
    expect(reasons(await run(trace('So the answer is 4.')))).toEqual(['contradiction'])
    expect(reasons(await run(trace('So 2 + 2 = 5.')))).toEqual(['false-arithmetic'])
    expect(reasons(await run(trace('I repeat it. '.repeat(6))))).toEqual(['repetition'])
    const more = { ...strict, maxSentenceRepeats: 6 }
    expect(await cleanTrace(trace('I repeat it. '.repeat(6)), more)).toHaveProperty('trace')
  })

  it('checks the chain that is left after a cut', async () => {
    const text = trace('I see 3. Wait. Wait. Wait, 2 + 2 = 5.')
    expect(await cleanTrace(text, { ...strict, reflections: 'cut' })).toHaveProperty('trace')
    expect(await cleanTrace(text, strict)).toHaveProperty('trace')
    expect(await cleanTrace(trace('I see 3. Wait. Wait. So 2 + 2 = 5.'), strict)).toEqual({
      reason: 'false-arithmetic',
    })
  })

  it.each([
    ['<think>never closed <answer>3</answer>', 'malformed'],
    ['<think>a</think>b <think>again <answer>3</answer>', 'malformed'],
    ['<think>a</think> <answer> </answer>', 'no-answer'],
    ['', 'malformed'],
  ])('drops %j as %s', async (text, expected) => {
    expect(reasons(await run(text))).toEqual([expected])
  })

  it.each([
    ['3', '3', {}],
    ['0.5', '\\frac{1}{2}', {}],
    ['12 cm', '12 cm', {}],
    ['B', 'B', { choices: ['two', 'three'] }],
    ['B', 'three', { choices: ['two', 'three'] }],
    ['a red bus', 'red bus', { kind: 'text' as const }],
    ['yes', 'Yes', {}],
    ['2:3', '2:3', {}],
    ['1, 2', '1, 2', { kind: 'list' as const }],
    ['2x + 1', '2x+1', {}],
  ])('keeps the gold answer %j right when %j was answered', async (gold, answered, changes) => {
    const [outcome] = await run(trace('I look at it.', answered), { ...changes, answer: gold })
    const written = outcome!.changes.trace ?? ''
    expect(written).toContain(`<answer> Final Answer:${answered} </answer>`)
    expect(readFormat(written)).toEqual({ held: true, explanation: false })
    const { kind, choices } = row(changes)
    expect(verifyCase({ id: 'a', gold, answer: written, kind, choices: choices ?? undefined }).verdict).toBe('correct')
  })

  it('moves a boxed answer into the form', async () => {
    expect(await cleanTrace('one</think>So \\boxed{2}', { ...options, form: 'final-answer' })).toEqual({
      trace: '<think>\none\n</think>\n\n<answer> Final Answer:2 </answer>',
    })
  })

  it('changes nothing the second time', async () => {
    const word = fc.constantFrom('the description', 'says', 'Wait', '3', 'According to', 'the caption', '.', 'so', '\n')
    const answer = fc.constantFrom('3', 'B', 'red bus', '1/2', 'the description', 'Final Answer: 4', '$x$')
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 20 }), answer, async (words, answer) => {
        const once = await cleanTrace(trace(words.join(' '), answer), { ...strict, logic: false })
        if ('reason' in once) return
        expect(await cleanTrace(once.trace, { ...strict, logic: false })).toEqual(once)
      }),
    )
  })
})
