import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../domain/canonical.ts'
import { HoneError } from '../domain/errors.ts'
import { mcnemarExact, pairedDifference } from './statistics.ts'

/**
 * What a score was measured with. Two scores say something about two models only when all of this is the same: the prompt, the
 * image limits or the judge alone can move an accuracy further than a round of training.
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
})
export type ScoreIdentityParts = z.infer<typeof scoreIdentitySchema>
export type ScoreIdentity = ScoreIdentityParts & {
  /** SHA-256 of the canonical JSON of the parts, hexadecimal. */
  hash: string
}

/** Gives an identity its hash. The order of keys does not matter. @throws ZodError when a part is missing or unknown. */
export function scoreIdentity(parts: ScoreIdentityParts): ScoreIdentity {
  const parsed = scoreIdentitySchema.parse(parts)
  return { ...parsed, hash: createHash('sha256').update(canonicalJson(parsed)).digest('hex') }
}

export function sameIdentity(a: ScoreIdentity, b: ScoreIdentity): boolean {
  return a.hash === b.hash
}

/** Names of the parts in which two identities differ. */
export function identityDifferences(a: ScoreIdentity, b: ScoreIdentity): string[] {
  return scoreIdentitySchema.keyof().options.filter((part) => canonicalJson(a[part]) !== canonicalJson(b[part]))
}

/** One model's graded items of one benchmark. An item that no rule could decide counts as not correct. */
export type GradedItems = { identity: ScoreIdentity; items: readonly { id: string; correct: boolean }[] }

export type PairedComparison = {
  n: number
  /** Items that only the first, only the second, both, or neither answer right. */
  aOnly: number
  bOnly: number
  both: number
  neither: number
  /** Accuracy of b − accuracy of a, with its 95 % interval, as fractions. */
  difference: number
  low: number
  high: number
  /** Exact two-sided McNemar. */
  p: number
}

function notComparable(message: string, nextStep: string): HoneError {
  return new HoneError({ type: 'ScoresNotComparable', message, nextStep })
}

/**
 * Compares two models on the same items, whatever their order.
 * @throws HoneError (ScoresNotComparable) when the identities differ, when an item stands twice, when the sets of items differ
 * or when there are none.
 */
export function comparePaired(a: GradedItems, b: GradedItems): PairedComparison {
  if (!sameIdentity(a.identity, b.identity)) {
    throw notComparable(
      `The scores were measured differently: ${identityDifferences(a.identity, b.identity).join(', ')}.`,
      'Evaluate both checkpoints with the same recipe and verifier version, then compare again.',
    )
  }
  const first = byId(a.items, 'first')
  const second = byId(b.items, 'second')
  const missing = [...first.keys()].filter((id) => !second.has(id))
  const added = [...second.keys()].filter((id) => !first.has(id))
  if (missing.length + added.length > 0 || first.size === 0) {
    const example = missing[0] ?? added[0]
    throw notComparable(
      example === undefined
        ? 'There are no items to compare.'
        : `The item sets differ: ${missing.length} items only in the first, ${added.length} only in the second, e.g. "${example}".`,
      'Finish both evaluations on the same split, then compare again.',
    )
  }
  const counts = { aOnly: 0, bOnly: 0, both: 0, neither: 0 }
  for (const [id, right] of first) {
    const other = second.get(id) === true
    if (right) counts[other ? 'both' : 'aOnly'] += 1
    else counts[other ? 'bOnly' : 'neither'] += 1
  }
  const n = first.size
  const { aOnly, bOnly } = counts
  return { n, ...counts, ...pairedDifference(n, aOnly, bOnly), p: mcnemarExact(aOnly, bOnly) }
}

function byId(items: GradedItems['items'], which: string): Map<string, boolean> {
  const map = new Map(items.map((item) => [item.id, item.correct]))
  if (map.size === items.length) return map
  throw notComparable(
    `The ${which} list names an item twice.`,
    'Give each item one result: reduce repeated samples first.',
  )
}
