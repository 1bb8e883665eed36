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
const families =
  (names: readonly string[]) =>
  (row: Disagreement): boolean =>
    honeIsRight(row) && names.includes(row.pair.family)

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
  {
    name: 'conics that take too long',
    why: 'math-verify has a time limit on the clock. With other work on the machine it does not finish equations of circles and ellipses.',
    applies: wrongly('different', ['circle', 'ellipse', 'parabola']),
  },
  {
    name: 'labels are calculations',
    why: 'math-verify reads 25-34 as a difference, 12x40 and the letters of a code as products, and only some dashes. Hone compares these texts as ranges, sizes, numbers of telephones, codes and names.',
    applies: families([
      'range',
      'band',
      'band in a chart',
      'years',
      'score',
      'score in a chart',
      'season',
      'telephone',
      'pressure',
      'size',
      'size with units',
      'resolution',
      'code',
      'code, any shape',
      'code as text',
      'name',
    ]),
  },
  {
    name: 'amounts in words and units',
    why: 'math-verify drops units and the words after a number, and does not convert: 5 kg equals 5 g, and 2 hours 30 minutes do not equal 150 minutes.',
    applies: families([
      'unit spelling',
      'unit spelling of a number',
      'compound amount',
      'duration',
      'money',
      'below zero',
      'words after a number',
      'words after a number, as a number',
      'scale word',
      'lakh and crore',
      'sentence with a unit',
      'beside',
      'touches the box',
      'touches the box, as a number',
    ]),
  },
  {
    name: 'number formats',
    why: 'math-verify does not read Indian groups, spaces, points or apostrophes between groups, most forms of a repeating decimal, digits of other scripts, or numbers in words.',
    applies: families([
      'grouped',
      'groups of digits',
      'groups of digits, by itself',
      'digits of other scripts',
      'repeating',
      'number in words',
      'power of ten',
      'slash',
    ]),
  },
  {
    name: 'tasks that are handed back',
    why: 'math-verify computes both sides, so a task equals its solution: x + 32 = 0 is x = -32, and 10 + 10 is 20. Hone wants the solution.',
    applies: families([
      'unsolved',
      'equation',
      'equation as a number',
      'quadratic',
      'quadratic inequality',
      'system, unsolved',
      'calculation',
      'calculation as a number',
      'calculus',
      'other base',
      'task in words',
      'inequality',
      'result of a calculation',
      'result as a number',
      'with an approximation',
    ]),
  },
  {
    name: 'names and repeats',
    why: 'math-verify compares the values of named unknowns as a set, drops repeats, and does not read values in another order or in cases.',
    applies: families([
      'unknowns',
      'two names',
      'two names in a list',
      'three names',
      'repeats',
      'twice in a list',
      'twice, by itself',
    ]),
  },
  {
    name: 'degrees and radians',
    why: 'math-verify drops the degree sign and the word rad, so 45° equals 45 rad and does not equal π/4.',
    applies: families(['angle', 'turn']),
  },
  {
    name: 'other notations',
    why: 'math-verify does not read columns as tuples, formulas of chemistry, names of constants, or mathematics as a keyboard has it.',
    applies: families(['column', 'formula of chemistry', 'constant by name', 'value of a matrix', 'keyboard']),
  },
  {
    name: 'marks of model families',
    why: 'math-verify knows no marks of reasoning and answer. It takes a box or a number of the reasoning.',
    applies: families(['marks of model families', 'marks, by itself', 'marks of a recipe']),
  },
  {
    name: 'retractions, cut texts and boxes within boxes',
    why: 'math-verify takes the first statement of an answer, the last number of a text that stops early, and the inner box.',
    applies: families(['retraction', 'retraction, by itself', 'cut text', 'box in a box']),
  },
  {
    name: 'sentences',
    why: 'math-verify takes the last number of a sentence, whatever the sentence says of it, and knows only English and Chinese words.',
    applies: families([
      'sentence',
      'short sentence',
      'short sentence, by itself',
      'other languages',
      'other languages, by itself',
      'not stated',
      'yes or no',
      'sentence with an expression',
    ]),
  },
  {
    name: 'options',
    why: 'math-verify compares options as symbols. It does not know their texts, lists of letters, or an option that follows a box.',
    applies: families([
      'clear pick',
      'clear pick, by itself',
      'text of an option',
      'several options',
      'option after the box',
      'pick in other languages',
    ]),
  },
  {
    name: 'tasks about pictures',
    why: 'math-verify is not made for boxes around objects, for texts in pictures, or for values of charts within 5 %.',
    applies: families([
      'box',
      'box, by itself',
      'text in a picture',
      'figures in a picture',
      'value of a chart',
      'label of a chart',
      'year of a chart',
    ]),
  },
]

/** The class of a disagreement, or null when no rule explains it. */
export function explain(row: Disagreement): Explanation | null {
  return explanations.find(({ applies }) => applies(row)) ?? null
}
