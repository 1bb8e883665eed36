import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { roundTree } from '../../views/round-tree.ts'

const draw = (rounds: [number, number | null][], head: number | null): string[] =>
  roundTree(
    rounds.map(([round, parent]) => ({ round, parent })),
    head,
  ).map(({ round, depth, onLine }) => `${'  '.repeat(depth)}${round}${onLine ? '' : ' left'}`)

describe('the tree of rounds', () => {
  it('has the line to the head at depth 0', () => {
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
    ).toEqual(['0', '1', '  2 left', '3'])
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
    ).toEqual(['0', '1', '  3 left', '2'])
  })

  it('has rounds that were left behind on branches, which have branches of their own', () => {
    const rounds: [number, number | null][] = [
      [0, null],
      [1, 0],
      [2, 1],
      [3, 1],
      [4, 0],
    ]
    expect(draw(rounds, 4)).toEqual(['0', '  1 left', '    2 left', '  3 left', '4'])
  })

  it('exists without a head', () => {
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
        const places = roundTree(
          rounds.map(([round, parent]) => ({ round, parent })),
          head,
        )
        expect(places.map(({ round }) => round).toSorted((a, b) => a - b)).toEqual(rounds.map(([round]) => round))
        // The head's line is never on a branch.
        expect(places.filter(({ onLine, depth }) => onLine && depth > 0)).toEqual([])
      }),
    )
  })
})
