/**
 * The statistics of scores: pure functions of counts. Accuracies are fractions of 1, intervals are
 * two-sided 95 %.
 */

export interface Interval {
  low: number
  high: number
}

/** 97.5 % quantile of the normal distribution: two-sided 95 %. */
const z95 = 1.959963984540054

function requireCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts))
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a count, not ${value}.`)
}

/**
 * Wilson score interval of an accuracy. Chosen over the Wald interval, which is empty at 0 and 1
 * and too short near them. Without items the interval is 0 to 1.
 * Source: E. B. Wilson, JASA 22 (1927) 209–212; recommended by Brown, Cai and DasGupta, Statistical
 * Science 16 (2001) 101–133.
 */
export function wilson(correct: number, n: number, z = z95): Interval {
  requireCounts({ correct, n })
  if (correct > n) throw new RangeError(`correct (${correct}) is more than n (${n}).`)
  if (n === 0) return { low: 0, high: 1 }
  const p = correct / n
  const square = z * z
  const centre = (p + square / (2 * n)) / (1 + square / n)
  const half = (z / (1 + square / n)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n * n))
  return { low: correct === 0 ? 0 : Math.max(0, centre - half), high: correct === n ? 1 : Math.min(1, centre + half) }
}

/** Accuracy of graded items with its 95 % interval. Without items the accuracy is 0. */
export function accuracyOf(items: readonly { correct: boolean }[]): Interval & { accuracy: number } {
  const correct = items.filter((item) => item.correct).length
  return { accuracy: items.length === 0 ? 0 : correct / items.length, ...wilson(correct, items.length) }
}

/**
 * Exact two-sided McNemar test: how probable a split of the discordant items is that is at least as
 * uneven as (aOnly, bOnly), when both models answer equally well. Binomial(aOnly + bOnly, ½), the
 * smaller tail doubled, at most 1. It is summed in logarithms, so that thousands of discordant
 * items neither overflow nor vanish.
 * Source: Q. McNemar, Psychometrika 12 (1947) 153–157; exact form in Fagerland, Lydersen and Laake,
 * BMC Med. Res. Methodol. 13:91 (2013).
 */
export function mcnemarExact(aOnly: number, bOnly: number): number {
  requireCounts({ aOnly, bOnly })
  const n = aOnly + bOnly
  if (n === 0) return 1
  // Terms C(n, i) / 2^n for i = 0..min, each made from the term before it. The last is the largest.
  const last = Math.min(aOnly, bOnly)
  let logTerm = -n * Math.LN2
  const logs = [logTerm]
  for (let i = 1; i <= last; i++) {
    logTerm += Math.log((n - i + 1) / i)
    logs.push(logTerm)
  }
  const sum = logs.reduce((total, log) => total + Math.exp(log - logTerm), 0)
  return Math.min(1, 2 * Math.exp(logTerm + Math.log(sum)))
}

/**
 * Difference of two accuracies on the same n items, second − first, with Tango's score interval.
 * Chosen over a bootstrap: it has no seed, keeps its coverage with few discordant items, needs only
 * the three counts that are stored, and leaves out 0 exactly when McNemar's score test is
 * significant.
 * Source: T. Tango, Statistics in Medicine 17 (1998) 891–908.
 */
export function pairedDifference(
  n: number,
  firstOnly: number,
  secondOnly: number,
  z = z95,
): Interval & { difference: number } {
  requireCounts({ n, firstOnly, secondOnly })
  if (firstOnly + secondOnly > n)
    throw new RangeError(`${firstOnly} + ${secondOnly} discordant items are more than n (${n}).`)
  if (n === 0) return { difference: 0, low: -1, high: 1 }
  const difference = (secondOnly - firstOnly) / n
  const statistic = (delta: number): number => tangoStatistic(n, secondOnly, firstOnly, delta)
  return {
    difference,
    low: bisect((delta) => statistic(delta) - z, -1, difference),
    high: bisect((delta) => statistic(delta) + z, difference, 1),
  }
}

/** Tango's score statistic of the hypothesis "difference = delta". It falls as delta grows. */
function tangoStatistic(n: number, gained: number, lost: number, delta: number): number {
  const numerator = gained - lost - n * delta
  if (numerator === 0) return 0
  const a = 2 * n
  const b = -gained - lost + (2 * n - gained + lost) * delta
  const c = -lost * delta * (1 - delta)
  const q = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a)
  const variance = n * (2 * q + delta * (1 - delta))
  return variance <= 0 ? numerator * Number.POSITIVE_INFINITY : numerator / Math.sqrt(variance)
}

/** Root of a falling function between two bounds; the nearer bound when it has no root there. */
function bisect(f: (x: number) => number, from: number, to: number): number {
  let low = from
  let high = to
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2
    if (f(middle) > 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}
