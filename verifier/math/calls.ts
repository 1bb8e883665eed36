import type { Cursor } from './cursor.ts'
import { Unreadable } from './cursor.ts'
import type { Expression } from './expression.ts'
import { constant, func, integer, negated, number, power, product } from './expression.ts'
import { inverseName, isTrigonometric, takesSeveral } from './names.ts'

/**
 * A function and its argument: sin(x), \sin^2 x, \sin^{-1} x, \log_2 8, \max(1, 2). Without
 * brackets, the argument is the numbers and constants that follow and then the variables: \sin 2\pi
 * x \cos y is sin(2πx)·cos y.
 */
export function functionCall(cursor: Cursor, written: string): Expression {
  let name = written === 'lg' ? 'log' : written
  let base = written === 'lg' ? integer(10) : null
  let exponent: Expression | null = null
  for (;;) {
    if (written === 'log' && base === null && cursor.take('_')) base = logBase(cursor)
    else if (exponent === null && cursor.take('^')) exponent = cursor.grammar.exponent(cursor)
    else break
  }
  if (exponent?.type === 'number' && exponent.value.n === -exponent.value.d) {
    const inverse = inverseName(name)
    if (inverse === undefined) throw new Unreadable()
    name = inverse
    exponent = null
  }
  const args = inDegreesWithin(cursor, isTrigonometric(name), () => functionArguments(cursor, name))
  const called = call(name, args, base)
  return exponent === null ? called : power(called, exponent)
}

function call(name: string, args: Expression[], base: Expression | null): Expression {
  const [first] = args
  const wanted = name === 'binom' ? 2 : 1
  const several = takesSeveral(name) && name !== 'log' && name !== 'binom'
  if (first === undefined || (several ? args.length < wanted : args.length !== wanted)) throw new Unreadable()
  if (name === 'exp') return power(constant('e'), first)
  return base === null ? func(name, ...args) : func(name, first, base)
}

/** The base of a logarithm. \log_28 is log₂ 8, but log_10(x) and \log_{10} x keep both digits. */
function logBase(cursor: Cursor): Expression {
  const token = cursor.peek()
  if (token?.kind !== 'number' || token.digits.length < 2) return cursor.deeper(() => single(cursor))
  const following = cursor.peek(1)
  if (following !== undefined && !(following.kind === 'sign' && /[-+*/)}\],|^]/.test(following.sign))) {
    cursor.next()
    return number(token.value, token.decimals)
  }
  if (!/^\d+$/.test(token.digits)) throw new Unreadable()
  const rest = token.digits.slice(1)
  cursor.replace({ ...token, digits: rest, value: { n: BigInt(rest), d: 1n }, spaced: false })
  return integer(BigInt(token.digits.charAt(0)))
}

function single(cursor: Cursor): Expression {
  if (cursor.take('{')) return cursor.enclosed('}')
  const token = cursor.next()
  if (token.kind === 'number') return number(token.value, token.decimals)
  if (token.kind === 'symbol') return { type: 'symbol', name: token.name }
  if (token.kind === 'constant') return constant(token.name)
  throw new Unreadable()
}

function inDegreesWithin(cursor: Cursor, degrees: boolean, read: () => Expression[]): Expression[] {
  const outer = cursor.degrees
  cursor.degrees = outer || degrees
  const args = read()
  cursor.degrees = outer
  return args
}

function functionArguments(cursor: Cursor, name: string): Expression[] {
  if (cursor.take('(')) return cursor.list(')')
  if (cursor.take('[')) return [cursor.enclosed(']')]
  if (takesSeveral(name) && cursor.take('⦃')) return cursor.list('⦄')
  if (cursor.take('{')) {
    const inner = cursor.list('}')
    // \sin{x}^2 is printed as sin x², which has two readings.
    if (cursor.atSign('^')) throw new Unreadable()
    return inner
  }
  return [cursor.deeper(() => bareArgument(cursor))]
}

function bareArgument(cursor: Cursor): Expression {
  const negative = cursor.take('-')
  const factors = [cursor.grammar.factor(cursor)]
  let variables = factors[0]?.type !== 'number' && factors[0]?.type !== 'constant'
  for (;;) {
    const token = cursor.peek()
    const isConstant = token?.kind === 'constant' && token.name !== 'e'
    const isLetter = token?.kind === 'symbol' && !isDifferential(cursor)
    const isCommand = token?.kind === 'command' && /^(?:frac|sqrt|root\d)$/.test(token.name)
    if (!isLetter && (variables || (!isConstant && !isCommand))) break
    variables = variables || isLetter
    factors.push(cursor.grammar.factor(cursor))
  }
  const argument = product(factors)
  return negative ? negated(argument) : argument
}

function isDifferential(cursor: Cursor): boolean {
  const [token, following] = [cursor.peek(), cursor.peek(1)]
  return cursor.differential && token?.kind === 'symbol' && token.name === 'd' && following?.kind === 'symbol'
}
