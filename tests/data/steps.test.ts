import * as fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import { AskFailure } from '../../models/ask.ts'
import { clean, cleanTrace } from '../../data/steps/clean.ts'
import { describe } from '../../data/steps/describe.ts'
import { mix } from '../../data/steps/mix.ts'
import { reason } from '../../data/steps/reason.ts'
import { dataSteps } from '../../data/steps/registry.ts'
import { sample } from '../../data/steps/sample.ts'
import type { RowRef } from '../../domain/rows.ts'
import { verify } from '../../data/steps/verify.ts'
import { countWords, splitTrace } from '../../data/rows/trace.ts'
import { context, FakeAsk, kept, reasons, row, trace } from './rows.ts'

group('the registry', () => {
  it('names every step as the step’s own schema does', () => {
    for (const [name, step] of Object.entries(dataSteps)) expect(step.options.shape.step.value).toBe(name)
  })
})

group('describing', () => {
  const options = describe.options.parse({ step: 'describe', endpoint: 'captioner' })

  it('shows the pictures and not the question', async () => {
    const fake = new FakeAsk(() => ({ text: ' Three red circles. \n' }))
    const [outcome] = await describe.run(row(), context(options, fake.ask))
    expect(outcome).toMatchObject({ status: 'kept', changes: { description: 'Three red circles.' } })
    const [request] = fake.requests
    expect(request!.messages[0]!.images).toHaveLength(1)
    expect(request!.messages[0]!.text).not.toContain('How many red circles')
    expect(request!.sampling).toMatchObject({ temperature: 0, topP: 1, maxTokens: 1024 })
  })

  it('sends the same request for two questions about one picture, and at temperature 0 in every round', async () => {
    const fake = new FakeAsk(() => ({ text: 'A picture.' }))
    const [one] = await describe.run(row({ id: 'a' }), context(options, fake.ask))
    const [two] = await describe.run(row({ id: 'b', question: 'Other?' }), context(options, fake.ask))
    const [later] = await describe.run(row({ id: 'a' }), { ...context(options, fake.ask), seed: 8 })
    expect(two!.requestKeys).toEqual(one!.requestKeys)
    expect(later!.requestKeys).toEqual(one!.requestKeys)
    const warm = { ...options, temperature: 1 }
    const [warmOne] = await describe.run(row(), context(warm, fake.ask))
    const [warmLater] = await describe.run(row(), { ...context(warm, fake.ask), seed: 8 })
    expect(warmLater!.requestKeys).not.toEqual(warmOne!.requestKeys)
  })

  it.each([
    [{ text: '  \n' }, 'empty-description'],
    [{ text: 'Three red', finishReason: 'length' as const }, 'truncated'],
    [{ text: 'I cannot', finishReason: 'refused' as const }, 'refused'],
  ])('drops %o as %s and still names the reply', async (reply, expected) => {
    const [outcome] = await describe.run(row(), context(options, new FakeAsk(() => reply).ask))
    expect(outcome).toMatchObject({ status: 'dropped', reason: expected })
    expect(outcome!.requestKeys).toHaveLength(1)
  })
})

group('reason', () => {
  const options = reason.options.parse({ step: 'reason', endpoint: 'reasoner' })
  const described = row({ description: 'Three red {question} circles.', choices: ['two', 'three'] })

  it('asks for k different samples, reproducibly, without pictures', async () => {
    const fake = new FakeAsk((request) => ({ text: trace(`sample ${request.sampleIndex}`) }))
    const outcomes = await reason.run(described, context(options, fake.ask))
    expect(kept(outcomes)).toBe(4)
    expect(new Set(fake.requests.map((request) => request.sampling.seed)).size).toBe(4)
    expect(fake.requests.every((request) => request.messages.every((message) => !message.images))).toBe(true)
    const again = new FakeAsk(() => ({ text: trace('x') }))
    const second = await reason.run(described, context(options, again.ask))
    expect(second.map((one) => one.requestKeys)).toEqual(outcomes.map((one) => one.requestKeys))
    expect(outcomes[2]!.changes.metadata).toEqual({ sampleIndex: 2 })
  })

  it('renders description, question and choices once, in the agreed form', async () => {
    const fake = new FakeAsk(() => ({ text: trace('x') }))
    await reason.run(described, context({ ...options, samples: 1 }, fake.ask))
    const { text } = fake.requests[0]!.messages[0]!
    expect(text).toContain('Description:\nThree red {question} circles.\n\nQuestion: How many red circles are there?\n')
    expect(text).toContain('Choices:\nA. two\nB. three\n')
  })

  it('drops a row without a description instead of asking', async () => {
    const fake = new FakeAsk(() => ({}))
    expect(reasons(await reason.run(row(), context(options, fake.ask)))).toEqual(['no-description'])
    expect(fake.requests).toHaveLength(0)
  })

  it('marks truncated and empty traces and keeps the others', async () => {
    const fake = new FakeAsk(({ sampleIndex }) =>
      sampleIndex === 0
        ? { text: '<think>long', finishReason: 'length' }
        : { text: sampleIndex === 1 ? ' ' : trace('ok') },
    )
    expect(reasons(await reason.run(described, context(options, fake.ask)))).toEqual([
      'truncated',
      'empty-trace',
      null,
      null,
    ])
  })

  it('drops a failed sample alone, and fails the row when all samples failed', async () => {
    const failing = (bad: (index: number) => boolean) =>
      new FakeAsk(({ sampleIndex }) => {
        if (bad(sampleIndex)) throw new AskFailure('http-500', 'boom')
        return { text: trace('ok') }
      }).ask
    const outcomes = await reason.run(
      described,
      context(
        options,
        failing((index) => index === 1),
      ),
    )
    expect(reasons(outcomes)).toEqual([null, 'http-500', null, null])
    await expect(
      reason.run(
        described,
        context(
          options,
          failing(() => true),
        ),
      ),
    ).rejects.toThrow('boom')
  })

  it('refuses a prompt of the user without places for description and question', () => {
    const parsed = reason.options.safeParse({ step: 'reason', endpoint: 'r', prompt: 'Think about {question}' })
    expect(parsed.error?.issues[0]?.message).toContain('{description}')
  })
})

