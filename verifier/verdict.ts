import { z } from 'zod'
import { HoneError } from '../domain/errors.ts'
import { answerKinds } from '../domain/rows.ts'
import type { AnswerKind, Verdict } from '../domain/rows.ts'

/** Changes whenever any verdict, extraction or reward can change; stored with every verdict and score. */
export const VERIFIER_VERSION = '1.0.0'

/** Names that the row format keeps for answer kinds without rules yet: refused, so that no row is judged by the wrong rule. */
const RESERVED_KINDS = ['expression', 'list', 'date', 'time', 'ocr', 'chart', 'box'] as const

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** One question to the verifier. `precision` is the number of decimals after the point that count. */
export const verifyCaseSchema = z.object({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  gold: text,
  /** The whole completion or a bare answer. */
  answer: text,
  kind: z.string().nullish(),
  /** Texts of the options in order: the first is A. */
  choices: z.array(text).max(26).nullish(),
  precision: z.number().int().min(0).max(100).nullish(),
})
export type VerifyCaseInput = z.infer<typeof verifyCaseSchema>

/** A case whose kind was checked. */
export type VerifyCase = {
  id: string
  gold: string
  answer: string
  kind?: AnswerKind | undefined
  choices?: readonly string[] | undefined
  precision?: number | undefined
}

export type { AnswerKind, Verdict }

/** Which rule found the answer in the text. */
export type ExtractionRule =
  | 'answer-tag'
  | 'answer-tag-unclosed'
  | 'boxed'
  | 'boxed-unclosed'
  | 'final-answer'
  | 'whole'
  | 'last-number'
  | 'last-letter'
  | 'last-yesno'
  | 'none'

/** Why a verdict is what it is. Codes are stable: they are stored and counted. */
export type ReasonCode =
  | 'same-text'
  | 'same-number'
  | 'same-choice'
  | 'same-yesno'
  | 'rounded'
  | 'percent-scale'
  | 'unit-missing'
  | 'no-answer'
  | 'empty-answer'
  | 'unclosed-reasoning'
  | 'different-number'
  | 'different-choice'
  | 'different-yesno'
  | 'different-text'
  | 'different-unit'
  | 'not-a-number'
  | 'not-a-choice'
  | 'not-a-yesno'
  | 'hedged'
  | 'contradiction'
  | 'needs-expression'
  | 'needs-conversion'
  | 'free-text'
  | 'contains-gold'
  | 'bad-gold'
  | 'too-long'

export type VerifyResult = {
  id: string
  verdict: Verdict
  reason: ReasonCode
  /** The text that was judged; null when none was found. */
  extracted: string | null
  rule: ExtractionRule
}

/** What one kind's rule says about an extracted answer. */
export type Judgement = { verdict: Verdict; reason: ReasonCode }

export const correct = (reason: ReasonCode): Judgement => ({ verdict: 'correct', reason })
export const incorrect = (reason: ReasonCode): Judgement => ({ verdict: 'incorrect', reason })
export const unverifiable = (reason: ReasonCode): Judgement => ({ verdict: 'unverifiable', reason })

/** A row that cannot be judged because it is not a valid case. The message names the row, the next step says the fix. */
function badCase(message: string, nextStep: string): HoneError {
  return new HoneError({ type: 'InvalidInput', message, nextStep })
}

function isKind(kind: string): kind is AnswerKind {
  return (answerKinds as readonly string[]).includes(kind)
}

/**
 * Parses a foreign value as a case.
 * @throws HoneError (InvalidInput) that names the row's id, the field, and what to write instead.
 */
export function parseVerifyCase(value: unknown): VerifyCase {
  const parsed = verifyCaseSchema.safeParse(value)
  if (!parsed.success) {
    const given = z.object({ id: z.string() }).safeParse(value)
    const issue = parsed.error.issues[0]
    const path = issue === undefined || issue.path.length === 0 ? 'the row' : `"${issue.path.join('.')}"`
    throw badCase(
      `Row ${given.success ? `"${given.data.id}"` : 'without an id'}: ${path} is not valid (${issue?.message ?? 'unknown'}).`,
      'A row is {"id", "gold", "answer"} as strings, and optionally "kind", "choices" (texts in order), "precision" (decimals).',
    )
  }
  return checkKind(parsed.data)
}

/** Narrows the kind of a case whose shape is right. @throws HoneError (InvalidInput) for an unknown or reserved kind. */
export function checkKind(row: VerifyCaseInput): VerifyCase {
  const kind = row.kind ?? 'auto'
  if (isKind(kind)) {
    return {
      id: row.id,
      gold: row.gold,
      answer: row.answer,
      kind,
      choices: row.choices ?? undefined,
      precision: row.precision ?? undefined,
    }
  }
  const known = answerKinds.join(', ')
  const reserved = (RESERVED_KINDS as readonly string[]).includes(kind)
  throw badCase(
    reserved
      ? `Row "${row.id}": kind "${kind}" is reserved and has no rules in verifier ${VERIFIER_VERSION}.`
      : `Row "${row.id}": unknown kind "${kind}".`,
    `Use one of ${known}.`,
  )
}
