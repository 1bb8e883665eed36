/**
 * The steps of an `Effort` that arithmetic with long numbers takes, by the length of the numbers in
 * bits. A step is about 0.2 µs of one core, so that all steps of a case take about 20 ms. The
 * formulas are over what was measured from 64 to 20,000 bits (Node 20, 2026-11). The steps are
 * spent before the work, so that the largest case ends before it begins.
 */

const wordsOf = (bits: number): number => bits / 64

/**
 * One product of two numbers, or a quotient of their product: 0.3 steps at 512 bits, 490 at 20,000.
 */
export function stepsOfProduct(a: number, b: number): number {
  return (wordsOf(a) * wordsOf(b)) / 200
}

/**
 * Euclid's algorithm, by the length of the shorter number: 160 steps at 512 bits, 190,000 at
 * 20,000.
 */
export function stepsOfDivisor(bits: number): number {
  return bits / 4 + bits ** 2 / 8000 + bits ** 3 / 6e7
}

/** The k-th root of a whole number of this length. */
export function stepsOfRoot(bits: number): number {
  return 20 + 8 * stepsOfProduct(bits, bits)
}

/** A logarithm or an arctangent to this many bits. Sines and exponentials take about half of it. */
export function stepsOfSeries(bits: number): number {
  const size = bits / 256
  return 100 * size + 10 * size ** 2 * Math.sqrt(size)
}

/** n! with the factors n, n − 1 … */
export function stepsOfFactorial(n: number): number {
  return n / 2 + n ** 2 / 1750
}

/** A binomial with this many factors on each side, each of this many bits. */
export function stepsOfBinomial(factors: number, bits: number): number {
  return factors + (factors ** 2 * bits) / 50_000
}
