import { z } from 'zod'
import { noCheck } from '../../domain/answer-check.ts'
import type { Check } from '../../domain/answer-check.ts'
import { dataStepBase } from '../../domain/recipe/recipe.ts'
import type { Row } from '../../domain/rows.ts'
import { extractAnswer } from '../../verifier/extract.ts'
import { resolveKind } from '../../verifier/verify.ts'
import { countWords, finalAnswerForm, joinTrace, splitTrace } from '../rows/trace.ts'
import { brokenRule } from './logic-rules.ts'
import { dropped, kept } from './outcome.ts'
import type { RowStep } from './step.ts'
import { speakOfImage } from './wording.ts'

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
  /** Whether the rules of logic-rules.ts leave inconsistent chains out, each with its own reason (Vision-R1). */
  logic: z.boolean().default(false),
  /** With `logic`: one sentence may stand there so often. */
  maxSentenceRepeats: z.int().positive().default(5),
  /** image: talk of "the description" becomes talk of the image (Vision-R1). */
  wording: z.enum(['keep', 'image']).default('keep'),
  /** final-answer: after the reasoning stands `<answer> Final Answer:X </answer>` alone (Vision-R1's target format). */
  form: z.enum(['keep', 'final-answer']).default('keep'),
})

type Options = z.infer<typeof options>

/** What says how an answer is read and compared. */
type Checked = Pick<Row, 'answer'> & Check

/**
 * Brings traces into the form to be trained on: `<think>` reasoning `</think>` explanation and answer. Over-repeated
 * reflection is cut together with what follows it inside the reasoning; explanation and answer stay (the filter that
 * OpenVLThinker adopted over a plain length limit). The rules of logic look at what is left after the cut, because that
 * is what is trained on.
 */
export const clean: RowStep<typeof options> = {
  per: 'row',
  options,
  summary: 'check form and logic of traces; cut, keep or drop repeated reflection; let them speak of the image',
  estimate: () => ({ rowsOut: 1, calls: [] }),
  run(row, { options }) {
    const result = cleanTrace(row.trace, options, row)
    return Promise.resolve(['reason' in result ? dropped(row, result.reason) : kept(row, { changes: result })])
  },
}

/** The cleaned trace, or why it cannot be used. */
export function cleanTrace(
  trace: Row['trace'],
  options: Omit<Options, 'step' | 'name' | 'from'>,
  row: Checked = { answer: null, ...noCheck },
): { trace: string } | { reason: string } {
  if (trace === null) return { reason: 'no-trace' }
  const parts = splitTrace(trace)
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
    const broken = options.logic ? brokenRule({ reasoning, rest, answer, row, maxSentenceRepeats }) : null
    if (broken !== null) return { reason: broken }
    if (options.form === 'final-answer') rest = finalAnswerForm(answer)
  }
  if (options.wording === 'image') [reasoning, rest] = [speakOfImage(reasoning), speakOfImage(rest)]
  return { trace: joinTrace({ reasoning, rest }) }
}

/** The answer as the verifier finds it, whatever it says (unlike final-answer.ts); empty when there is none. */
function extractedAnswer(rest: string, { answer, kind, choices }: Checked): string {
  const concrete = resolveKind({ gold: answer ?? '', kind, choices: choices ?? undefined })
  return extractAnswer(rest, concrete).extracted ?? ''
}

/** Where markers stand as whole words, in order. Case counts: "Wait" opens a sentence, "wait" is a word in one. */
function markerPositions(text: string, markers: readonly string[]): number[] {
  const longestFirst = [...markers].sort((a, b) => b.length - a.length)
  const escaped = longestFirst.map((marker) => marker.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
  const pattern = new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${escaped.join('|')})(?![\p{L}\p{N}])`, 'gu')
  return [...text.matchAll(pattern)].map((match) => match.index)
}
