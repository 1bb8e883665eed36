import { describe as group, expect, it } from 'vitest'
import { bridge } from '../../../data/steps/bridge.ts'
import { AskFailure } from '../../../models/ask.ts'
import { context, FakeAsk, reasons, row } from '../rows.ts'

group('bridging', () => {
  const options = bridge.options.parse({ step: 'bridge', endpoint: 'viewer' })
  const subject = row({
    question: '<image>\nWhich number is it? {answer}',
    answer: 'B',
    choices: ['two', 'three'],
    metadata: { source: 's' },
  })
  const twoReplies = (first: object, second: object) => {
    let calls = 0
    return new FakeAsk(() => (calls++ === 0 ? first : second))
  }

  it('explains the right answer first, then describes with that explanation, both times with pictures', async () => {
    const fake = twoReplies({ text: ' First I see {choices}. \n' }, { text: ' Three red circles. \n' })
    const [outcome] = await bridge.run(subject, context(options, fake.ask))
    expect(outcome).toMatchObject({
      status: 'kept',
      changes: {
        description: 'Three red circles.',
        metadata: { source: 's', pseudoCot: 'First I see {choices}.' },
      },
    })
    const [first, second] = fake.requests
    expect(first!.messages[0]!.images).toEqual(subject.images)
    expect(second!.messages[0]!.images).toEqual(subject.images)
    expect(first!.messages[0]!.text).toContain(
      'Question: Which number is it? {answer}\nChoices:\nA. two\nB. three\nAnswer: B',
    )
    expect(second!.messages[0]!.text).toContain('Explanation:\nFirst I see {choices}.')
    expect(second!.messages[0]!.text).not.toContain('Answer: B')
    expect(first!.sampling).toMatchObject({ temperature: 0, topP: 1, maxTokens: 1024 })
  })

  it('leaves out the thoughts of a thinking model', async () => {
    const fake = twoReplies({ text: '<think>Hm. {answer}</think>So it is.' }, { text: 'Let me look…</think>\nThree.' })
    const [outcome] = await bridge.run(subject, context(options, fake.ask))
    expect(outcome).toMatchObject({ changes: { description: 'Three.', metadata: { pseudoCot: 'So it is.' } } })
    expect(fake.requests[1]!.messages[0]!.text).not.toContain('Hm.')
    const endless = twoReplies({ text: '<think>Hm.' }, {})
    expect(reasons(await bridge.run(subject, context(options, endless.ask)))).toEqual(['empty-pseudo-cot'])
  })

  it('lists the replies in the order of their use, and pays once for two rows of one question', async () => {
    const fake = new FakeAsk(({ messages }) => ({
      text: messages[0]!.text.includes('Explanation:') ? 'A picture.' : 'It is so.',
    }))
    const [one] = await bridge.run(row({ id: 'a' }), context(options, fake.ask))
    const [two] = await bridge.run(row({ id: 'b' }), context(options, fake.ask))
    const [later] = await bridge.run(row({ id: 'a' }), { ...context(options, fake.ask), seed: 8 })
    const [other] = await bridge.run(row({ question: 'Other?' }), context(options, fake.ask))
    expect(new Set(one!.requestKeys).size).toBe(2)
    expect(two!.requestKeys).toEqual(one!.requestKeys)
    expect(later!.requestKeys).toEqual(one!.requestKeys)
    expect(other!.requestKeys).not.toEqual(one!.requestKeys)
    const warm = { ...options, temperature: 1 }
    const [warmOne] = await bridge.run(row(), context(warm, fake.ask))
    const [warmLater] = await bridge.run(row(), { ...context(warm, fake.ask), seed: 8 })
    expect(warmLater!.requestKeys).not.toEqual(warmOne!.requestKeys)
  })

  it.each([
    [{ question: ' <image>\n' }, 'no-question'],
    [{ answer: null }, 'no-gold'],
    [{ answer: ' ' }, 'no-gold'],
  ])('asks nothing for %o: %s', async (changes, expected) => {
    const fake = new FakeAsk(() => ({}))
    expect(reasons(await bridge.run(row(changes), context(options, fake.ask)))).toEqual([expected])
    expect(fake.requests).toHaveLength(0)
  })

  it.each([
    [{ text: ' \n' }, 'empty-pseudo-cot'],
    [{ text: 'It', finishReason: 'length' as const }, 'truncated'],
    [{ text: 'I cannot', finishReason: 'refused' as const }, 'refused'],
  ])('ends after a first reply %o: %s', async (reply, expected) => {
    const fake = new FakeAsk(() => reply)
    const [outcome] = await bridge.run(row(), context(options, fake.ask))
    expect(outcome).toMatchObject({ status: 'dropped', reason: expected })
    expect(outcome!.requestKeys).toHaveLength(1)
    expect(fake.requests).toHaveLength(1)
  })

  it.each([
    [{ text: ' \n' }, 'empty-description'],
    [{ text: 'Three', finishReason: 'length' as const }, 'truncated'],
    [{ text: 'I cannot', finishReason: 'refused' as const }, 'refused'],
  ])('drops a row whose second reply is %o: %s, and names both replies', async (reply, expected) => {
    const [outcome] = await bridge.run(row(), context(options, twoReplies({ text: 'So.' }, reply).ask))
    expect(outcome).toMatchObject({ status: 'dropped', reason: expected, changes: { metadata: { pseudoCot: 'So.' } } })
    expect(outcome!.requestKeys).toHaveLength(2)
  })

  it('passes the failure of a request on to the shard', async () => {
    const fake = new FakeAsk(() => {
      throw new AskFailure('http-500', 'boom')
    })
    await expect(bridge.run(row(), context(options, fake.ask))).rejects.toThrow('boom')
  })

  it('plans two calls with pictures a row', () => {
    expect(bridge.estimate(options)).toEqual({
      writes: 'description',
      rowsOut: 1,
      calls: [{ option: 'endpoint', perRow: 2, withImages: true, maxTokens: 1024 }],
    })
  })
})
