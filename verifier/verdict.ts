import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { answerKinds, checkOfLine, saidOf, writtenCheck } from '../domain/answer-check.ts'
import type { AnswerKind, AnswerPolicy, Check, CheckField, Said } from '../domain/answer-check.ts'
import type { Verdict } from '../domain/rows.ts'
import type { Effort } from './effort.ts'

/**
 * Changes whenever any verdict, extraction or reward can change. It is stored with every verdict
 * and score.
 */
export const verifierVersion = '3.0.0'

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** The check fields of a case. Its kind is checked apart: the message names all kinds. */
const caseCheck = {
  ...writtenCheck,
  kind: z.string().nullish(),
  choices: z.array(text).max(26).nullish(),
} satisfies Record<CheckField, z.ZodType>

/** One question to the verifier. */
const verifyCaseSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  gold: text,
  /** The whole completion or a bare answer. */
  answer: text,
  ...caseCheck,
})
type VerifyCaseInput = z.infer<typeof verifyCaseSchema>

/** A case whose kind was checked. */
export interface VerifyCase extends Said<Check> {
  id: string
  gold: string
  answer: string
}

export type { AnswerKind, AnswerPolicy, Verdict }

/** The rule that found the answer in the text. */
export type ExtractionRule =
  | 'answer-tag'
  | 'answer-tag-unclosed'
  | 'boxed'
  | 'boxed-unclosed'
  | 'final-answer'
  | 'whole'
  | 'last-math'
  | 'last-number'
  | 'last-letter'
  | 'last-yesno'
  | 'none'

/** An answer as the text states it, and the rule that found it. */
export interface Slot {
  extracted: string
  rule: ExtractionRule
}

/** A slot with its place in the text. */
export interface FoundSlot extends Slot {
  from: number
  to: number
}

/** The reason for a verdict. The codes are stable: they are stored and counted. */
export type ReasonCode =
  // correct
  | 'same-text'
  | 'same-number'
  | 'same-expression'
  | 'same-list'
  | 'same-relation'
  | 'same-choice'
  | 'same-yesno'
  | 'same-date'
  | 'same-time'
  | 'same-box'
  | 'rounded'
  | 'percent-scale'
  | 'ratio-reduced'
  | 'unit-missing'
  | 'unit-converted'
  | 'within-5-percent'
  | 'similar-text'
  | 'overlap'
  | 'point-inside'
  // incorrect
  | 'no-answer'
  | 'empty-answer'
  | 'unclosed-reasoning'
  | 'different-number'
  | 'different-expression'
  | 'different-list'
  | 'different-relation'
  | 'different-choice'
  | 'different-yesno'
  | 'different-text'
  | 'different-unit'
  | 'different-date'
  | 'different-time'
  | 'different-box'
  | 'different-form'
  | 'not-a-number'
  | 'not-an-expression'
  | 'not-a-choice'
  | 'not-a-yesno'
  | 'not-a-date'
  | 'not-a-time'
  | 'not-a-box'
  | 'hedged'
  | 'contradiction'
  /** Equal, but not worked out as far as the gold is. Calculations are unverifiable so. */
  | 'unsolved'
  // unverifiable
  /** The text was not read: a judge may read it. */
  | 'unread'
  /** The text takes its answer back and names no other. */
  | 'retracted'
  /** The text ends in the middle of a sentence, before any answer. */
  | 'cut-off'
  | 'not-understood'
  | 'ambiguous-date'
  | 'free-text'
  | 'contains-gold'
  | 'bad-gold'
  | 'too-long'
  | 'too-hard'
  | 'timed-out'

export interface VerifyResult {
  id: string
  verdict: Verdict
  reason: ReasonCode
  /**
   * The text that was checked, at most 500 characters of it. Null when the text holds no answer.
   */
  extracted: string | null
  rule: ExtractionRule
  /** The share of full accuracy that a correct answer earns, when it is not all of it. */
  score?: number
}

/** The accuracy that a result earns, from 0 to 1. */
export const accuracyOf = ({ verdict, score }: Pick<VerifyResult, 'verdict' | 'score'>): number =>
  verdict === 'correct' ? (score ?? 1) : 0

/** What the rule of a kind says about an extracted answer. */
export interface Ruling {
  verdict: Verdict
  reason: ReasonCode
  /** See {@link VerifyResult}. */
  score?: number
}

/** What the rule of a kind may look at beside the two texts. */
export interface RuleContext {
  /**
   * The number of decimals after the point that count. When undefined, numbers are compared as
   * written.
   */
  precision: number | undefined
  choices: readonly string[]
  policy: AnswerPolicy
  effort: Effort
}

/**
 * The rule of one kind. `gold` and `answer` are bare texts without tags and reasoning. A rule is
 * pure and deterministic, and every loop over input spends steps of the effort. A rule says
 * `correct` only when it can show this, and `unverifiable` when it cannot tell.
 */
export type Rule = (gold: string, answer: string, context: RuleContext) => Ruling

export const correct = (reason: ReasonCode): Ruling => ({ verdict: 'correct', reason })
export const incorrect = (reason: ReasonCode): Ruling => ({ verdict: 'incorrect', reason })
export const unverifiable = (reason: ReasonCode): Ruling => ({ verdict: 'unverifiable', reason })

/**
 * The error for a row that is not a valid case. The message names the row, the next step says how
 * to mend it.
 */
function badCase(message: string, nextStep: string): HoneError {
  return new HoneError({ type: 'InvalidInput', message, nextStep })
}

function isKind(kind: string): kind is AnswerKind {
  return (answerKinds as readonly string[]).includes(kind)
}

/**
 * Parses a foreign value as a case. Throws HoneError (InvalidInput) when it is not a case; the
 * error names the row's id, the field, and what to write instead.
 */
export function parseVerifyCase(value: unknown): VerifyCase {
  const parsed = verifyCaseSchema.safeParse(value)
  if (!parsed.success) {
    const given = z.object({ id: z.union([z.string(), z.number()]) }).safeParse(value)
    const issue = parsed.error.issues[0]
    const path = issue === undefined || issue.path.length === 0 ? 'the row' : `"${issue.path.join('.')}"`
    throw badCase(
      `Row ${given.success ? `"${String(given.data.id)}"` : 'without an id'}: ${path} is not valid (${issue?.message ?? 'unknown'}).`,
      'A row is {"id", "gold", "answer"} as strings, and optionally "kind", "choices" (texts in order), "precision" (decimals), "policy" (see `hone verify --help`).',
    )
  }
  return checkKind(parsed.data)
}

/**
 * Checks the kind of a case whose shape is right. Throws HoneError (InvalidInput) when the kind is
 * unknown.
 */
function checkKind(row: VerifyCaseInput): VerifyCase {
  const kind = row.kind ?? 'auto'
  if (isKind(kind)) {
    const { id, gold, answer } = row
    return { id, gold, answer, ...saidOf(checkOfLine({ ...row, kind })) }
  }
  const known = answerKinds.join(', ')
  throw badCase(`Row "${row.id}": unknown kind "${kind}".`, `Use one of ${known}.`)
}
