import { describe as group, expect, it } from 'vitest'
import { reason } from '../../../data/steps/reason.ts'
import { context, FakeAsk, kept, reasons, row, trace } from '../rows.ts'

group('reasoning towards a known answer', () => {
  const options = reason.options.parse({ step: 'reason', endpoint: 'reasoner', withAnswer: true, samples: 2 })
  const described = row({ description: 'Three red circles {answer}.', choices: ['two', 'three'], answer: 'B' })

  it('shows the answer once, at its place in the prompt', async () => {
    const fake = new FakeAsk(() => ({ text: trace('x', 'B') }))
    expect(kept(await reason.run(described, context(options, fake.ask)))).toBe(2)
    const { text } = fake.requests[0]!.messages[0]!
    expect(text).toContain('Choices:\nA. two\nB. three\n\nAnswer: B\n')
    expect(text).toContain('circles {answer}.')
  })

  it('hides the answer unless the recipe asks for it', async () => {
    const fake = new FakeAsk(() => ({ text: trace('x') }))
    const blind = reason.options.parse({ step: 'reason', endpoint: 'reasoner' })
    await reason.run(row({ description: 'Circles.', answer: 'forty-two' }), context(blind, fake.ask))
    expect(fake.requests[0]!.messages[0]!.text).not.toContain('forty-two')
  })

  it('drops a row without an answer instead of asking', async () => {
    const fake = new FakeAsk(() => ({}))
    expect(reasons(await reason.run({ ...described, answer: null }, context(options, fake.ask)))).toEqual(['no-gold'])
    expect(reasons(await reason.run({ ...described, answer: ' ' }, context(options, fake.ask)))).toEqual(['no-gold'])
    expect(reasons(await reason.run({ ...described, description: '' }, context(options, fake.ask)))).toEqual([
      'no-description',
    ])
    expect(fake.requests).toHaveLength(0)
  })

  it('refuses a prompt of the user without a place for the answer', async () => {
    const prompt = 'See {description}. {question} Put it in \\boxed{answer}'
    const parse = (changes: object) => reason.options.safeParse({ step: 'reason', endpoint: 'r', ...changes })
    expect(parse({ prompt, withAnswer: true }).success).toBe(true)
    expect(parse({ prompt: '{description} {question}', withAnswer: true }).error?.issues[0]?.message).toContain(
      '{answer}',
    )
    expect(parse({ prompt: '{description} {question}' }).success).toBe(true)
    const fake = new FakeAsk(() => ({ text: trace('x') }))
    const blind = reason.options.parse({ step: 'reason', endpoint: 'r', prompt, samples: 1 })
    await reason.run(described, context(blind, fake.ask))
    expect(fake.requests[0]!.messages[0]!.text).toContain('\\boxed{answer}')
  })
})

it('does not copy records of the description to its rows', async () => {
  const options = reason.options.parse({ step: 'reason', endpoint: 'reasoner', samples: 2 })
  const described = row({
    description: 'Three.',
    metadata: { source: 's', pseudoCot: 'I see three.', dialogue: { turns: 1 } },
  })
  const outcomes = await reason.run(described, context(options, new FakeAsk(() => ({ text: 'x' })).ask))
  expect(outcomes.map(({ changes }) => changes.metadata)).toEqual([
    { source: 's', sampleIndex: 0 },
    { source: 's', sampleIndex: 1 },
  ])
})
