import type { Cursor } from './cursor.ts'
import { Unreadable } from './cursor.ts'
import type { Expression } from './expression.ts'
import { constant, func, integer, number, power, product, quotient, sum, symbol } from './expression.ts'
import { functionCall } from './calls.ts'
import { bigOperator } from './operators.ts'
import { toInteger } from './rational.ts'

const openingSigns = new Set(['(', '[', '{', '⌊', '⌈'])

/** Whether a factor can begin at this token. A bar begins a factor only where no bar is open. */
export function startsAtom(cursor: Cursor): boolean {
  const token = cursor.peek()
  if (token === undefined) return false
  if (token.kind === 'sign') return openingSigns.has(token.sign) || (token.sign === '|' && cursor.bars === 0)
  return !(token.kind === 'command' && (token.name === 'over' || token.name === 'choose'))
}

/**
 * Reads one number, name, group, fraction, root, function call or big operator. With `mixed`,
 * 3\frac12 may be read as 3 + 1/2.
 */
export function atom(cursor: Cursor, mixed = true): Expression {
  const token = cursor.next()
  switch (token.kind) {
    case 'number': {
      const whole = number(token.value, token.decimals)
      return mixed && token.decimals === null && !token.based ? mixedNumber(cursor, whole) : whole
    }
    case 'nonnumber':
      // A function without known meaning equals only itself. A symbol would make an equation of
      // "4343_2 = 5".
      return func(`digits ${token.digits}`, integer(token.base))
    case 'symbol':
      return named(cursor, token.name)
    case 'constant':
      return constant(token.name)
    case 'function':
      return functionCall(cursor, token.name)
    case 'command':
      return command(cursor, token.name)
    case 'sign':
    default:
      return group(cursor, token.sign)
  }
}

function group(cursor: Cursor, sign: string): Expression {
  switch (sign) {
    case '(':
      return cursor.enclosed(')')
    case '[':
      return cursor.enclosed(']')
    case '{':
      return cursor.enclosed('}')
    case '⌊':
      return func('floor', cursor.enclosed('⌋'))
    case '⌈':
      return func('ceil', cursor.enclosed('⌉'))
    case '|':
      return func('abs', cursor.enclosed('|', 1))
    default:
      throw new Unreadable()
  }
}

/** 3\frac12 and 3 1/2: a whole number and a proper fraction of whole numbers, side by side. */
function mixedNumber(cursor: Cursor, whole: Expression): Expression {
  const ahead = cursor.peek()
  if (ahead?.kind === 'command' && ahead.name === 'frac') {
    const fraction = cursor.deeper(() => atom(cursor))
    const proper = fraction.type === 'quotient' && isProperFraction(fraction.top, fraction.bottom)
    return proper ? sum([whole, fraction]) : product([whole, raisedIfNext(cursor, fraction)])
  }
  const [slash, below] = [cursor.peek(1), cursor.peek(2)]
  if (ahead?.kind !== 'number' || !ahead.spaced || below?.kind !== 'number') return whole
  if (slash?.kind !== 'sign' || slash.sign !== '/') return whole
  const [top, bottom] = [number(ahead.value, ahead.decimals), number(below.value, below.decimals)]
  if (!isProperFraction(top, bottom)) return whole
  for (let taken = 0; taken < 3; taken++) cursor.next()
  return sum([whole, quotient(top, bottom)])
}

function raisedIfNext(cursor: Cursor, e: Expression): Expression {
  return cursor.take('^') ? power(e, cursor.grammar.exponent(cursor)) : e
}

function isProperFraction(top: Expression, bottom: Expression): boolean {
  if (top.type !== 'number' || bottom.type !== 'number' || top.decimals !== null || bottom.decimals !== null)
    return false
  const [n, d] = [toInteger(top.value), toInteger(bottom.value)]
  return n !== null && d !== null && n > 0n && n < d
}

/**
 * A variable. f(x), g'(x), h_1(x, y) and f^{-1}(x) are functions without known meaning, and C(n, k)
 * is a binomial.
 */
function named(cursor: Cursor, name: string): Expression {
  if (name === 'C' && cursor.atSign('(')) {
    const chosen = pair(cursor)
    if (chosen !== null) return chosen
  }
  if (!/^[fgh](?:_|$)/.test(name)) return symbol(name)
  let primes = 0
  while (cursor.atSign("'", primes)) primes++
  if (cursor.atSign('(', primes)) {
    for (let taken = 0; taken <= primes; taken++) cursor.next()
    return func(name + "'".repeat(primes), ...cursor.list(')'))
  }
  if (!isInverseMark(cursor)) return symbol(name)
  for (let taken = 0; taken < 6; taken++) cursor.next()
  return func(`${name}^-1`, ...cursor.list(')'))
}

