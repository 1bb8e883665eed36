import { contains, integer, product, quotient } from '../math/expression.ts'
import type { Expression } from '../math/expression.ts'
import { divide } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import type { Ruling, RuleContext } from '../verdict.ts'
import { correct, incorrect, unverifiable } from '../verdict.ts'
import { hasSameForm, isWorkedOut } from './solved.ts'
import { compareValues, withValue } from './quantity.ts'
import type { Quantity } from './structure.ts'
import { convert, kelvin, matchUnits } from './units.ts'

/**
 * Compares two values with their units and percent signs. The comparison is exact, with these
 * exceptions: `precision` rounds both values (half away from zero); a decimal of six or more places
 * equals the value that rounds to it; percent and units follow the row's policy.
 */
export function compareQuantities(gold: Quantity, answer: Quantity, context: RuleContext): Ruling {
  const ruling = compareValued(gold, answer, context)
  const form = context.policy.form ?? 'solved'
  if (ruling.verdict !== 'correct' || form === 'any') return ruling
  if (form === 'same' && !hasSameForm(gold.expression, answer.expression)) return incorrect('different-form')
  if (isWorkedOut(gold, answer, ruling.reason === 'rounded')) return ruling
  // A number in another base is the task itself. A calculation may be what was asked for.
  return gold.base === answer.base ? unverifiable('unsolved') : incorrect('unsolved')
}

function compareValued(gold: Quantity, answer: Quantity, context: RuleContext): Ruling {
  const angles = compareAngles(gold, answer, context)
  if (angles !== null) return angles
  const match = matchUnits(gold.unit, answer.unit)
  const strict = context.policy.units === 'strict'
  const mixed = (gold.percent && answer.unit !== null) || (answer.percent && gold.unit !== null)
  if (match === 'unknown') {
    const ruling = compareInSameUnit(gold, answer, context)
    const isOpen = ruling.verdict === 'correct' || gold.unit === null
    return isOpen ? unverifiable('unread') : incorrect('different-unit')
  }
  if (match === 'different' || mixed || (strict && match !== 'same')) return incorrect('different-unit')
  if (match === 'convertible' || match === 'temperature') return compareConverted(gold, answer, match, context)
  if (gold.percent !== answer.percent) return comparePercent(gold, answer, context)
  const ruling = compareInSameUnit(gold, answer, context)
  return ruling.verdict === 'correct' && match === 'missing' ? correct('unit-missing') : ruling
}

/**
 * Compares degrees with radians. A value without unit that holds π is in radians. Null when the two
 * are not in different units of angle.
 */
function compareAngles(gold: Quantity, answer: Quantity, context: RuleContext): Ruling | null {
  const [left, right] = [angleUnit(gold), angleUnit(answer)]
  if (left === null || right === null || left === right) return null
  if (context.policy.units === 'strict') return incorrect('different-unit')
  const [degrees, radians] = left === '°' ? [gold, answer] : [answer, gold]
  const halfTurn = { type: 'constant', name: 'pi' } as const
  const turned: Expression =
    degrees.decimals !== null && degrees.decimals > 0
      ? quotient(product([radians.expression, integer(180)]), halfTurn)
      : product([degrees.expression, quotient(halfTurn, integer(180))])
  const [a, b] =
    degrees.decimals !== null && degrees.decimals > 0 ? [degrees.expression, turned] : [turned, radians.expression]
  const same = compareValues(
    { expression: a, exact: null },
    { expression: b, exact: null },
    context.precision,
    context.effort,
  )
  if (same === 'unknown') return unverifiable('not-understood')
  return same === 'different'
    ? incorrect('different-number')
    : correct(same === 'rounded' ? 'rounded' : 'unit-converted')
}

function angleUnit({ unit, expression, percent }: Quantity): '°' | 'rad' | null {
  if (unit !== null) return unit.name === '°' || unit.name === 'rad' ? unit.name : null
  return !percent && contains(expression, (e) => e.type === 'constant' && e.name === 'pi') ? 'rad' : null
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
