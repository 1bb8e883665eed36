import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Row } from '../../domain/rows.ts'
import { reasoningWords } from '../rows/trace.ts'
import { outcome } from './outcome.ts'
import type { QuestionStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('select'),
  ...dataStepBase,
  /** Which traces of a question stay: by words of reasoning, in their given order, or all. */
  pick: z.enum(['shortest', 'longest', 'first', 'all']).default('shortest'),
  /** How many traces stay. Ignored with `all`. */
  keep: z.int().positive().default(1),
  /** Questions with fewer traces lose all their rows. */
  minTraces: z.int().positive().default(1),
})

/**
 * Chooses among the traces of one question. Two equal traces count once. Of two traces of the same
 * length the row with the smaller id wins, so the same rows always give the same choice.
 */
export const select: QuestionStep<typeof options> = {
  per: 'question',
  options,
  summary: 'choose among the traces of a question, e.g. the shortest',
  // The step before knows how many traces a question has. A plan counts all of them.
  estimate: () => ({ rowsOut: 1, calls: [] }),
  run(rows, { options: { pick, keep, minTraces } }) {
    const reasons = new Map<string, string>()
    const seen = new Set<string>()
    const traces: { row: Row; words: number }[] = []
    for (const row of rows) {
      if (row.trace === null) reasons.set(row.id, 'no-trace')
      else if (seen.has(row.trace)) reasons.set(row.id, 'duplicate-trace')
      else {
        seen.add(row.trace)
        traces.push({ row, words: reasoningWords(row.trace) })
      }
    }
    const sign = pick === 'shortest' ? 1 : pick === 'longest' ? -1 : 0
    const ordered =
      sign === 0 ? traces : traces.toSorted((a, b) => sign * (a.words - b.words) || (a.row.id < b.row.id ? -1 : 1))
    const enough = traces.length >= minTraces
    ordered.forEach(({ row }, place) => {
      if (!enough) reasons.set(row.id, 'too-few-traces')
      else if (pick !== 'all' && place >= keep) reasons.set(row.id, `not-${pick}`)
    })
    return Promise.resolve(rows.map((row) => outcome(row, reasons.get(row.id) ?? null)))
  },
}
