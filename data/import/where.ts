import { HoneError } from '../../domain/errors.ts'
import { fieldOf } from './record.ts'
import type { Fields } from './record.ts'

/** A condition on a record, and the columns that it names. */
export interface Condition {
  holds: (fields: Fields) => boolean
  columns: string[]
}

type Value = string | number | boolean | null
type Test = (fields: Fields) => boolean

/**
 * Reads a condition such as `passrate between 0.3 and 0.9 and not (source in ('a', 'b'))`. It has
 * the words and the ranks of SQL, and works on the records of every format. (SQL of DuckDB was
 * rejected: it reads Parquet only, and JSONL and CSV would need another language.) Numbers in texts
 * count as numbers. A comparison with an empty cell holds for no row. Throws InvalidInput.
 */
export function parseWhere(text: string): Condition {
  const words = wordsOf(text)
  const columns = new Set<string>()
  let at = 0
  const fail = (why: string): HoneError =>
    new HoneError({
      type: 'InvalidInput',
      message: `the condition "${text}" is not understood: ${why}`,
      nextStep: 'write it as "passrate between 0.3 and 0.9 and source = \'geo\'"; see docs/import.md',
    })
  const peek = (...wanted: string[]): boolean => {
    const word = words[at]
    return word?.kind === 'word' && wanted.includes(word.text.toLowerCase())
  }
  const take = (...wanted: string[]): boolean => {
    const isThere = peek(...wanted)
    if (isThere) at++
    return isThere
  }
  const need = (wanted: string): void => {
    if (!take(wanted)) throw fail(`"${wanted}" is missing${at < words.length ? ` before "${words[at]?.text}"` : ''}`)
  }
  const either = (): Test => {
    const tests = [both()]
    while (take('or')) tests.push(both())
    return tests.length === 1 && tests[0] ? tests[0] : (fields) => tests.some((test) => test(fields))
  }
  const both = (): Test => {
    const tests = [one()]
    while (take('and')) tests.push(one())
    return tests.length === 1 && tests[0] ? tests[0] : (fields) => tests.every((test) => test(fields))
  }
  const one = (): Test => {
    if (take('not')) {
      const test = one()
      return (fields) => !test(fields)
    }
    if (!take('(')) return comparison()
    const inner = either()
    need(')')
    return inner
  }
  const comparison = (): Test => {
    const name = words[at++]
    if (!name || name.kind === 'text' || !(name.kind === 'name' || /^[\p{L}_]/u.test(name.text)))
      throw fail(`a column is missing${name ? ` before "${name.text}"` : ''}`)
    const column = name.text
    columns.add(column)
    const cell = (fields: Fields): Value => plain(fieldOf(fields, column))
    if (take('is')) {
      const isNot = take('not')
      need('null')
      return (fields) => (cell(fields) === null) !== isNot
    }
    const isNot = take('not')
    const flip = (test: Test): Test => (isNot ? (fields) => cell(fields) !== null && !test(fields) : test)
    if (take('between')) {
      const low = literal()
      need('and')
      const high = literal()
      return flip((fields) => isAtMost(low, cell(fields)) && isAtMost(cell(fields), high))
    }
    if (take('in')) {
      need('(')
      const list = [literal()]
      while (take(',')) list.push(literal())
      need(')')
      return flip((fields) => list.some((value) => areEqual(cell(fields), value)))
    }
    if (isNot) throw fail('after "not" comes between or in')
    const sign = words[at++]?.text ?? ''
    const compare = signs.get(sign)
    if (!compare) throw fail(sign === '' ? 'it ends too early' : `"${sign}" is no comparison`)
    const value = literal()
    return (fields) => compare(cell(fields), value)
  }
  const literal = (): Value => {
    const word = words[at++]
    if (!word) throw fail('it ends too early')
    if (word.kind === 'text') return word.text
    if (word.kind === 'word') {
      const known = constants.get(word.text.toLowerCase())
      if (known !== undefined) return known
      if (/^[-+]?[\d.]/.test(word.text) && Number.isFinite(Number(word.text))) return Number(word.text)
    }
    throw fail(`"${word.text}" is no value; texts stand in single quotes`)
  }
  const holds = either()
  if (at < words.length) throw fail(`"${words[at]?.text ?? ''}" was not expected`)
  return { holds, columns: [...columns] }
}

const constants = new Map<string, Value>([
  ['true', true],
  ['false', false],
])

interface Word {
  /** A text stands in single quotes, a name in double quotes. */
  kind: 'word' | 'text' | 'name'
  text: string
}

function wordsOf(text: string): Word[] {
  const pattern = /'((?:[^']|'')*)'|"((?:[^"]|"")*)"|(<=|>=|<>|!=|==|[=<>(),])|([^\s=<>!(),'"]+)|(\S)/g
  return [...text.matchAll(pattern)].map(([all, quotedText, name]): Word => {
    if (quotedText !== undefined) return { kind: 'text', text: quotedText.replaceAll("''", "'") }
    if (name !== undefined) return { kind: 'name', text: name.replaceAll('""', '"') }
    return { kind: 'word', text: all }
  })
}

/** Cells that are lists or maps compare as JSON. */
function plain(value: unknown): Value {
  if (value === undefined || value === null || value === '') return null
  if (typeof value === 'bigint') return Number(value)
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isNaN(value) ? null : value
  return JSON.stringify(value)
}

const numberOf = (value: Value): number | null => {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : null
}

/** Below 0 when `a` comes before `b`; null when they cannot be compared. */
function order(a: Value, b: Value): number | null {
  if (a === null || b === null) return null
  const [left, right] = [numberOf(a), numberOf(b)]
  if (left !== null && right !== null) return left - right
  // A column of texts may be compared with a number by mistake: then no row holds.
  if (typeof a === 'number' || typeof b === 'number') return null
  const [first, second] = [String(a), String(b)]
  return first === second ? 0 : first < second ? -1 : 1
}

const areEqual = (a: Value, b: Value): boolean => order(a, b) === 0
const isAtMost = (a: Value, b: Value): boolean => (order(a, b) ?? 1) <= 0

const signs = new Map<string, (a: Value, b: Value) => boolean>([
  ['=', areEqual],
  ['==', areEqual],
  ['!=', (a, b) => a !== null && !areEqual(a, b)],
  ['<>', (a, b) => a !== null && !areEqual(a, b)],
  ['<', (a, b) => (order(a, b) ?? 0) < 0],
  ['<=', isAtMost],
  ['>', (a, b) => (order(a, b) ?? 0) > 0],
  ['>=', (a, b) => isAtMost(b, a)],
])
