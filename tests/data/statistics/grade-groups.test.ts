import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { gradeGroups } from '../../../data/statistics/grade-groups.ts'
import type { GroupEvidence } from '../../../data/statistics/grade-groups.ts'

const judged = (group: string, wrong: number, answers = 10): GroupEvidence => ({
  group,
  answers,
  wrong,
  ratings: 0,
  ratingSum: 0,
})
const rated = (evidence: GroupEvidence, ...ratings: number[]): GroupEvidence => ({
  ...evidence,
  ratings: ratings.length,
  ratingSum: ratings.reduce((sum, rating) => sum + rating, 0),
})

const evidences = fc.uniqueArray(
  fc
    .record({
      group: fc.string({ maxLength: 3 }),
      answers: fc.integer({ min: 0, max: 9 }),
      wrong: fc.integer({ min: 0, max: 9 }),
      ratings: fc.integer({ min: 0, max: 5 }),
      ratingSum: fc.integer({ min: 1, max: 50 }),
    })
    .map((one) => ({ ...one, wrong: Math.min(one.wrong, one.answers) })),
  { selector: ({ group }) => group, maxLength: 12 },
)

describe('the grades of groups', () => {
  it('join error rates and ratings', () => {
    const grades = gradeGroups([
      rated(judged('chart', 1), 2, 2),
      rated(judged('table', 2), 3, 1),
      rated(judged('scene', 5), 5, 5),
      rated(judged('geometry', 9), 8, 8),
    ])
    expect(grades.map(({ group, difficulty }) => `${group} ${difficulty}`)).toEqual([
      'chart easy',
      'geometry hard',
      'scene medium',
      'table easy',
    ])
    expect(grades[0]).toMatchObject({ errorRate: 0.1, rating: 2 })
  })

  it('use the one kind of evidence that a group has', () => {
    const grades = gradeGroups([
      judged('a', 0),
      rated(judged('b', 0, 0), 9),
      rated(judged('c', 10), 1),
      judged('d', 0, 0),
    ])
    expect(grades).toMatchObject([
      { group: 'a', errorRate: 0, rating: null, score: -1, difficulty: 'easy' },
      { group: 'b', errorRate: null, rating: 9, score: 1, difficulty: 'hard' },
      { group: 'c', score: 0, difficulty: 'medium' },
    ])
  })

  it('call a single cluster medium, and two clusters easy and hard', () => {
    expect(gradeGroups([])).toEqual([])
    expect(gradeGroups([judged('a', 3)])).toMatchObject([{ score: 0, difficulty: 'medium' }])
    expect(gradeGroups([judged('a', 3), judged('b', 3)])).toMatchObject([
      { difficulty: 'medium' },
      { difficulty: 'medium' },
    ])
    expect(gradeGroups([judged('a', 3), judged('b', 1)])).toMatchObject([
      { difficulty: 'hard' },
      { difficulty: 'easy' },
    ])
  })

  it('do not depend on the order of the groups, and rise with the score', () => {
    fc.assert(
      fc.property(evidences, (evidence) => {
        const grades = gradeGroups(evidence)
        expect(gradeGroups(evidence.toReversed())).toEqual(grades)
        const places = grades
          .toSorted((a, b) => a.score - b.score)
          .map(({ difficulty }) => ['easy', 'medium', 'hard'].indexOf(difficulty))
        expect(places).toEqual(places.toSorted((a, b) => a - b))
        for (const { score } of grades) expect(Number.isFinite(score)).toBe(true)
      }),
    )
  })

  it('do not depend on the scale of the ratings', () => {
    fc.assert(
      fc.property(evidences, (evidence) => {
        const other = gradeGroups(evidence.map((one) => ({ ...one, ratingSum: 4 * one.ratingSum })))
        expect(other.map(({ difficulty }) => difficulty)).toEqual(
          gradeGroups(evidence).map(({ difficulty }) => difficulty),
        )
      }),
    )
  })
})
