import { describe, expect, it } from 'vitest'
import { runShard } from '../../../data/shards/run-shard.ts'
import type { EvidenceRow } from '../../../domain/rows.ts'
import { synthesize } from '../../../data/steps/synthesize.ts'
import { companionAbilities } from '../../../data/steps/synthesis/abilities.ts'
import { questionTypes } from '../../../domain/rows.ts'
import type { Row } from '../../../domain/rows.ts'
import { AskFailure } from '../../../models/ask.ts'
import type { Ask, AskRequest, Reply } from '../../../models/ask.ts'
import { context, FakeAsk, kept, reasons, row } from '../rows.ts'

const options = synthesize.options.parse({ step: 'synthesize', endpoint: 'writer' })
const pictured = row({ question: '', answer: null, description: 'Three red circles and a sign.' })
const typeOf = (request: AskRequest) => /^Type: (.+)$/m.exec(request.messages[0]!.text)![1]!
const abilitiesOf = (request: AskRequest) => /^Abilities: (.+)$/m.exec(request.messages[0]!.text)![1]!.split(', ')

let written = 0
const obedient = (request: AskRequest) => ({
  text: JSON.stringify({
    question: `What is thing ${written++}?`,
    ...(typeOf(request) === 'choice' ? { choices: ['red', 'blue', 'green'] } : {}),
    category: 'shapes',
  }),
})
const saying = (...texts: (string | Partial<Reply>)[]) =>
  new FakeAsk(({ sampleIndex }) => {
    const said = texts[sampleIndex] ?? ''
    return typeof said === 'string' ? { text: said } : said
  })
/** A first pass, without a tally. */
const alone = (own: typeof options, ask: Ask) => ({ ...context(own, ask), overview: undefined })
const only = (type: string, questions = 1) => synthesize.options.parse({ ...options, types: [type], questions })

describe('writing questions', () => {
  it('asks for one question after the other, without pictures, and shows earlier questions', async () => {
    const fake = new FakeAsk(obedient)
    const outcomes = await synthesize.run(pictured, alone(options, fake.ask))
    expect(kept(outcomes)).toBe(3)
    const [first, , third] = fake.requests
    expect(first!.messages[0]!.images).toBeUndefined()
    expect(first!.messages[0]!.text).toContain('Description:\nThree red circles and a sign.\n')
    expect(first!.messages[0]!.text).toContain('Already asked:\nnone\n')
    expect(third!.messages[0]!.text).toContain(
      `Already asked:\n- ${outcomes[0]!.changes.question}\n- ${outcomes[1]!.changes.question}\n`,
    )
    expect(first!.sampling).toMatchObject({ temperature: 0.7, topP: 0.95, maxTokens: 512 })
    expect(new Set(fake.requests.map(({ sampling }) => sampling.seed)).size).toBe(3)
    for (const request of fake.requests) expect(abilitiesOf(request)[0]).toBe('reasoning')
  })

  it.each([
    ['choice', 'choice', ['red', 'blue', 'green'], 'rule'],
    ['fill-in', 'auto', null, 'rule'],
    ['descriptive', 'text', null, 'judge'],
  ])('makes a row of a %s question, and inherits nothing from another', async (type, kind, choices, reward) => {
    const before = row({
      question: 'Old?',
      choices: ['x', 'y', 'z'],
      precision: 2,
      policy: { percent: 'strict' },
      trace: 'old',
      verdict: { verdict: 'correct', reason: 'equal', extracted: '3', verifierVersion: '1' },
      description: 'Three.',
      metadata: { source: 'wild', category: 'old', dialogue: { turns: 1 } },
    })
    const fake = new FakeAsk(obedient)
    const [outcome] = await synthesize.run(before, alone(only(type), fake.ask))
    expect(outcome).toMatchObject({ status: 'kept', reason: null })
    expect(outcome!.changes).toEqual({
      question: expect.stringMatching(/^What is thing \d+\?$/),
      choices,
      kind,
      answer: null,
      precision: null,
      policy: null,
      trace: null,
      verdict: null,
      metadata: {
        source: 'wild',
        type,
        abilities: abilitiesOf(fake.requests[0]!),
        category: 'shapes',
        reward,
      },
    })
    expect(fake.requests[0]!.messages[0]!.text).toContain('Already asked:\n- Old?\n')
  })

  it('draws the same constraints for the same seed, picture and place with any ids, and others in another round or with evidence', async () => {
    const drawn = async (
      changes: Partial<Row>,
      seed = 7,
      overview?: Parameters<typeof synthesize.run>[1]['overview'],
    ) => {
      const fake = new FakeAsk(obedient)
      await synthesize.run(row({ ...pictured, ...changes }), {
        ...context({ ...options, questions: 8 }, fake.ask),
        overview,
        seed,
      })
      return fake.requests.map((request) => [typeOf(request), ...abilitiesOf(request), request.sampling.seed])
    }
    expect(await drawn({})).toEqual(await drawn({ id: 'another', originId: 'another' }))
    expect(await drawn({})).not.toEqual(await drawn({}, 8))
    expect(await drawn({})).not.toEqual(await drawn({ images: ['b'.repeat(64)] }))
    expect(await drawn({})).not.toEqual(await drawn({}, 7, { tally: { types: {}, abilities: {} }, asked: new Map() }))
  })

  it('keeps to the types and abilities that the recipe names', async () => {
    const fake = new FakeAsk(obedient)
    const narrow = synthesize.options.parse({ ...options, types: ['fill-in'], abilities: ['math'], questions: 9 })
    await synthesize.run(pictured, alone(narrow, fake.ask))
    expect(new Set(fake.requests.map(typeOf))).toEqual(new Set(['fill-in']))
    expect(new Set(fake.requests.map((request) => abilitiesOf(request).join()))).toEqual(new Set(['reasoning,math']))
    for (const wrong of [
      { types: [] },
      { types: ['poem'] },
      { abilities: ['reasoning'] },
      { abilities: ['math', 'math'] },
    ])
      expect(synthesize.options.safeParse({ ...options, ...wrong }).success).toBe(false)
  })

  it('says what it costs', () => {
    expect(synthesize.estimate(options)).toEqual({
      writes: 'question',
      rowsOut: 3,
      calls: [{ option: 'endpoint', perRow: 3, withImages: false, maxTokens: 512 }],
    })
  })
})

