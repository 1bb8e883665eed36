/** The statistics of scores: accuracies are fractions of 1, intervals are two-sided 95 %. Pure functions of counts. */

export type Interval = { low: number; high: number }

/** 97.5 % quantile of the normal distribution: two-sided 95 %. */
export const Z_95 = 1.959963984540054
/** 80 % quantile of the normal distribution: the usual power. */
const Z_POWER_80 = 0.8416212335729143

function requireCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a count, not ${value}.`)
  }
}

/**
 * Wilson score interval of an accuracy. Chosen over the Wald interval, which is empty at 0 and 1 and too short near them.
 * Source: E. B. Wilson, JASA 22 (1927) 209–212; recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001) 101–133.
 * No items: the interval is 0 to 1.
 */
export function wilson(correct: number, n: number, z = Z_95): Interval {
  requireCounts({ correct, n })
  if (correct > n) throw new RangeError(`correct (${correct}) is more than n (${n}).`)
  if (n === 0) return { low: 0, high: 1 }
  const p = correct / n
  const square = z * z
  const centre = (p + square / (2 * n)) / (1 + square / n)
  const half = (z / (1 + square / n)) * Math.sqrt((p * (1 - p)) / n + square / (4 * n * n))
  return { low: correct === 0 ? 0 : Math.max(0, centre - half), high: correct === n ? 1 : Math.min(1, centre + half) }
}

/**
 * Exact two-sided McNemar test: the probability, when both answer equally well, of a split of the discordant items at least
 * as uneven as (aOnly, bOnly). Binomial(aOnly + bOnly, ½), the smaller tail doubled, at most 1; summed in logarithms, so that
 * thousands of discordant items neither overflow nor vanish.
 * Source: Q. McNemar, Psychometrika 12 (1947) 153–157; exact form in Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13:91 (2013).
 */
export function mcnemarExact(aOnly: number, bOnly: number): number {
  requireCounts({ aOnly, bOnly })
  const n = aOnly + bOnly
  if (n === 0) return 1
  // Terms C(n, i) / 2^n for i = 0..min, each from the one before, relative to the largest (the last).
  const last = Math.min(aOnly, bOnly)
  let logTerm = -n * Math.LN2
  const logs = [logTerm]
  for (let i = 1; i <= last; i += 1) {
    logTerm += Math.log((n - i + 1) / i)
    logs.push(logTerm)
  }
  const sum = logs.reduce((total, log) => total + Math.exp(log - logTerm), 0)
  return Math.min(1, 2 * Math.exp(logTerm + Math.log(sum)))
}

/**
 * Difference of two accuracies on the same n items, second − first, with Tango's score interval. Chosen over a bootstrap: it has
 * no seed, keeps its coverage with few discordant items, needs only the three counts that are stored, and leaves out 0 exactly
 * when McNemar's score test is significant.
 * Source: T. Tango, Statistics in Medicine 17 (1998) 891–908.
 */
export function pairedDifference(
  n: number,
  firstOnly: number,
  secondOnly: number,
  z = Z_95,
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

/** Tango's score statistic for the hypothesis "difference = delta"; falls from +∞ to −∞ as delta grows. */
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

/** Root of a falling function between two bounds; the nearer bound when it never crosses. */
function bisect(f: (x: number) => number, from: number, to: number): number {
  let low = from
  let high = to
  for (let i = 0; i < 100; i += 1) {
    const middle = (low + high) / 2
    if (f(middle) > 0) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * Smallest true difference that a paired comparison of n items finds with 80 % power at 5 %, when a share `discordance` of the items
 * is right in only one of the two. 1 when even the largest possible difference is out of reach.
 * Source: R. J. Connor, Biometrics 43 (1987) 207–211, solved for the difference.
 */
export function minimumDetectableDifference(n: number, discordance: number): number {
  requireCounts({ n })
  if (!(discordance > 0 && discordance <= 1)) throw new RangeError(`discordance must be in (0, 1], not ${discordance}.`)
  const missing = (delta: number): number =>
    Z_95 * Math.sqrt(discordance) +
    Z_POWER_80 * Math.sqrt(Math.max(0, discordance - delta * delta)) -
    delta * Math.sqrt(n)
  return missing(discordance) > 0 ? 1 : bisect(missing, 0, discordance)
}
