import { createHash } from 'node:crypto'
import { z } from 'zod'
import { answerPolicy } from '../domain/answer-check.ts'
import { canonicalJson } from '../domain/canonical.ts'

/**
 * What a score was measured with. Two scores say something about two models only when all of this
 * is the same: a prompt, an image limit or a judge alone can move an accuracy further than a round
 * of training.
 */
export const scoreIdentitySchema = z.strictObject({
  /** Content hash of the benchmark's rows and images. */
  benchmarkRevision: z.string().min(1),
  /** Hash of the prompt template, system prompt and suffix. */
  promptHash: z.string().min(1),
  /** Decoding parameters; `seed` is one of them. */
  decoding: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  /** Pixel limits of the images; null where the processor's own apply. */
  imageLimits: z.strictObject({ minPixels: z.number().nullable(), maxPixels: z.number().nullable() }),
  graderVersion: z.string().min(1),
  /** Judge model, its prompt's version included; null when rules alone graded. */
  judge: z.string().min(1).nullable(),
  /** How the recipe wants answers checked; absent where it says nothing. */
  policy: answerPolicy.optional(),
})
export type ScoreIdentityParts = z.infer<typeof scoreIdentitySchema>
export interface ScoreIdentity extends ScoreIdentityParts {
  /** SHA-256 of the canonical JSON of the parts, hexadecimal. */
  hash: string
}

/**
 * Gives an identity its hash. The order of keys does not matter. Throws a ZodError when a part is
 * missing or unknown.
 */
export function scoreIdentity(parts: ScoreIdentityParts): ScoreIdentity {
  const parsed = scoreIdentitySchema.parse(parts)
  return { ...parsed, hash: createHash('sha256').update(canonicalJson(parsed)).digest('hex') }
}

/** An identity as a score stores it: the parts with their hash. */
const storedIdentity = scoreIdentitySchema.extend({ hash: z.string() })

/**
 * The identity that a stored score has when another grader grades its replies. Null for an identity
 * that this version of Hone cannot read.
 */
export function gradedBy(
  identity: unknown,
  grader: Pick<ScoreIdentityParts, 'graderVersion' | 'judge' | 'policy'>,
): ScoreIdentity | null {
  const parsed = storedIdentity.safeParse(identity)
  if (!parsed.success) return null
  const { hash: _, policy: __, ...parts } = parsed.data
  const { graderVersion, judge, policy } = grader
  return scoreIdentity({ ...parts, graderVersion, judge, ...(policy && { policy }) })
}

const versionPart = z.looseObject({ graderVersion: z.string(), judge: z.string().nullable().catch(null) })

/**
 * The version of the verifier that graded a score, and its judge. Null where the identity has none.
 */
export function graderOfScore(identity: unknown): { verifier: string; judge: string | null } | null {
  const parsed = versionPart.safeParse(identity)
  return parsed.success ? { verifier: parsed.data.graderVersion, judge: parsed.data.judge } : null
}

/** `verifier 2.0.0`; `verifier 2.0.0 with judge-…/model` where a judge graded too. */
export function graderText(identity: unknown): string {
  const grader = graderOfScore(identity)
  if (grader === null) return 'an unknown verifier'
  return `verifier ${grader.verifier}${grader.judge === null ? '' : ` with ${grader.judge}`}`
}
