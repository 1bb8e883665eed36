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
  const parser = new ConditionParser(text)
  return { holds: parser.whole(), columns: [...parser.columns] }
}

/** Reads the words of a condition from left to right, the weakest words first: or, and, not. */
class ConditionParser {
  readonly columns = new Set<string>()
  readonly #text: string
  readonly #words: readonly Word[]
  #at = 0

  constructor(text: string) {
    this.#text = text
    this.#words = wordsOf(text)
  }

  whole(): Test {
    const holds = this.#either()
    const more = this.#words[this.#at]
    if (more) throw this.#fail(`"${more.text}" was not expected`)
    return holds
  }

  #fail(why: string): HoneError {
    return new HoneError({
      type: 'InvalidInput',
      message: `the condition "${this.#text}" is not understood: ${why}`,
      nextStep: 'write it as "passrate between 0.3 and 0.9 and source = \'geo\'"; see docs/import.md',
    })
  }

  #take(wanted: string): boolean {
    const word = this.#words[this.#at]
    if (word?.kind !== 'word' || word.text.toLowerCase() !== wanted) return false
    this.#at++
    return true
  }

  #need(wanted: string): void {
    if (this.#take(wanted)) return
    const next = this.#words[this.#at]
    throw this.#fail(`"${wanted}" is missing${next ? ` before "${next.text}"` : ''}`)
  }

  #either(): Test {
    const tests = [this.#both()]
    while (this.#take('or')) tests.push(this.#both())
    return (fields) => tests.some((test) => test(fields))
  }

  #both(): Test {
    const tests = [this.#one()]
    while (this.#take('and')) tests.push(this.#one())
    return (fields) => tests.every((test) => test(fields))
  }

  #one(): Test {
    if (this.#take('not')) {
      const test = this.#one()
      return (fields) => !test(fields)
    }
    if (!this.#take('(')) return this.#comparison()
    const inner = this.#either()
    this.#need(')')
    return inner
  }

  #comparison(): Test {
    const column = this.#column()
    const cell = (fields: Fields): Value => plain(fieldOf(fields, column))
    if (this.#take('is')) {
      const isNot = this.#take('not')
      this.#need('null')
      return (fields) => (cell(fields) === null) !== isNot
    }
    const isNot = this.#take('not')
    const range = this.#range()
    if (range) return (fields) => cell(fields) !== null && range(cell(fields)) !== isNot
    if (isNot) throw this.#fail('after "not" comes between or in')
    const sign = this.#words[this.#at++]?.text
    const compare = signs.get(sign ?? '')
    if (!compare) throw this.#fail(sign === undefined ? 'it ends too early' : `"${sign}" is no comparison`)
    const value = this.#literal()
    return (fields) => compare(cell(fields), value)
  }

  #column(): string {
    const name = this.#words[this.#at++]
    if (!name || name.kind === 'text' || (name.kind === 'word' && !/^[\p{L}_]/u.test(name.text)))
      throw this.#fail(`a column is missing${name ? ` before "${name.text}"` : ''}`)
    this.columns.add(name.text)
    return name.text
  }

  /** What `between … and …` or `in (…)` says about a value; null for another word. */
  #range(): ((value: Value) => boolean) | null {
    if (this.#take('between')) {
      const low = this.#literal()
      this.#need('and')
      const high = this.#literal()
      return (value) => isAtMost(low, value) && isAtMost(value, high)
    }
    if (!this.#take('in')) return null
    this.#need('(')
    const list = [this.#literal()]
    while (this.#take(',')) list.push(this.#literal())
    this.#need(')')
    return (value) => list.some((one) => areEqual(value, one))
  }

  #literal(): Value {
    const word = this.#words[this.#at++]
    if (!word) throw this.#fail('it ends too early')
    if (word.kind === 'text') return word.text
    if (word.kind === 'word') {
      const known = constants.get(word.text.toLowerCase())
      if (known !== undefined) return known
      if (/^[-+]?[\d.]/.test(word.text) && Number.isFinite(Number(word.text))) return Number(word.text)
    }
    throw this.#fail(`"${word.text}" is no value; texts stand in single quotes`)
  }
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
