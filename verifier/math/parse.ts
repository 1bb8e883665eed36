import type { Effort } from '../effort.ts'
import { leafLimit } from '../plain-text.ts'
import { atom, startsAtom } from './atoms.ts'
import { Cursor, Unreadable } from './cursor.ts'
import type { Grammar } from './cursor.ts'
import type { Expression } from './expression.ts'
import { constant, func, integer, negated, power, product, quotient, sum, symbol } from './expression.ts'
import { tokenize } from './tokens.ts'
import type { Token } from './token.ts'

/**
 * Reads LaTeX or plain mathematics as one expression. Null when the text is not one expression: the
 * caller reads relations, lists, units, percent signs, ± and prose. Also null for a text with two
 * readings ("1/2x", "2e-3", "\sqrt12"), for a text over 4,000 characters and for nesting over 120.
 * Throws EffortSpent when the steps are used up.
 */
export function parseExpression(text: string, effort: Effort): Expression | null {
  if (text.length > leafLimit) return null
  const tokens = tokenize(text, effort)
  if (tokens === null || tokens.length === 0) return null
  const cursor = new Cursor(tokens, grammar, effort)
  try {
    const e = cursor.sum()
    return cursor.atEnd() ? e : null
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

/** a + b − c …, and {a \over b} and {n \choose k}, whose parts reach to the ends of their group. */
function parseSum(cursor: Cursor): Expression {
  const terms: Expression[] = [signedTerm(cursor)]
  for (;;) {
    if (cursor.take('+')) terms.push(signedTerm(cursor))
    else if (cursor.take('-')) terms.push(negated(signedTerm(cursor)))
    else break
  }
  const left = sum(terms)
  if (cursor.atCommand('over')) {
    cursor.next()
    return quotient(
      left,
      cursor.deeper(() => cursor.sum()),
    )
  }
  if (cursor.atCommand('choose')) {
    cursor.next()
    return func(
      'binom',
      left,
      cursor.deeper(() => cursor.sum()),
    )
  }
  return left
}

/** One term with at most one sign before it: "a - -b" is read, "a--- b" is not. */
function signedTerm(cursor: Cursor): Expression {
  if (cursor.take('-')) return negated(parseTerm(cursor))
  cursor.take('+')
  return parseTerm(cursor)
}

function signedFactor(cursor: Cursor): Expression {
  if (cursor.take('-')) return negated(parseFactor(cursor))
  return parseFactor(cursor)
}

function atDifferential(cursor: Cursor): boolean {
  const [token, following] = [cursor.peek(), cursor.peek(1)]
  return cursor.differential && token?.kind === 'symbol' && token.name === 'd' && following?.kind === 'symbol'
}

/**
 * Products and quotients from left to right. Two factors without a sign between them are
 * multiplied.
 */
function parseTerm(cursor: Cursor): Expression {
  let factors: Expression[] = atDifferential(cursor) ? [integer(1)] : [parseFactor(cursor)]
  for (;;) {
    if (cursor.take('*')) factors.push(signedFactor(cursor))
    else if (cursor.take('/')) {
      const bottom = signedFactor(cursor)
      factors = [quotient(product(factors), bottom)]
      if (isAmbiguousDivisor(cursor)) throw new Unreadable()
    } else if (!atDifferential(cursor) && continuesProduct(cursor)) factors.push(parseFactor(cursor))
    else return product(factors)
  }
}

/** "1/2x" may be x/2 or 1/(2x). With a space or a bracket after the divisor it is x/2. */
function isAmbiguousDivisor(cursor: Cursor): boolean {
  const [before, token] = [cursor.before(), cursor.peek()]
  if (token === undefined || token.spaced || !startsAtom(cursor)) return false
  return !(before?.kind === 'sign' && /[)}\]|]/.test(before.sign))
}

/** Two numbers side by side are not a product. */
function continuesProduct(cursor: Cursor): boolean {
  if (!startsAtom(cursor)) return false
  return !(isNumeral(cursor.peek()) && isNumeral(cursor.before()))
}

function isNumeral(token: Token | undefined): boolean {
  return token?.kind === 'number' || token?.kind === 'nonnumber'
}

/** One factor with its powers, factorials and degree sign. */
function parseFactor(cursor: Cursor): Expression {
  let e = atom(cursor)
  for (;;) {
    if (cursor.take('!')) {
      const double = cursor.peek()?.spaced === false && cursor.take('!')
      e = { type: 'factorial', of: e, double }
    } else if (cursor.take("'")) {
      if (e.type !== 'symbol') throw new Unreadable()
      e = symbol(`${e.name}'`)
    } else if (cursor.take('°')) e = inDegrees(cursor, e)
    else if (cursor.atSign('_') && e.type === 'symbol') e = subscripted(cursor, e.name)
    else if (cursor.take('^')) e = raised(cursor, e)
    else return e
  }
}

function inDegrees(cursor: Cursor, e: Expression): Expression {
  if (!cursor.degrees) throw new Unreadable()
  return product([e, quotient(constant('pi'), integer(180))])
}

/** {x}_1 */
function subscripted(cursor: Cursor, name: string): Expression {
  cursor.expect('_')
  const braced = cursor.take('{')
  const token = cursor.next()
  if (braced) cursor.expect('}')
  if (token.kind === 'number') return symbol(`${name}_${token.digits}`)
  if (token.kind === 'symbol' || token.kind === 'constant') return symbol(`${name}_${token.name}`)
  throw new Unreadable()
}

/** The text after ^: a degree sign, primes, or an exponent. */
function raised(cursor: Cursor, base: Expression): Expression {
  const braced = cursor.atSign('{')
  const ahead = braced ? 1 : 0
  if (cursor.atSign('°', ahead) || cursor.atSign("'", ahead)) {
    if (braced) cursor.next()
    let e = base
    while (!cursor.atSign('}') && !cursor.atEnd()) {
      if (cursor.take('°')) e = inDegrees(cursor, e)
      else if (cursor.take("'") && e.type === 'symbol') e = symbol(`${e.name}'`)
      else if (braced) throw new Unreadable()
      else break
    }
    if (braced) cursor.expect('}')
    return e
  }
  return power(base, exponentHere(cursor))
}

/** The exponent after ^: a group, or one signed number, variable or command. 2^3^2 is 2^(3^2). */
function exponentHere(cursor: Cursor): Expression {
  return cursor.deeper(() => {
    if (cursor.take('-')) return negated(exponentHere(cursor))
    if (cursor.take('+')) return exponentHere(cursor)
    const outer = cursor.degrees
    cursor.degrees = false
    const e = atom(cursor, false)
    cursor.degrees = outer
    return cursor.take('^') ? power(e, exponentHere(cursor)) : e
  })
}

const grammar: Grammar = { sum: parseSum, term: parseTerm, factor: parseFactor, exponent: exponentHere }
