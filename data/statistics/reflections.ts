import { countWords, splitTrace } from '../rows/trace.ts'
import { Lengths, type LengthSummary } from './lengths.ts'

/** Words by which a model turns back on its own reasoning, as Vision-R1 (arXiv 2503.06749) counts them in its cold-start data. */
export const reflectionWords = ['Wait', 'Hmm', 'Mistake', 'Alternatively', 'Check'] as const

/** What traces look like. */
export interface TraceStatistics {
  traces: number
  /** Words of reasoning a trace; null without traces. */
  words: LengthSummary | null
  /** How often each reflection word stands in all traces together. */
  reflections: { word: string; count: number }[]
}

export interface TraceCounter {
  /** Null and blank traces are none. */
  add(trace: string | null): void
  report(): TraceStatistics
}

/**
 * Counts lengths and reflection words of traces as they pass. Both look at the reasoning alone, as `select` and `clean` do,
 * and at the whole text where there are no think tags. Whole words in any case: "check" counts as Check, "checked" and
 * "mistakes" do not. How Vision-R1 told words apart is not published, so its figures are near, not the same by rule.
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

/** Where a word (or a phrase) stands with no letter, digit or underscore on either side. */
function wholeWord(word: string): RegExp {
  const literal = word.trim().replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)
  return new RegExp(String.raw`(?<![\p{L}\p{N}_])${literal}(?![\p{L}\p{N}_])`, 'giu')
}
