import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countDiversity, tableLimits } from '../../../data/statistics/diversity.ts'
import type { Described } from '../../../data/statistics/diversity.ts'
import { datasetStatistics } from '../../../data/statistics/dataset-statistics.ts'
import { Tally } from '../../../data/statistics/tally.ts'
import { row } from '../rows.ts'

function report(rows: readonly Partial<Described>[], limits = tableLimits) {
  const counter = countDiversity(limits)
  for (const changes of rows) counter.add(row(changes))
  return counter.report()
}

const finite = (value: unknown): boolean =>
  typeof value === 'number'
    ? Number.isFinite(value)
    : value === null || typeof value !== 'object' || Object.values(value).every(finite)

describe('diversity', () => {
  it('counts questions once, pictures by hash, and questions for each picture', () => {
    const found = report([
      { images: ['a'], question: 'One?' },
      { images: ['a'], question: '<image>One?' },
      { images: ['a'], question: 'One?', choices: ['1', '2'] },
      { images: ['a', 'b'], question: 'Both?' },
      { images: ['c', 'c'], question: '' },
    ])
    expect(found).toMatchObject({ questions: 3, pictures: 3, questionsPerPicture: 2 })
  })

  it('counts needed abilities and their different sets', () => {
    const found = report(
      [['Reasoning', 'OCR'], ['ocr', 'reasoning', 'OCR '], ['reasoning'], [], 'ocr', undefined].map(
        (abilities, index) => ({
          question: `Q${index}`,
          metadata: { abilities },
        }),
      ),
    )
    expect(found).toMatchObject({ questions: 6, withAbilities: 3, abilitySets: 2 })
    expect(found.abilities).toEqual([
      { ability: 'reasoning', share: 1 },
      { ability: 'ocr', share: 2 / 3 },
    ])
  })

  it('gives entropies in bits', () => {
    const found = report([
      { question: '1', answer: 'A', metadata: { type: 'choice', category: 'math' } },
      { question: '2', answer: ' a', metadata: { type: 'fill-in', category: 'math' } },
      { question: '3', answer: 'b', metadata: { type: 'choice', category: 'MATH' } },
      { question: '4', answer: 'c', metadata: { type: 'fill-in', category: ' ' } },
      { question: '5', answer: ' ', metadata: { type: 'essay' } },
    ])
    expect(found.entropy).toEqual({ types: 1, categories: 0, answers: 1.5 })
    expect(found.types).toEqual([
      { type: 'choice', count: 2 },
      { type: 'fill-in', count: 2 },
    ])
  })

  it('counts words and pairs of them within questions', () => {
    const { words } = report([{ question: 'The red, the blue.' }, { question: "The red? don't" }])
    // Words: the red the blue the red don't. Pairs: the-red red-the the-blue the-red red-don't.
    expect(words).toEqual({
      questions: 2,
      distinct1: 4 / 7,
      distinct2: 4 / 5,
      entropy1: expect.closeTo(1.8424, 4),
      entropy2: expect.closeTo(1.9219, 4),
    })
  })

  it('of no rows has zeros and nulls, and never NaN', () => {
    const found = report([])
    expect(found).toMatchObject({ questions: 0, pictures: 0, questionsPerPicture: null, abilities: [], cut: [] })
    expect(finite(found)).toBe(true)
    expect(report([{ question: '?!', answer: null, images: [] }])).toMatchObject({
      questions: 1,
      words: { questions: 0, distinct1: null, entropy2: null },
    })
  })

  it('stops counting words when the table is full, and says so', () => {
    const rows = Array.from({ length: 50 }, (_, index) => ({
      question: `word${index} other${index}`,
      answer: `${index}`,
    }))
    const found = report(rows, { words: 10, answers: 20, names: 5 })
    expect(found).toMatchObject({ questions: 50, words: { questions: 5, distinct1: 1, distinct2: 1 } })
    expect(found.cut).toEqual(['answers', 'words', 'pairs'])
    expect(found.entropy.answers).toBeCloseTo(Math.log2(20), 9)
  })

  it('does not depend on the order of the rows, and keeps its figures in their bounds', () => {
    const word = fc.constantFrom('red', 'blue', 'how', 'many')
    const any = fc.record({
      images: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
      question: fc.array(word, { maxLength: 4 }).map((words) => words.join(' ')),
      // The first row of a question decides, so here all rows have the same answer.
      answer: fc.constant('x'),
    })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 12 }), (rows) => {
        const found = report(rows)
        const { entropy1, entropy2, ...words } = found.words
        const reversed = report(rows.toReversed())
        expect(reversed).toMatchObject({ ...found, words })
        expect(reversed.words.entropy1 ?? 0).toBeCloseTo(entropy1 ?? 0, 9)
        expect(reversed.words.entropy2 ?? 0).toBeCloseTo(entropy2 ?? 0, 9)
        expect(entropy1 ?? 0).toBeLessThanOrEqual(2 + 1e-9)
        expect(finite(found)).toBe(true)
      }),
    )
  })
})

describe('a tally', () => {
  it('has the entropy of its shares', () => {
    const tally = new Tally(100)
    for (const key of ['a', 'a', 'b', 'c']) tally.add([key])
    expect(tally.entropy).toBeCloseTo(1.5, 12)
    expect(tally.entries()).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 1],
    ])
  })

  it('tells long keys apart without keeping them', () => {
    const tally = new Tally(100)
    tally.add([`${'x'.repeat(10_000)}1`, `${'x'.repeat(10_000)}2`, `${'x'.repeat(10_000)}1`])
    expect(tally.distinct).toBe(2)
    expect(tally.entries()[0]![0].length).toBeLessThan(100)
  })
})

it('a dataset of one row without a trace has statistics', async () => {
  async function* rows() {
    await Promise.resolve()
    yield row()
  }
  const found = await datasetStatistics(rows())
  expect(found).toMatchObject({ rows: 1, traces: { traces: 0, words: null }, diversity: { questions: 1 } })
  expect(finite(found)).toBe(true)
})
