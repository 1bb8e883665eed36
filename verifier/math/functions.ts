import type { Complex } from './complex.ts'
import {
  complexPower, cosine, gamma, hyperbolicCosine, hyperbolicSine, inverseCosine, inverseSine, inverseTangent, logarithm,
  magnitude, minus, over, plus, real, sine, squareRoot, times,
} from './complex.ts' // prettier-ignore

const one = real(1)

type Unary = (z: Complex) => Complex

const unaryFunctions: Record<string, Unary> = {
  sin: sine,
  cos: cosine,
  tan: (z) => over(sine(z), cosine(z)),
  cot: (z) => over(cosine(z), sine(z)),
  sec: (z) => over(one, cosine(z)),
  csc: (z) => over(one, sine(z)),
  arcsin: inverseSine,
  arccos: inverseCosine,
  arctan: inverseTangent,
  arccot: (z) => minus(real(Math.PI / 2), inverseTangent(z)),
  arcsec: (z) => inverseCosine(over(one, z)),
  arccsc: (z) => inverseSine(over(one, z)),
  sinh: hyperbolicSine,
  cosh: hyperbolicCosine,
  tanh: (z) => over(hyperbolicSine(z), hyperbolicCosine(z)),
  coth: (z) => over(hyperbolicCosine(z), hyperbolicSine(z)),
  sech: (z) => over(one, hyperbolicCosine(z)),
  csch: (z) => over(one, hyperbolicSine(z)),
  arsinh: (z) => logarithm(plus(z, squareRoot(plus(times(z, z), one)))),
  arcosh: (z) => logarithm(plus(z, times(squareRoot(plus(z, one)), squareRoot(minus(z, one))))),
  artanh: (z) => times(real(0.5), minus(logarithm(plus(one, z)), logarithm(minus(one, z)))),
  abs: (z) => real(magnitude(z)),
}

/** Whether the meaning of a function is known. For f(x) it is not. */
export function isKnown(name: string): boolean {
  return (
    Object.hasOwn(unaryFunctions, name) ||
    realOnlyFunctions.has(name) ||
    name === 'ln' ||
    name === 'log' ||
    name === 'binom'
  )
}

/** Functions that are defined only for real arguments. */
const realOnlyFunctions = new Set(['floor', 'ceil', 'sgn', 'max', 'min', 'gcd', 'lcm'])

/** Functions whose identities hold only on a part of the plane. Roots behave so too. */
const branchingFunctions = new Set([
  'ln', 'log', 'abs', 'floor', 'ceil', 'sgn', 'max', 'min', 'gcd', 'lcm', 'arcsin', 'arccos', 'arctan', 'arccot', 'arcsec',
  'arccsc', 'arsinh', 'arcosh', 'artanh',
]) // prettier-ignore

export function isBranching(name: string): boolean {
  return branchingFunctions.has(name)
}

interface Choices {
  generic: boolean
  realOnly: boolean
  logBase: number
}

/** The value of a function at its arguments. Null where the function has no value. */
export function callFunction(name: string, args: readonly Complex[], how: Choices): Complex | null {
  const [a, b] = args
  if (a === undefined) return null
  const unary = Object.hasOwn(unaryFunctions, name) ? unaryFunctions[name] : undefined
  if (unary !== undefined) return unary(a)
  if (name === 'ln' || name === 'log') return logarithmOf(a, name === 'ln' ? undefined : b, name, how)
  if (name === 'binom') return b === undefined ? null : binomial(a, b)
  if (realOnlyFunctions.has(name)) {
    if (args.some((z) => Math.abs(z.im) > 1e-13 * Math.abs(z.re))) return null
    return realFunction(
      name,
      args.map((z) => z.re),
    )
  }
  return how.generic ? genericValue(name, args) : null
}

function logarithmOf(a: Complex, base: Complex | undefined, name: string, how: Choices): Complex | null {
  if (magnitude(a) === 0 || (how.realOnly && a.re < 0)) return null
  const top = logarithm(a)
  if (base !== undefined) return magnitude(base) === 0 ? null : over(top, logarithm(base))
  return name === 'log' ? over(top, real(how.logBase)) : top
}

function binomial(n: Complex, k: Complex): Complex | null {
  const whole = n.im === 0 && k.im === 0 && Number.isInteger(n.re) && Number.isInteger(k.re)
  if (whole && (n.re < 0 || k.re < 0 || n.re > 1000)) return null
  if (k.im === 0 && Number.isInteger(k.re) && k.re >= 0 && k.re <= 60) {
    let value = one
    for (let j = 0; j < k.re; j++) value = over(times(value, minus(n, real(j))), real(j + 1))
    return value
  }
  if (whole) return k.re > n.re ? real(0) : binomial(n, minus(n, k))
  const bottom = times(gamma(plus(k, one)), gamma(plus(minus(n, k), one)))
  return over(gamma(plus(n, one)), bottom)
}

function realFunction(name: string, args: readonly number[]): Complex | null {
  const [x = 0] = args
  switch (name) {
    case 'floor':
      return real(Math.floor(x))
    case 'ceil':
      return real(Math.ceil(x))
    case 'sgn':
      return real(Math.sign(x))
    case 'max':
      return real(Math.max(...args))
    case 'min':
      return real(Math.min(...args))
    default:
      return null
  }
}

function hash(text: string): number {
  let h = 0x811c9dc5
  for (let index = 0; index < text.length; index++) h = Math.imul(h ^ text.charCodeAt(index), 0x01000193)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  return ((h ^ (h >>> 13)) >>> 0) / 2 ** 32
}

/**
 * A smooth function that is made up from the name alone: f(x + 1) and f(1 + x) agree, f(2x) and
 * 2f(x) do not.
 */
export function genericValue(name: string, args: readonly Complex[]): Complex {
  let total = real(0.5 + hash(name))
  for (const [index, z] of args.entries()) {
    const [a, b, c] = [hash(`${name} ${index} a`), hash(`${name} ${index} b`), hash(`${name} ${index} c`)]
    const bend = over(real(1 + a), plus(z, { re: 3 + b, im: 0.7 + c }))
    total = plus(total, plus(times(real(1 + c), times(z, bend)), times(real(a - 1.7), z)))
  }
  return args.length > 1 ? complexPower(total, real(2)) : total
}
