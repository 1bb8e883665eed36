import { z } from 'zod'
import { noCheck } from '../../domain/answer-check.ts'
import type { Check } from '../../domain/answer-check.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Row } from '../../domain/rows.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import { withOwnMarks } from '../../verifier/model-marks.ts'
import { resolveKind } from '../../verifier/verify.ts'
import { countWords, finalAnswerForm, joinTrace, splitTrace } from '../rows/trace.ts'
import { brokenRule } from './logic-rules.ts'
import { dropped, kept } from './outcome.ts'
import type { RowStep } from './step.ts'
import { speakOfImage } from './wording.ts'

const options = z.strictObject({
  step: z.literal('clean'),
  ...dataStepBase,
  /**
   * cut: end the reasoning where reflection repeats itself. drop: drop such a trace. keep: leave
   * reflection as it is.
   */
  reflections: z.enum(['cut', 'keep', 'drop']).default('cut'),
  /** Words that open a reflection, spelt as at the start of a sentence. */
  markers: z.array(z.string().min(1)).min(1).default(['Wait', 'But wait', 'But the question']),
  /** How many reflections may stay. */
  maxRepeats: z.int().min(0).default(2),
  /** Traces with longer reasoning are dropped. */
  maxWords: z.int().positive().optional(),
  /**
   * Whether the rules of logic-rules.ts drop inconsistent traces, each rule with its own reason
   * (Vision-R1).
   */
  logic: z.boolean().default(false),
  /** With `logic`: how often one sentence may occur. */
  maxSentenceRepeats: z.int().positive().default(5),
  /** image: "the description" becomes "the image" (Vision-R1). */
  wording: z.enum(['keep', 'image']).default('keep'),
  /**
   * final-answer: only `<answer> Final Answer:X </answer>` follows the reasoning (Vision-R1's
   * format).
   */
  form: z.enum(['keep', 'final-answer']).default('keep'),
})

type Options = z.infer<typeof options>

/** The fields that decide how an answer is read and compared. */
type Checked = Pick<Row, 'answer'> & Check

/**
 * Brings traces into the form for training: `<think>` reasoning `</think>` explanation and answer.
 * Repeated reflection is cut together with the reasoning after it. Explanation and answer stay.
 * (OpenVLThinker chose this filter over a plain length limit.) The rules of logic read the text
 * after the cut, because training reads that text.
 */
export const clean: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'check form and logic of traces; cut, keep or drop repeated reflection; let them speak of the image',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  async run(row, { options }) {
    const result = await cleanTrace(row.trace, options, row)
    return ['reason' in result ? dropped(row, result.reason) : kept(row, { changes: result })]
  },
}

/** The cleaned trace, or the reason why the trace is dropped. */
export async function cleanTrace(
  trace: Row['trace'],
  options: Omit<Options, 'step' | 'name' | 'from'>,
  row: Checked = { answer: null, ...noCheck },
): Promise<{ trace: string } | { reason: string }> {
  if (trace === null) return { reason: 'no-trace' }
  const parts = splitTrace(withOwnMarks(trace, row.policy ?? undefined))
  if (!parts || parts.reasoning === '') return { reason: 'malformed' }
  if (!/<answer>[\s\S]*<\/answer>|\\boxed\s*\{/.test(parts.rest)) return { reason: 'no-answer' }
  let { reasoning, rest } = parts
  const { reflections, markers, maxRepeats, maxWords } = options
  const excess = reflections === 'keep' ? undefined : markerPositions(reasoning, markers)[maxRepeats]
  if (excess !== undefined) {
    if (reflections === 'drop') return { reason: 'too-many-reflections' }
    reasoning = reasoning.slice(0, excess).trimEnd()
    if (reasoning === '') return { reason: 'only-reflections' }
  }
  if (maxWords !== undefined && countWords(reasoning) > maxWords) return { reason: 'too-long' }
  if (options.logic || options.form === 'final-answer') {
    const answer = extractedAnswer(rest, row)
    if (answer === '') return { reason: 'no-answer' }
    const { maxSentenceRepeats } = options
    const broken = options.logic ? await brokenRule({ reasoning, rest, answer, row, maxSentenceRepeats }) : null
    if (broken !== null) return { reason: broken }
    if (options.form === 'final-answer') rest = finalAnswerForm(answer)
  }
  if (options.wording === 'image') [reasoning, rest] = [speakOfImage(reasoning), speakOfImage(rest)]
  return { trace: joinTrace({ reasoning, rest }) }
}

/**
 * The answer as the verifier finds it, or '' without an answer. Unlike final-answer.ts it accepts
 * answers such as "unknown".
 */
function extractedAnswer(rest: string, { answer, kind, choices, policy }: Checked): string {
  const concrete = resolveKind({ gold: answer ?? '', kind, choices: choices ?? undefined })
  return extractAnswer(rest, concrete, { policy: policy ?? undefined }).extracted ?? ''
}

/**
 * Positions of the markers that are whole words, in order. Case counts: "Wait" opens a sentence,
 * "wait" is a word inside a sentence.
 */
function markerPositions(text: string, markers: readonly string[]): number[] {
  const longestFirst = [...markers].sort((a, b) => b.length - a.length)
  const escaped = longestFirst.map((marker) => marker.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const pattern = new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${escaped.join('|')})(?![\p{L}\p{N}])`, 'gu')
  return [...text.matchAll(pattern)].map((match) => match.index)
}
