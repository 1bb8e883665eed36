import { divide, multiply } from '../math/rational.ts'
import type { Rational } from '../math/rational.ts'
import { measureWords, unitTable } from './unit-table.ts'

/** A unit of measure or a counted noun. */
export interface Unit {
  /** The canonical text. Units with equal texts are equal. */
  name: string
  /** The powers of the base dimensions. Null for a noun ("apples"), which does not convert. */
  dimensions: ReadonlyMap<string, number> | null
  /** The size in base units. */
  size: Rational
  /**
   * True for a lone letter directly after a number (5m). It may also be a factor, so it may not be
   * left out.
   */
  uncertain?: boolean
  /** True for a word that may be no counted noun: "15 grand", "15 halved". */
  isDoubtful?: boolean
}

interface Known {
  name: string
  dimension: string
  size: Rational
}

const one: Rational = { n: 1n, d: 1n }
const spellings = new Map<string, Known>()
for (const [dimension, units] of Object.entries(unitTable)) {
  for (const line of units) {
    const [size = '1', name = '', ...others] = line.split(' ')
    const [n = '1', d = '1'] = size.split('/')
    const known = { name, dimension, size: { n: BigInt(n), d: BigInt(d) } }
    for (const spelling of [name, ...others]) {
      spellings.set(spelling, known)
      if (/^[a-z]{3,}$/.test(spelling)) {
        spellings.set(`${spelling}s`, known)
        spellings.set(spelling[0]?.toUpperCase() + spelling.slice(1), known)
        spellings.set(`${spelling[0]?.toUpperCase() + spelling.slice(1)}s`, known)
      }
    }
  }
}

/**
 * Dimensions that are products of other dimensions. They convert a litre into cubic metres, and a
 * newton into its base units.
 */
const derivedDimensions: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  volume: { length: 3 },
  area: { length: 2 },
  speed: { length: 1, time: -1 },
  force: { mass: 1, length: 1, time: -2 },
  energy: { mass: 1, length: 2, time: -2 },
  power: { mass: 1, length: 2, time: -3 },
  pressure: { mass: 1, length: -1, time: -2 },
  frequency: { time: -1 },
  voltage: { mass: 1, length: 2, time: -3, current: -1 },
  resistance: { mass: 1, length: 2, time: -3, current: -2 },
  charge: { current: 1, time: 1 },
}

const powerWords: Readonly<Record<string, number>> = {
  square: 2,
  sq: 2,
  squared: 2,
  cubic: 3,
  cu: 3,
  cubed: 3,
  平方: 2,
  立方: 3,
}

/**
 * Reads "cm", "m/s^2", "km per hour", "square feet", "kg·m^2/s^2" or "°C", of at most 60
 * characters. Null when any part is not a unit.
 */
export function parseUnit(raw: string): Unit | null {
  const text = raw
    .trim()
    .replace(/\bdegrees? (?:C|F)(?![a-z])/g, (found) => `°${found.at(-1)}`)
    .replace(/\bdegrees? (?=[cf])/i, '')
    .replace(/^(years?|yrs?|months?|weeks?|days?)[ -](?:old|of age)$/i, '$1')
    .replace(/^(\S{1,12}) (?:long|wide|tall|high|deep|thick|away|apart|in (?:length|width|height|total))$/, '$1')
    .replace(/^KG$|^Kg$/, 'kg')
    .replace(/^revolutions? per min(?:ute)?s?$|^RPM$/i, 'rpm')
    .replace(/^mm ?Hg$/i, 'mmHg')
    .replace(/(?<=[a-z])-(?=[a-z])/g, ' ')
    .replace(/^(k?g|km|cm|mm)s$/, '$1')
    .replace(/^kmph$|^kmh$/i, 'km/h')
    .replace(/^beats?(?: per |\/)min(?:ute)?s?$|^BPM$/i, 'bpm')
    .replace(/\bsqm\b/, 'm^2')
    .replace(/\bsqft\b/, 'ft^2')
    .replace(/^(kilo)?watt hours?$/i, (_, kilo?: string) => (kilo === undefined ? 'Wh' : 'kWh'))
  if (text === '' || text.length > 60) return null
  const whole = spellings.get(text)
  if (whole !== undefined) return unitOf(whole)
  const chinese = /^(平方|立方)(.+)$/.exec(text)
  if (chinese !== null) return raised(parseUnit(chinese[2] ?? ''), powerWords[chinese[1] ?? ''] ?? 1)
  const tokens =
    text
      .replace(/\bper\b|每/g, '/')
      .match(/[a-zA-Z°µμΩ$€£¥℃℉¢\u4e00-\u9fff.]+|\^?\s*[({]?\s*-?\d+\s*[)}]?|[/·*×]|\s+|./g) ?? []
  return readProduct(tokens.filter((t) => t.trim() !== ''))
}

