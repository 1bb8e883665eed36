import type { Effort } from '../effort.ts'
import { baseFrom, valueInBase } from './number-systems.ts'
import { maxDigits, reduced, scaleByTen } from './rational.ts'
import type { Token } from './token.ts'

type Body = Token extends infer T ? (T extends Token ? Omit<T, 'spaced'> : never) : never

/**
 * A place in a text, and the tokens that were read before it. This half of the lexer reads numbers.
 */
export class NumberReader {
  readonly tokens: Token[] = []
  protected readonly text: string
  protected readonly effort: Effort
  protected readonly depth: number
  protected at = 0
  protected spaced = false

  constructor(text: string, effort: Effort, depth = 0) {
    this.text = text
    this.effort = effort
    this.depth = depth
  }

  /**
   * Adds the token. It completes the given literal: a copy of each literal would take a seventh of
   * the time of long sums.
   */
  protected push(body: Body): true {
    this.tokens.push(Object.assign(body, { spaced: this.spaced }))
    this.spaced = false
    return true
  }

  protected match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)
    if (found !== null) this.at += found[0].length
    return found
  }

  protected pushNumber(digits: string, decimals: number | null, exponent = 0): boolean {
    const whole = digits.replace('.', '')
    if (whole.length > maxDigits) return false
    const value = scaleByTen({ n: BigInt(whole), d: 1n }, exponent - (decimals ?? 0))
    if (value === null) return false
    return this.push({ kind: 'number', digits, value, decimals: exponent === 0 ? decimals : null, based: false })
  }

  /**
   * Reads 12, 1.50, .5, 5., 3e8 or 0.1\overline{6}. "2e-3" may be 2·e − 3 and is refused. "2.0e-3"
   * and "2e-10" have one reading.
   */
  protected number(): boolean {
    const found = this.match(/(?:\d+(?:\.\d*)?|\.\d+)/y)
    if (found === null) return false
    const [digits] = found
    const point = digits.indexOf('.')
    const tail = point < 0 ? '' : digits.slice(point + 1)
    if (point >= 0) {
      const repeating = this.match(/\s*\\(?:overline|bar|dot)\s*(?:\{\s*(\d{1,40})\s*\}|(\d))(?!\s*\\dot)/y)
      if (repeating !== null) return this.#repeating(digits, tail, repeating[1] ?? repeating[2] ?? '')
    }
    const scientific = this.match(/[eE]([+-]?)(\d{1,6})(?![\d.a-zA-Z!^])/y)
    if (scientific !== null) {
      const [whole, sign = '', power = ''] = scientific
      if (sign !== '' && point < 0 && whole.startsWith('e') && power.length < 2) return false
      return this.pushNumber(digits, tail.length, Number(`${sign}${power}`))
    }
    return this.pushNumber(digits, point < 0 ? null : tail.length)
  }

  #repeating(digits: string, tail: string, period: string): boolean {
    const fixed = BigInt(digits.replace('.', ''))
    const nines = 10n ** BigInt(period.length) - 1n
    const value = reduced({ n: fixed * nines + BigInt(period), d: nines * 10n ** BigInt(tail.length) })
    return this.push({ kind: 'number', digits, value, decimals: null, based: true })
  }

  /**
   * Reads the value of a number in a base: 4343_6, 1A3_{16}, (101)_2, 0.11_2. Undefined when no
   * such number is here, false when its base cannot be read.
   */
  protected based(): boolean | undefined {
    const start = this.at
    const found = this.match(
      /(?:(\d[0-9A-F]*(?:\.[0-9A-F]+)?|[A-F][0-9A-F]+)|\(\s*(\d[0-9A-F]*|[A-F][0-9A-F]+)\s*\))\s*_\s*(?:\{\s*(?:\\text\s*\{\s*)?([a-z]{3,7}|\d{1,2})\s*\}?\s*\}|(\d{1,2}))(?!\d)/y,
    )
    if (found === null) return undefined
    const digits = found[1] ?? found[2] ?? ''
    const base = baseFrom(found[3] ?? found[4] ?? '')
    if (base === null || (base < 11 && /^\d+[A-F]$/.test(digits))) {
      this.at = start
      // 3A_2 is 3 times A_2.
      return /^\d+[A-F]$/.test(digits) ? undefined : false
    }
    if (digits.length > 1000) return false
    const value = valueInBase(digits, base)
    if (value === null) return this.push({ kind: 'nonnumber', digits, base })
    return this.push({ kind: 'number', digits, value, decimals: null, based: true })
  }
}
