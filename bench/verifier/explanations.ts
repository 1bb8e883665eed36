import type { VerifyResult } from '../../verifier/verdict.ts'
import type { Pair } from './pair.ts'

/** A pair on which Hone differs from the truth or from math-verify. */
export interface Disagreement {
  pair: Pair
  hone: VerifyResult
  mathVerify: boolean | null
  mathruler: boolean | null
}

/** Why two checkers differ. The first class that applies explains a disagreement. */
export interface Explanation {
  name: string
  why: string
  applies: (row: Disagreement) => boolean
}

const honeIsRight = ({ pair, hone }: Disagreement): boolean => (hone.verdict === 'correct') === pair.equal
const wrongly = (said: 'same' | 'different', families: readonly string[]) => (row: Disagreement) =>
  honeIsRight(row) && row.pair.equal === (said === 'different') && families.includes(row.pair.family)

export const explanations: readonly Explanation[] = [
  {
    name: 'units dropped',
    why: 'math-verify removes every unit before it compares, so 5 cm equals 5 kg and 5 cm equals 5 cm². Hone compares dimensions.',
    applies: wrongly('same', ['unit']),
  },
  {
    name: 'units not converted',
    why: 'math-verify compares only the numbers, so 1.5 m does not equal 150 cm. Hone converts within a dimension.',
    applies: wrongly('different', ['unit']),
  },
  {
    name: 'bases dropped',
    why: 'math-verify drops the base, so 4343 in base 6 equals 4343 in base 2. Hone compares digits and base.',
    applies: wrongly('same', ['base']),
  },
  {
    name: 'bases in brackets',
    why: 'math-verify does not read (1011)₂ as 1011₂.',
    applies: wrongly('different', ['base']),
  },
  {
    name: 'rounded at six decimals',
    why: 'math-verify rounds both sides to six decimals. A wrong seventh decimal makes no difference to it, and a right one may.',
    applies: (row) => honeIsRight(row) && row.pair.family === 'rounded',
  },
  {
    name: 'thousands with thin spaces, or a closing point',
    why: 'math-verify reads 74\\,151 as two numbers, and the point of \\boxed{74151.} as part of something else.',
    applies: wrongly('different', ['integer']),
  },
  {
    name: 'powers of ten written with e',
    why: 'math-verify reads the e of 6.21e-6 as the number e.',
    applies: wrongly('different', ['scientific']),
  },
  {
    name: 'complex products',
    why: 'math-verify reads i as an unknown, so (5 + 6i)(5 - 2i) does not equal 37 + 20i.',
    applies: wrongly('different', ['complex']),
  },
  {
    name: 'inequalities against intervals',
    why: 'math-verify reads 11 < x < 22 as an interval only in the gold answer, and never reads x < 1 or x > 2 as a union.',
    applies: wrongly('different', ['interval', 'ray', 'union']),
  },
  {
    name: 'inequalities that are multiplied out',
    why: 'math-verify does not divide 5x > 85 by 5.',
    applies: wrongly('different', ['inequality']),
  },
  {
    name: 'ratios with \\colon',
    why: 'math-verify does not read 17\\colon 12.',
    applies: wrongly('different', ['ratio']),
  },
  {
    name: 'degrees and logarithms',
    why: 'math-verify drops the degree sign before it takes the sine. It does not know that ln x + ln y equals ln(xy), which holds only for positive x and y.',
    applies: wrongly('different', ['logarithm', 'trigonometry']),
  },
]

/** The class of a disagreement, or null when no rule explains it. */
export function explain(row: Disagreement): Explanation | null {
  return explanations.find(({ applies }) => applies(row)) ?? null
}