function isInverseMark(cursor: Cursor): boolean {
  const one = cursor.peek(3)
  const signs = cursor.atSign('^') && cursor.atSign('{', 1) && cursor.atSign('-', 2) && cursor.atSign('}', 4)
  return signs && cursor.atSign('(', 5) && one?.kind === 'number' && one.digits === '1'
}

/** The (n, k) after C. Null when the bracket holds no comma. */
function pair(cursor: Cursor): Expression | null {
  let depth = 0
  for (let ahead = 0; ahead < 200; ahead++) {
    cursor.effort.spend()
    if (cursor.atSign('(', ahead)) depth++
    else if (cursor.atSign(')', ahead)) depth--
    if (depth === 0) return null
    if (depth === 1 && cursor.atSign(',', ahead)) break
  }
  cursor.expect('(')
  const items = cursor.list(')')
  if (items.length !== 2) throw new Unreadable()
  return func('binom', ...items)
}

function command(cursor: Cursor, name: string): Expression {
  switch (name) {
    case 'frac':
      return fraction(cursor)
    case 'binom':
      return func('binom', argument(cursor), argument(cursor))
    case 'sqrt':
      return root(cursor)
    case 'root2':
      return power(radicand(cursor, true), quotient(integer(1), integer(2)))
    case 'root3':
      return power(radicand(cursor, true), quotient(integer(1), integer(3)))
    case 'root4':
      return power(radicand(cursor, true), quotient(integer(1), integer(4)))
    case 'over':
    case 'choose':
      throw new Unreadable()
    default:
      return bigOperator(cursor, name)
  }
}

/** \frac{dy}{dx} is a derivative: its d does not cancel. */
function fraction(cursor: Cursor): Expression {
  const top = argument(cursor)
  const split = isLongNumber(cursor)
  const bottom = argument(cursor)
  // \frac123 would be 1/2 with a 3 that belongs to nothing.
  if (split && cursor.peek()?.kind === 'number') throw new Unreadable()
  if (isDifferential(bottom) && startsWithDifferential(top))
    return { type: 'opaque', operator: 'derivative', parts: [top, bottom] }
  return quotient(top, bottom)
}

function isLongNumber(cursor: Cursor): boolean {
  const token = cursor.peek()
  return token?.kind === 'number' && token.digits.length > 1
}

function isD(e: Expression | undefined): boolean {
  if (e?.type === 'power') return isD(e.base)
  return e?.type === 'symbol' && (e.name === 'd' || e.name === 'partial')
}

function isDifferential(e: Expression): boolean {
  return e.type === 'product' && e.factors.length >= 2 && isD(e.factors[0])
}

function startsWithDifferential(e: Expression): boolean {
  return isD(e) || isDifferential(e)
}

/**
 * One argument of a command: a group in braces, or the one token that LaTeX takes. In \frac12 these
 * are first the 1, then the 2.
 */
function argument(cursor: Cursor): Expression {
  const token = cursor.peek()
  if (token?.kind === 'number' && token.digits.length > 1 && !token.based) {
    if (!/^\d+$/.test(token.digits)) throw new Unreadable()
    const [digits, value] = [token.digits.slice(1), { n: BigInt(token.digits.slice(1)), d: 1n }]
    cursor.replace({ ...token, digits, value, decimals: null, spaced: false })
    return integer(BigInt(token.digits.charAt(0)))
  }
  return cursor.deeper(() => atom(cursor, false))
}

function root(cursor: Cursor): Expression {
  const index = cursor.take('[') ? cursor.enclosed(']') : integer(2)
  return power(radicand(cursor, false), quotient(integer(1), index))
}

/**
 * \sqrt12 is √1·2 in LaTeX but means √12 for most writers, so it is refused. √12 and sqrt12 are
 * √12.
 */
function radicand(cursor: Cursor, plain: boolean): Expression {
  const token = cursor.peek()
  if (!plain && token?.kind === 'number' && token.digits.length > 1) throw new Unreadable()
  return cursor.deeper(() => atom(cursor, false))
}