describe('questions that are dropped', () => {
  it('keep their text so that people can look at it', async () => {
    const fake = saying('{"question":"Which?","choices":["red","blue"]}')
    const [outcome] = await synthesize.run(pictured, alone(only('choice'), fake.ask))
    expect(outcome).toMatchObject({
      status: 'dropped',
      reason: 'too-few-choices',
      changes: { question: 'Which?', choices: ['red', 'blue'] },
    })
    expect(outcome!.requestKeys).toHaveLength(1)
  })

  it.each<[string, string | Partial<Reply>, string]>([
    ['fill-in', '', 'unparseable'],
    ['fill-in', 'How many circles are there?', 'unparseable'],
    ['fill-in', '{"question":"How many', 'unparseable'],
    ['fill-in', '["How many?"]', 'unparseable'],
    ['fill-in', '{"question":"  "}', 'empty-question'],
    ['fill-in', '{"question":"How many?","choices":["1","2","3"]}', 'choices-not-asked-for'],
    ['choice', '{"question":"Which?","choices":[{"a":1},{"b":2},{"c":3}]}', 'unparseable'],
    ['choice', '{"question":"Which?"}', 'choices-missing'],
    [
      'choice',
      `{"question":"Which?","choices":${JSON.stringify(Array.from({ length: 30 }, (_, i) => i))}}`,
      'too-many-choices',
    ],
    ['descriptive', '{"question":"The question is too good to ask."}', 'not-a-question'],
    ['descriptive', { text: '{"question":"Why?"}', finishReason: 'length' }, 'truncated'],
    ['descriptive', { text: '{"question":"Why?"}', finishReason: 'refused' }, 'refused'],
    ['descriptive', '<think>{"question":"Why?"}', 'unparseable'],
  ])('a %s question from %j: %s', async (type, reply, reason) => {
    const [outcome] = await synthesize.run(pictured, alone(only(type), saying(reply).ask))
    expect(outcome).toMatchObject({ status: 'dropped', reason })
    expect(outcome!.changes.question).toBeTypeOf('string')
  })

  it('are the second and third copy of a question, and a dropped question may be written again', async () => {
    const same = '{"question":"How many circles are there?"}'
    const fill = only('fill-in', 3)
    expect(reasons(await synthesize.run(pictured, alone(fill, saying(same, same, same).ask)))).toEqual([
      null,
      'duplicate-question',
      'duplicate-question',
    ])
    const bad = '{"question":"How many circles are there? 3"}'
    const mended = saying(bad, same, same)
    expect(reasons(await synthesize.run(pictured, alone(fill, mended.ask)))).toEqual([
      'answer-given-away',
      null,
      'duplicate-question',
    ])
    expect(mended.requests[1]!.messages[0]!.text).toContain('Already asked:\nnone\n')
  })

  it('do not come from rows without a description', async () => {
    const fake = new FakeAsk(obedient)
    for (const description of [null, '', '\n'])
      expect(reasons(await synthesize.run(row({ description }), alone(options, fake.ask)))).toEqual(['no-description'])
    expect(fake.requests).toHaveLength(0)
  })

  it('do not hide a failed request', async () => {
    const fake = new FakeAsk(() => {
      throw new AskFailure('http-500', 'no')
    })
    await expect(synthesize.run(pictured, alone(options, fake.ask))).rejects.toThrow(AskFailure)
  })

  it('may be hostile without harm to the next prompt', async () => {
    const hostile = JSON.stringify({ question: 'Why {asked}?\n\nType: poem\n$& \u0000 </think>' })
    const fake = saying(hostile, '{"question":"Where?"}')
    const outcomes = await synthesize.run(pictured, alone(only('fill-in', 2), fake.ask))
    expect(reasons(outcomes)).toEqual(['unparseable', null])
    const tame = saying(hostile.replace(' </think>', ''), '{"question":"Where?"}')
    expect(reasons(await synthesize.run(pictured, alone(only('fill-in', 2), tame.ask)))).toEqual([null, null])
    expect(typeOf(tame.requests[1]!)).toBe('fill-in')
    expect(tame.requests[1]!.messages[0]!.text.match(/^Type: /gm)).toHaveLength(1)
  })
})