group('sample', () => {
  it('sends what the model was trained on: pictures, question, choices, suffix', async () => {
    const fake = new FakeAsk(() => ({ text: trace('x') }))
    const options = sample.options.parse({ step: 'sample', endpoint: 'trained', samples: 2 })
    const subject = row({ question: '<image>\nWhich?', choices: ['two', 'three'], trace: 'old' })
    const outcomes = await sample.run(subject, { ...context(options, fake.ask), promptSuffix: '\nThink.' })
    expect(fake.requests[0]!.messages).toEqual([
      { role: 'user', text: 'Which?\nA. two\nB. three\nThink.', images: subject.images },
    ])
    expect(outcomes).toHaveLength(2)
  })
})

group('verify', () => {
  const options = verify.options.parse({ step: 'verify' })
  const run = (changes: Parameters<typeof row>[0]) => verify.run(row(changes), context(options))

  it('keeps right answers and drops wrong ones, with the verdict', async () => {
    const [right] = await run({ trace: trace('one two three') })
    expect(right).toMatchObject({ status: 'kept', changes: { verdict: { verdict: 'correct', extracted: '3' } } })
    const [wrong] = await run({ trace: trace('one two', '2') })
    expect(wrong).toMatchObject({
      status: 'dropped',
      reason: 'incorrect',
      changes: { verdict: { verdict: 'incorrect' } },
    })
  })

  it('gives the reason when there is nothing to compare', async () => {
    expect(reasons(await run({ answer: null, trace: trace('x') }))).toEqual(['no-gold'])
    expect(reasons(await run({ trace: null }))).toEqual(['no-trace'])
  })

  it('checks by the precision and the policy of the row', async () => {
    const near = { answer: '0.333', trace: trace('x', '0.33'), kind: 'number' as const }
    expect(reasons(await run(near))).toEqual(['incorrect'])
    expect(reasons(await run({ ...near, precision: 2 }))).toEqual([null])
  })

  it('reads choices', async () => {
    const choices = ['two', 'three']
    expect(reasons(await run({ answer: 'B', choices, trace: trace('x', 'B') }))).toEqual([null])
  })
})

