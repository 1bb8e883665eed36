import { z } from 'zod'
import { dataStepBase } from '../../domain/recipe.ts'
import type { Row } from '../../domain/rows.ts'
import { countWords, joinTrace, splitTrace } from '../trace.ts'
import { dropped, kept } from './outcome.ts'
import type { RowStep } from './step.ts'

const options = z.strictObject({
  step: z.literal('clean'),
  ...dataStepBase,
  /** cut: end the reasoning where reflection repeats itself. drop: leave such a trace out. keep: reflection is welcome. */
  reflections: z.enum(['cut', 'keep', 'drop']).default('cut'),
  /** Words that open a reflection, as they are written at the start of a sentence. */
  markers: z.array(z.string().min(1)).min(1).default(['Wait', 'But wait', 'But the question']),
  /** Reflections that may stay. */
  maxRepeats: z.int().min(0).default(2),
  /** Longer reasoning is left out. */
  maxWords: z.int().positive().optional(),
})

type Options = z.infer<typeof options>

/**
 * Brings traces into the form to be trained on: `<think>` reasoning `</think>` explanation and answer. Over-repeated
 * reflection is cut together with what follows it inside the reasoning; explanation and answer stay (the filter that
 * OpenVLThinker adopted over a plain length limit).
 */
export const clean: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'check the form of traces and cut, keep or drop repeated reflection',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  run(row, { options }) {
    const result = cleanTrace(row.trace, options)
    return Promise.resolve(['reason' in result ? dropped(row, result.reason) : kept(row, { changes: result })])
  },
}

/** The cleaned trace, or why it cannot be used. */
export function cleanTrace(
  trace: Row['trace'],
  { reflections, markers, maxRepeats, maxWords }: Pick<Options, 'reflections' | 'markers' | 'maxRepeats' | 'maxWords'>,
): { trace: string } | { reason: string } {
  if (trace === null) return { reason: 'no-trace' }
  const parts = splitTrace(trace)
  if (!parts || parts.reasoning === '') return { reason: 'malformed' }
  if (!/<answer>[\s\S]*<\/answer>|\\boxed\s*\{/.test(parts.rest)) return { reason: 'no-answer' }
  let { reasoning } = parts
  const excess = reflections === 'keep' ? undefined : markerPositions(reasoning, markers)[maxRepeats]
  if (excess !== undefined) {
    if (reflections === 'drop') return { reason: 'too-many-reflections' }
    reasoning = reasoning.slice(0, excess).trimEnd()
    if (reasoning === '') return { reason: 'only-reflections' }
  }
  if (maxWords !== undefined && countWords(reasoning) > maxWords) return { reason: 'too-long' }
  return { trace: joinTrace({ reasoning, rest: parts.rest }) }
}

/** Where markers stand as whole words, in order. Case counts: "Wait" opens a sentence, "wait" is a word in one. */
function markerPositions(text: string, markers: readonly string[]): number[] {
  const longestFirst = [...markers].sort((a, b) => b.length - a.length)
  const escaped = longestFirst.map((marker) => marker.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const pattern = new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${escaped.join('|')})(?![\p{L}\p{N}])`, 'gu')
  return [...text.matchAll(pattern)].map((match) => match.index)
}
