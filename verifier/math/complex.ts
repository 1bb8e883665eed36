/** Complex numbers in doubles, on the principal branches. */
export interface Complex {
  readonly re: number
  readonly im: number
}

const imaginaryUnit: Complex = { re: 0, im: 1 }

export function real(re: number): Complex {
  return { re, im: 0 }
}

export function plus(a: Complex, b: Complex): Complex {
  return { re: a.re + b.re, im: a.im + b.im }
}

export function minus(a: Complex, b: Complex): Complex {
  return { re: a.re - b.re, im: a.im - b.im }
}

export function times(a: Complex, b: Complex): Complex {
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re }
}

export function over(a: Complex, b: Complex): Complex {
  if (b.im === 0) return { re: a.re / b.re, im: a.im / b.re }
  const size = b.re * b.re + b.im * b.im
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size }
}

export function magnitude(a: Complex): number {
  return a.im === 0 ? Math.abs(a.re) : Math.hypot(a.re, a.im)
}

export function isFinite(a: Complex): boolean {
  return Number.isFinite(a.re) && Number.isFinite(a.im)
}

function exponential(a: Complex): Complex {
  const size = Math.exp(a.re)
  return a.im === 0 ? real(size) : { re: size * Math.cos(a.im), im: size * Math.sin(a.im) }
}

/** The imaginary part is over −π and at most π. */
export function logarithm(a: Complex): Complex {
  return { re: Math.log(magnitude(a)), im: Math.atan2(a.im === 0 ? 0 : a.im, a.re) }
}

export function squareRoot(a: Complex): Complex {
  if (a.im === 0) return a.re >= 0 ? real(Math.sqrt(a.re)) : { re: 0, im: Math.sqrt(-a.re) }
  const size = Math.sqrt((magnitude(a) + Math.abs(a.re)) / 2)
  const other = Math.abs(a.im) / (2 * size)
  const [re, im] = a.re >= 0 ? [size, other] : [other, size]
  return { re, im: a.im < 0 ? -im : im }
}

/** a^n for a whole n, by squaring: the signs are exact and no logarithm is needed. */
function wholePower(a: Complex, n: number): Complex {
  if (a.im === 0) return real(a.re ** n)
  let result = real(1)
  let square = a
  for (let left = Math.abs(n); left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = times(result, square)
    square = times(square, square)
  }
  return n < 0 ? over(real(1), result) : result
}

export function complexPower(a: Complex, b: Complex): Complex {
  if (b.im === 0 && Number.isInteger(b.re) && Math.abs(b.re) <= 4096) return wholePower(a, b.re)
  if (a.im === 0 && b.im === 0 && a.re > 0) return real(a.re ** b.re)
  if (a.re === 0 && a.im === 0) return b.re > 0 ? real(0) : real(Number.NaN)
  if (b.im === 0 && b.re === 0.5) return squareRoot(a)
  return exponential(times(b, logarithm(a)))
}

export function sine(a: Complex): Complex {
  if (a.im === 0) return real(Math.sin(a.re))
  return { re: Math.sin(a.re) * Math.cosh(a.im), im: Math.cos(a.re) * Math.sinh(a.im) }
}

export function cosine(a: Complex): Complex {
  if (a.im === 0) return real(Math.cos(a.re))
  return { re: Math.cos(a.re) * Math.cosh(a.im), im: -Math.sin(a.re) * Math.sinh(a.im) }
}

export function hyperbolicSine(a: Complex): Complex {
  if (a.im === 0) return real(Math.sinh(a.re))
  return { re: Math.sinh(a.re) * Math.cos(a.im), im: Math.cosh(a.re) * Math.sin(a.im) }
}

export function hyperbolicCosine(a: Complex): Complex {
  if (a.im === 0) return real(Math.cosh(a.re))
  return { re: Math.cosh(a.re) * Math.cos(a.im), im: Math.sinh(a.re) * Math.sin(a.im) }
}

/** −i·ln(iz + √(1 − z²)) */
export function inverseSine(a: Complex): Complex {
  if (a.im === 0 && Math.abs(a.re) <= 1) return real(Math.asin(a.re))
  const inner = logarithm(plus(times(imaginaryUnit, a), squareRoot(minus(real(1), times(a, a)))))
  return { re: inner.im, im: -inner.re }
}

export function inverseCosine(a: Complex): Complex {
  if (a.im === 0 && Math.abs(a.re) <= 1) return real(Math.acos(a.re))
  return minus(real(Math.PI / 2), inverseSine(a))
}

/** (i/2)·(ln(1 − iz) − ln(1 + iz)) */
export function inverseTangent(a: Complex): Complex {
  if (a.im === 0) return real(Math.atan(a.re))
  const turned = times(imaginaryUnit, a)
  const inner = minus(logarithm(minus(real(1), turned)), logarithm(plus(real(1), turned)))
  return { re: -inner.im / 2, im: inner.re / 2 }
}

/** Lanczos' coefficients for g = 7, n = 9 (Godfrey's tables): about 15 digits. */
const lanczos = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] // prettier-ignore

/** Γ(z). It is not finite at its poles. */
export function gamma(z: Complex): Complex {
  if (z.re < 0.5) {
    const mirrored = times(sine(times(real(Math.PI), z)), gamma(minus(real(1), z)))
    return over(real(Math.PI), mirrored)
  }
  const shifted = minus(z, real(1))
  let series = real(lanczos[0] ?? 0)
  for (const [index, coefficient] of lanczos.entries())
    if (index > 0) series = plus(series, over(real(coefficient), plus(shifted, real(index))))
  const t = plus(shifted, real(7.5))
  const raised = exponential(minus(times(plus(shifted, real(0.5)), logarithm(t)), t))
  return times(times(real(Math.sqrt(2 * Math.PI)), raised), series)
}