function readProduct(tokens: readonly string[]): Unit | null {
  let result: Unit | null = null
  let below = false
  let pending = 1
  for (let i = 0; i < tokens.length; i++) {
    const token = (tokens[i] ?? '').trim()
    if (token === '/') {
      if (below && tokens.length > 9) return null
      below = true
      continue
    }
    if (/^[·*×.]$/.test(token)) continue
    const prefix = powerWords[token.toLowerCase().replace(/\.$/, '')]
    if (prefix !== undefined && token.toLowerCase() !== 'squared' && token.toLowerCase() !== 'cubed') {
      pending = prefix
      continue
    }
    const known = spellings.get(token) ?? spellings.get(token.replace(/\.$/, ''))
    if (known === undefined) return null
    const next = (tokens[i + 1] ?? '').trim()
    const digits = /^\^?\s*[({]?\s*(-?\d)\s*[)}]?$/.exec(next)
    const word = powerWords[next.toLowerCase()]
    let power = pending
    if (digits !== null) power = Number(digits[1])
    else if ((next === 'squared' || next === 'cubed') && word !== undefined) power = word
    if (digits !== null || next === 'squared' || next === 'cubed') i++
    if (Math.abs(power) > 4) return null
    const part = raised(unitOf(known), below ? -power : power)
    if (part === null) return null
    result = result === null ? part : product(result, part)
    pending = 1
  }
  return result
}

function unitOf(known: Known): Unit {
  const powers = derivedDimensions[known.dimension] ?? { [known.dimension]: 1 }
  return { name: known.name, dimensions: new Map(Object.entries(powers)), size: known.size }
}

function raised(unit: Unit | null, power: number): Unit | null {
  if (unit === null || unit.dimensions === null) return null
  if (power === 1) return unit
  const dimensions = new Map([...unit.dimensions].map(([name, p]) => [name, p * power] as const))
  let size = one
  for (let i = 0; i < Math.abs(power); i++) size = multiply(size, unit.size)
  const inverse = power < 0 ? divide(one, size) : size
  return inverse === null ? null : { name: `${unit.name}^${power}`, dimensions, size: inverse }
}

function product(a: Unit, b: Unit): Unit {
  const dimensions = new Map(a.dimensions ?? [])
  for (const [name, power] of b.dimensions ?? []) {
    const sum = (dimensions.get(name) ?? 0) + power
    if (sum === 0) dimensions.delete(name)
    else dimensions.set(name, sum)
  }
  return { name: `${a.name} ${b.name}`, dimensions, size: multiply(a.size, b.size) }
}

/** Whether a text is a Chinese measure word. Such a word does not change the value before it. */
export function isMeasureWord(text: string): boolean {
  return measureWords.has(text)
}

export type UnitMatch = 'same' | 'missing' | 'unknown' | 'convertible' | 'temperature' | 'different'

/**
 * How an answer's unit fits the gold's unit.
 * - `same`: equal units, or the gold has no unit and the answer's unit is sure.
 * - `missing`: only the gold has a unit.
 * - `convertible`: both measure the same dimension.
 * - `unknown`: the answer's words are no unit and no noun that is known.
 * - `temperature`: both are temperature scales, which convert with an offset.
 *
 * A gold with several nouns ("10 Downing Street") is not a count, so its nouns may not be missing.
 */
export function matchUnits(gold: Unit | null, answer: Unit | null): UnitMatch {
  if (gold === null) return answer?.isDoubtful === true ? 'unknown' : 'same'
  if (answer === null && gold.uncertain === true) return 'different'
  if (answer === null) return gold.dimensions !== null || !gold.name.includes(' ') ? 'missing' : 'different'
  const bothNouns = gold.dimensions === null && answer.dimensions === null
  if (gold.name === answer.name && (bothNouns || (gold.dimensions !== null && answer.dimensions !== null)))
    return 'same'
  if (gold.dimensions !== null && answer.dimensions === null) return 'unknown'
  if (gold.dimensions === null || answer.dimensions === null) return 'different'
  // "25 degrees" for 25 °C leaves the scale out.
  if (answer.name === '°' && /^°[CF]$/.test(gold.name)) return 'missing'
  if (temperatureOf(gold) !== null && temperatureOf(answer) !== null) return 'temperature'
  const [a, b] = [gold.dimensions, answer.dimensions]
  const fits = a.size === b.size && [...a].every(([name, power]) => b.get(name) === power)
  return fits ? 'convertible' : 'different'
}

/** Converts a value in the unit `from` into the unit `to`. */
export function convert(value: Rational, from: Unit, to: Unit): Rational | null {
  return divide(multiply(value, from.size), to.size)
}

type Scale = 'temperature' | 'celsius' | 'fahrenheit'

function temperatureOf(unit: Unit): Scale | null {
  const [entry] = [...(unit.dimensions ?? [])]
  if (entry === undefined || unit.dimensions?.size !== 1 || entry[1] !== 1) return null
  return entry[0] === 'temperature' || entry[0] === 'celsius' || entry[0] === 'fahrenheit' ? entry[0] : null
}

/** The exact kelvin of a reading on a temperature scale. Null for other units. */
export function kelvin({ n, d }: Rational, unit: Unit): Rational | null {
  const scale = temperatureOf(unit)
  if (scale === null) return null
  if (scale === 'temperature') return { n, d }
  // 273.15 = 5463/20 and K = (F + 459.67) · 5/9.
  if (scale === 'celsius') return { n: n * 20n + 5463n * d, d: d * 20n }
  return { n: (n * 100n + 45_967n * d) * 5n, d: d * 900n }
}
