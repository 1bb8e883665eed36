import { divide } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import type { Ruling, RuleContext } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { compareValues, withValue } from './quantity.ts'
import type { Quantity } from './structure.ts'
import { convert, kelvin, matchUnits } from './units.ts'

/**
 * Compares two values with their units and percent signs. The comparison is exact, with these
 * exceptions: `precision` rounds both values (half away from zero); a decimal of six or more places
 * equals the value that rounds to it; percent and units follow the row's policy.
 */
export function compareQuantities(gold: Quantity, answer: Quantity, context: RuleContext): Ruling {
  const match = matchUnits(gold.unit, answer.unit)
  const strict = context.policy.units === 'strict'
  const mixed = (gold.percent && answer.unit !== null) || (answer.percent && gold.unit !== null)
  if (match === 'different' || mixed || (strict && match !== 'same')) return incorrect('different-unit')
  if (match === 'convertible' || match === 'temperature') return compareConverted(gold, answer, match, context)
  if (gold.percent !== answer.percent) return comparePercent(gold, answer, context)
  const ruling = compareInSameUnit(gold, answer, context)
  return ruling.verdict === 'correct' && match === 'missing' ? correct('unit-missing') : ruling
}

function compareInSameUnit(gold: Quantity, answer: Quantity, { precision, effort }: RuleContext): Ruling {
  const plain = gold.exact !== null && answer.exact !== null
  switch (compareValues(gold, answer, precision, effort)) {
    case 'exact':
    case 'equal':
      return correct(plain ? 'same-number' : 'same-expression')
    case 'rounded':
      return correct('rounded')
    case 'different':
      return incorrect(plain ? 'different-number' : 'different-expression')
    case 'unknown':
      break
  }
  return unverifiable('not-understood')
}

function compareConverted(
  gold: Quantity,
  answer: Quantity,
  match: 'convertible' | 'temperature',
  context: RuleContext,
): Ruling {
  if (gold.unit === null || answer.unit === null) return incorrect('different-unit')
  if (gold.exact === null || answer.exact === null) return unverifiable('not-understood')
  const [left, right]: [Rational | null, Rational | null] =
    match === 'temperature'
      ? [kelvin(gold.exact, gold.unit), kelvin(answer.exact, answer.unit)]
      : [gold.exact, convert(answer.exact, answer.unit, gold.unit)]
  if (left === null || right === null) return incorrect('different-unit')
  const ruling = compareInSameUnit(withValue(gold, left), withValue(answer, right), context)
  return ruling.reason === 'same-number' ? correct('unit-converted') : ruling
}

/** 45% always equals 0.45. It also equals 45 under the lenient policy, which is the default. */
function comparePercent(gold: Quantity, answer: Quantity, context: RuleContext): Ruling {
  const [percent, bare] = gold.percent ? [gold, answer] : [answer, gold]
  const hundredth = percent.exact === null ? null : divide(percent.exact, { n: 100n, d: 1n })
  if (hundredth !== null && compareInSameUnit(withValue(percent, hundredth), bare, context).verdict === 'correct') {
    return correct('percent-scale')
  }
  if (context.policy.percent === 'strict') return incorrect('different-number')
  return compareInSameUnit(gold, answer, context)
}