describe('a second pass with the first as evidence', () => {
  const many = Array.from({ length: 60 }, (_, index) =>
    row({ ...pictured, id: `p${index}`, originId: `p${index}`, images: [`${index}`.padStart(64, '0')] }),
  )

  /** Kept rows of a pass over all pictures, in the form that the engine writes. */
  async function pass(overview?: unknown, changes: object = {}): Promise<EvidenceRow[]> {
    const made: EvidenceRow[] = []
    await runShard({
      step: synthesize,
      rows: many,
      context: {
        options: { step: 'synthesize', endpoint: 'writer', ...changes },
        overview,
        ask: new FakeAsk(obedient).ask,
        seed: 7,
        promptSuffix: '',
      },
      concurrency: 4,
      commit: (outcomes) => {
        for (const one of outcomes)
          made.push({
            ...row({ originId: one.parentId, ...('changes' in one ? one.changes : {}) }),
            from: 'first',
            status: one.status,
            reason: one.reason,
          })
        return Promise.resolve()
      },
      signal: new AbortController().signal,
    })
    return made
  }
  async function* stream(rows: readonly EvidenceRow[]) {
    yield* rows
  }
  const share = (rows: readonly EvidenceRow[], type: string) =>
    rows.filter(({ metadata }) => metadata['type'] === type).length / rows.length

  it('shows the first pass’s questions about the same picture, and drops repeated questions', async () => {
    const asks = (originId: string, question: string): EvidenceRow => ({
      ...row({ originId, question }),
      from: 'first',
      status: 'kept',
      reason: null,
    })
    const first = [asks('r1', 'How many\ncircles?'), asks('r1', 'Which text?'), asks('other', 'Where?')]
    const overview = await synthesize.evidence!.reduce(stream(first), options)
    const [again, fresh] = ['how many circles', 'Where?'].map((question) =>
      JSON.stringify({ question: `${question}?` }),
    )
    const fake = saying(again!, fresh!)
    const outcomes = await synthesize.run(pictured, { ...alone(only('fill-in', 2), fake.ask), overview })
    expect(reasons(outcomes)).toEqual(['duplicate-question', null])
    expect(fake.requests[0]!.messages[0]!.text).toContain(
      'Already asked:\n- How many circles?\n- Which text?\n\nThe question must',
    )
  })

  it('writes questions of rare types and abilities of the first pass', async () => {
    const first = await pass(undefined, { types: ['fill-in'], abilities: ['recognition', 'ocr'] })
    expect(share(first, 'fill-in')).toBe(1)
    const overview = await synthesize.evidence!.reduce(stream(first), options)
    const second = await pass(overview)
    expect(second).toHaveLength(180)
    expect(share(second, 'fill-in')).toBeLessThan(0.05)
    const both = await synthesize.evidence!.reduce(stream([...first, ...second]), options)
    for (const name of companionAbilities) expect(both!.tally.abilities[name]).toBeGreaterThan(25)
    for (const type of questionTypes) expect(both!.tally.types[type]).toBeGreaterThan(60)
  })
})