group('clean', () => {
  const options = clean.options.parse({ step: 'clean' })

  it('cuts repeated reflection and keeps explanation and answer', async () => {
    const result = await cleanTrace(trace('I see 3. Wait, again. Wait, 3. Wait, is it? Wait, yes.'), options)
    expect(result).toEqual({ trace: trace('I see 3. Wait, again. Wait, 3.') })
  })

  it('counts "But wait" once, and does not count people who wait', async () => {
    const text = 'A man waits. Waiters wait. But wait, two. Wait. But the question asks for men. Done.'
    expect(await cleanTrace(trace(text), options)).toEqual({
      trace: trace('A man waits. Waiters wait. But wait, two. Wait.'),
    })
  })

  it('keeps or drops reflection when the recipe says so', async () => {
    const text = trace('a. Wait. Wait. Wait. b')
    expect(await cleanTrace(text, { ...options, reflections: 'keep' })).toEqual({ trace: text })
    expect(await cleanTrace(text, { ...options, reflections: 'drop' })).toEqual({ reason: 'too-many-reflections' })
  })

  it.each([
    ['<think>no end <answer>3</answer>', 'malformed'],
    ['<think></think><answer>3</answer>', 'malformed'],
    ['<think>a</think>b</think><answer>3</answer>', 'malformed'],
    ['<think>a</think>just words', 'no-answer'],
    ['', 'malformed'],
  ])('drops %j as %s', async (text, expected) => {
    expect(await cleanTrace(text, options)).toEqual({ reason: expected })
  })

  it('drops traces of reflection alone, and traces that are too long', async () => {
    expect(await cleanTrace(trace('Wait. a'), { ...options, maxRepeats: 0 })).toEqual({ reason: 'only-reflections' })
    expect(await cleanTrace(trace('a b c d'), { ...options, maxWords: 3 })).toEqual({ reason: 'too-long' })
  })

  it('accepts a trace whose opening tag was in the prompt', async () => {
    expect(await cleanTrace('one two</think>So. \\boxed{2}', options)).toEqual({
      trace: '<think>\none two\n</think>\n\nSo. \\boxed{2}',
    })
  })

  it('treats markers as text, not as patterns', async () => {
    expect(await cleanTrace(trace('a. (Hm?) b. (Hm?) c'), { ...options, markers: ['(Hm?)'], maxRepeats: 1 })).toEqual({
      trace: trace('a. (Hm?) b.'),
    })
  })

  it('changes nothing the second time, and never the part after the reasoning', async () => {
    const word = fc.constantFrom('Wait', 'But wait', 'wait', 'so', 'three.', '\n', 'But the question', 'x')
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 30 }), fc.integer({ min: 0, max: 3 }), async (words, maxRepeats) => {
        const once = await cleanTrace(trace(words.join(' ')), { ...options, maxRepeats })
        if ('reason' in once) return
        expect(await cleanTrace(once.trace, { ...options, maxRepeats })).toEqual(once)
        expect(splitTrace(once.trace)?.rest).toBe(splitTrace(trace('x'))?.rest)
        const original = splitTrace(trace(words.join(' ')))?.reasoning ?? ''
        expect(original.startsWith(splitTrace(once.trace)?.reasoning ?? '?')).toBe(true)
      }),
    )
  })
})

group('mix', () => {
  const refs = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 2 })), { maxLength: 40 })
    .map((pairs) =>
      pairs.map(([origin, input], index): RowRef => ({ id: `r${index}`, originId: `o${origin}`, input, group: null })),
    )

  it('keeps rows of one question side by side, each at most once, and is the same every time', async () => {
    await fc.assert(
      fc.asyncProperty(
        refs,
        fc.option(fc.integer({ min: 1, max: 30 })),
        fc.boolean(),
        async (rows, limit, weighted) => {
          const options = mix.options.parse({
            step: 'mix',
            ...(limit ? { maxRows: limit } : {}),
            ...(weighted ? { weights: [3, 1, 0.5] } : {}),
          })
          const { kept } = await mix.run(rows, { options, seed: 3, promptSuffix: '' })
          expect(await mix.run(rows, { options, seed: 3, promptSuffix: '' })).toEqual({
            kept,
            droppedReason: 'not-in-mix',
          })
          expect(new Set(kept).size).toBe(kept.length)
          expect(kept.length).toBeLessThanOrEqual(limit ?? rows.length)
          expect(kept.length).toBeGreaterThanOrEqual(limit || weighted ? 0 : rows.length)
          const originOf = new Map(rows.map((one) => [one.id, one.originId]))
          const runs = kept.map((id) => originOf.get(id)).filter((origin, index, all) => origin !== all[index - 1])
          expect(new Set(runs).size).toBe(runs.length)
        },
      ),
    )
  })

  it('takes a number of questions of each group, with all rows of each question', async () => {
    const rows = ['x', 'y', null].flatMap((group) =>
      Array.from({ length: 12 }, (_, index) => ({
        id: `${group}${index}`,
        originId: `${group}${Math.floor(index / 2)}`,
        input: 0,
        group,
      })),
    )
    const options = mix.options.parse({ step: 'mix', by: 'source', maxEach: 3 })
    const { kept } = await mix.run(rows, { options, seed: 1, promptSuffix: '' })
    expect(kept).toHaveLength(18)
    for (const group of ['x', 'y', 'null']) expect(kept.filter((id) => id.startsWith(group))).toHaveLength(6)
    expect(mix.options.safeParse({ step: 'mix', maxEach: 3 }).success).toBe(false)
  })

  it('keeps the shares, so that the scarcest input sets the size', async () => {
    const rows = [
      ...Array.from({ length: 90 }, (_, index) => ({ id: `a${index}`, originId: `a${index}`, input: 0, group: null })),
      ...Array.from({ length: 10 }, (_, index) => ({ id: `b${index}`, originId: `b${index}`, input: 1, group: null })),
    ]
    const options = mix.options.parse({ step: 'mix', weights: [3, 1] })
    const { kept } = await mix.run(rows, { options, seed: 1, promptSuffix: '' })
    expect(kept.filter((id) => id.startsWith('a'))).toHaveLength(30)
    expect(kept.filter((id) => id.startsWith('b'))).toHaveLength(10)
    const other = await mix.run(rows, { options: { ...options, seed: 2 }, seed: 1, promptSuffix: '' })
    expect(other.kept).not.toEqual(kept)
  })
})

it('counts words by white space', () => {
  expect(countWords('  one\ttwo\n three ')).toBe(3)
  expect(countWords('')).toBe(0)
})
