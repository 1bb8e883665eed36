import { countWords, splitTrace } from '../rows/trace.ts'
import { Lengths } from './lengths.ts'
import type { LengthSummary } from './lengths.ts'

/**
 * Words with which a model doubts its own reasoning, as Vision-R1 (arXiv 2503.06749) counts them in
 * its cold-start data.
 */
export const reflectionWords = ['Wait', 'Hmm', 'Mistake', 'Alternatively', 'Check'] as const

/** Figures of traces. */
export interface TraceStatistics {
  traces: number
  /** Words of reasoning of each trace. Null without traces. */
  words: LengthSummary | null
  /** How often each reflection word occurs in all traces together. */
  reflections: { word: string; count: number }[]
}

export interface TraceCounter {
  /** Null and blank traces do not count. */
  add(trace: string | null): void
  report(): TraceStatistics
}

/**
 * Counts lengths and reflection words, trace by trace. Both read only the reasoning, as `select`
 * and `clean` do, or the whole text without think tags. Whole words count in any case: "check"
 * counts as Check; "checked" and "mistakes" do not count. Vision-R1 does not publish how it splits
 * words, so its figures are close but not equal.
 */
export function countTraces(words: readonly string[] = reflectionWords): TraceCounter {
  const lengths = new Lengths()
  const counts = words
    .filter((word) => word.trim() !== '')
    .map((word) => ({ word, pattern: wholeWord(word), count: 0 }))
  return {
    add(trace) {
      if (trace === null || trace.trim() === '') return
      const reasoning = splitTrace(trace)?.reasoning ?? trace
      lengths.add(countWords(reasoning))
      for (const one of counts) one.count += reasoning.match(one.pattern)?.length ?? 0
    },
    report: () => ({
      traces: lengths.count,
      words: lengths.summary(),
      reflections: counts.map(({ word, count }) => ({ word, count })),
    }),
  }
}

/** Matches a word or phrase without a letter, digit or underscore on either side. */
function wholeWord(word: string): RegExp {
  const literal = word.trim().replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
  return new RegExp(String.raw`(?<![\p{L}\p{N}_])${literal}(?![\p{L}\p{N}_])`, 'giu')
}
