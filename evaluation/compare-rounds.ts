import { decide } from '../domain/gate.ts'
import type { Decision } from '../domain/gate.ts'
import { mcnemarExact, pairedDifference } from './statistics.ts'

/** Two rounds on the same items of a benchmark. */
export interface PairedCounts {
  n: number
  /** Items that only the old round answers right, and items that only the new one does. */
  oldOnly: number
  newOnly: number
}

/** `difference` is the new accuracy less the old one, as a fraction, with its 95 % interval. */
export interface RoundComparison {
  decision: Decision
  difference: number
  low: number
  high: number
  /** Exact two-sided McNemar. */
  p: number
}

/** Compares two rounds item by item, and decides about the new one. */
export function compareRounds({ n, oldOnly, newOnly }: PairedCounts, marginPercent: number): RoundComparison {
  const { low, high } = pairedDifference(n, oldOnly, newOnly)
  return {
    decision: decide({ low, high }, marginPercent / 100),
    difference: (newOnly - oldOnly) / n,
    low,
    high,
    p: mcnemarExact(oldOnly, newOnly),
  }
}

/** `promote: dev +10.0 points against round 1 (p 0.0020), n 100`. */
export function comparisonText(
  { decision, difference, p }: Pick<RoundComparison, 'decision' | 'difference' | 'p'>,
  { benchmark, against, n }: { benchmark: string; against: number; n: number },
): string {
  const sign = difference < 0 ? '−' : '+'
  const points = Math.abs(100 * difference).toFixed(1)
  return `${decision}: ${benchmark} ${sign}${points} points against round ${against} (p ${p.toPrecision(2)}), n ${n}`
}
