import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { progressText, roundTree } from '../../../cli/text/overview.ts'

const draw = (rounds: [number, number | null][], head: number | null): string[] =>
  roundTree(
    rounds.map(([round, parent]) => ({ round, parent })),
    head,
  ).map(({ round, branch, onLine }) => `${branch}${round}${onLine ? '' : ' left'}`)

describe('the tree of rounds', () => {
  it('keeps the line to the head on the left', () => {
    expect(
      draw(
        [
          [0, null],
          [1, 0],
          [2, 1],
          [3, 1],
        ],
        3,
      ),
    ).toEqual(['0', '1', '├─ 2 left', '3'])
    expect(
      draw(
        [
          [0, null],
          [1, 0],
          [2, 1],
          [3, 1],
        ],
        2,
      ),
    ).toEqual(['0', '1', '├─ 3 left', '2'])
  })

  it('draws what was left behind with its own branches', () => {
    const rounds: [number, number | null][] = [
      [0, null],
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 0],
    ]
    expect(draw(rounds, 4)).toEqual(['0', '├─ 1 left', '│  ├─ 2 left', '├─ 3 left', '4'])
  })

  it('stands without a head', () => {
    expect(
      draw(
        [
          [0, null],
          [1, 0],
        ],
        null,
      ),
    ).toEqual(['0 left', '1 left'])
    expect(draw([], null)).toEqual([])
  })

  it('shows every round of every tree once', () => {
    const trees = fc.array(fc.nat(), { maxLength: 12 }).chain((picks) => {
      const rounds: [number, number | null][] = [
        [0, null],
        ...picks.map((pick, index): [number, number] => [index + 1, pick % (index + 1)]),
      ]
      return fc.tuple(fc.constant(rounds), fc.nat({ max: rounds.length - 1 }))
    })
    fc.assert(
      fc.property(trees, ([rounds, head]) => {
        const lines = roundTree(
          rounds.map(([round, parent]) => ({ round, parent })),
          head,
        )
        expect(lines.map(({ round }) => round).toSorted((a, b) => a - b)).toEqual(rounds.map(([round]) => round))
        // The head's line is never indented.
        expect(lines.filter(({ onLine, branch }) => onLine && branch !== '')).toEqual([])
      }),
    )
  })
})

describe('progress', () => {
  const step = { round: 2, step: 'sft', kind: 'sft', seconds: 65, done: 0, total: 500 }
  const job = {
    id: 'j',
    kind: 'sft',
    state: 'running',
    attempt: 1,
    step: 120,
    metrics: { totalSteps: 250, loss: 0.4123, odd: 1 },
  }

  it('of a training says steps and metrics', () => {
    expect(progressText({ ...step, job })).toBe('round 2  sft  step 120 of 250  loss 0.412  1 min 05 s')
    expect(progressText({ ...step, job: { ...job, attempt: 2 } })).toContain('attempt 2')
    expect(progressText({ ...step, job: { ...job, step: null, metrics: {}, state: null } })).toContain(
      'not submitted yet',
    )
  })

  it('of a data step says rows, also while a model is served for it', () => {
    expect(progressText({ ...step, step: 'sample', done: 120, job: null })).toBe(
      'round 2  sample  120 of 500 rows  1 min 05 s',
    )
    expect(progressText({ ...step, step: 'sample', done: 120, job: { ...job, kind: 'serve' } })).toContain(
      '120 of 500 rows',
    )
  })
})
