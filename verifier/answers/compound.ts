import { add, divide, multiply } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import { parseAmount } from './amount.ts'
import type { Quantity } from './structure.ts'
import { parseUnit } from './units.ts'
import type { Unit } from './units.ts'

const part = String.raw`(\d[\d.,]*) ?([a-zA-Z°$€£\u4e00-\u9fff]{1,12}\.?)`
const whole = new RegExp(String.raw`^(?:${part})(?:(?: ?, ?| ?,? and | )?(?:${part})){1,3}$`)
const each = new RegExp(part, 'g')
const feetAndInches = /^(\d{1,6})\s?['’′] ?(?:(\d{1,3}(?:\.\d{1,6})?)\s?(?:["”″]|'')?)?$/
const inches = /^(\d{1,6}(?:\.\d{1,6})?)\s?(?:["”″]|'')$/

/** 5'3" and 12" with the units in words. Marks at the ends would be lost as quotation marks. */
export function withFeetAndInches(text: string): string {
  const feet = feetAndInches.exec(text)
  if (feet !== null) return feet[2] === undefined ? `${feet[1] ?? ''} ft` : `${feet[1] ?? ''} ft ${feet[2]} in`
  const bare = inches.exec(text)
  return bare === null ? text : `${bare[1] ?? ''} in`
}

/**
 * Reads an amount in several units of one dimension: 2 hours 30 minutes, 5 ft 3 in, 2小时30分钟. Each
 * unit is smaller than the unit before it, and each count stays below one unit of it. The amount is
 * in the first unit. Null for every other text.
 */
export function readCompound(text: string): Quantity | null {
  if (text.length > 80 || !whole.test(text)) return null
  const parts: { value: Rational; unit: Unit }[] = []
  for (const [, digits = '', name = ''] of text.matchAll(each)) {
    const amount = parseAmount(digits)
    const first = parts[0]?.unit
    // 2h 30m is in hours and minutes.
    const unit = parseUnit(name === 'm' && first?.dimensions?.has('time') === true ? 'min' : name.replace(/\.$/, ''))
    if (amount === null || unit?.dimensions == null) return null
    parts.push({ value: amount.value, unit })
  }
  const [first] = parts
  if (first === undefined) return null
  let total: Rational = { n: 0n, d: 1n }
  for (const [index, { value, unit }] of parts.entries()) {
    const before = parts[index - 1]
    const size = divide(unit.size, first.unit.size)
    if (size === null || !sameDimension(first.unit, unit)) return null
    if (before !== undefined && !fits(value, unit, before.unit)) return null
    total = add(total, multiply(value, size))
  }
  const expression = { type: 'number' as const, value: total, decimals: null }
  return { type: 'quantity', expression, exact: total, decimals: null, percent: false, unit: first.unit }
}

function fits(value: Rational, unit: Unit, before: Unit): boolean {
  const amount = multiply(value, unit.size)
  return (
    amount.n * before.size.d < before.size.n * amount.d && unit.size.n * before.size.d < before.size.n * unit.size.d
  )
}

function sameDimension(a: Unit, b: Unit): boolean {
  const [left, right] = [a.dimensions ?? new Map<string, number>(), b.dimensions ?? new Map<string, number>()]
  return left.size === right.size && [...left].every(([name, power]) => right.get(name) === power)
}
