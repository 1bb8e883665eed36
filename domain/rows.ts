import { z } from 'zod'
import { checkFields, rewardFields, writtenCheck } from './answer-check.ts'
import type { Check, RewardKind } from './answer-check.ts'

/** Verdict of the verifier on one answer. */
export const verdicts = ['correct', 'incorrect', 'unverifiable'] as const
export type Verdict = (typeof verdicts)[number]

export interface RowVerdict {
  verdict: Verdict
  /** Reason code of the verifier. */
  reason: string
  extracted: string | null
  verifierVersion: string
}

/**
 * One item on its way through a round. Source rows carry images and a question; later rows add a
 * description, a trace and a verdict. Rows are values: a step returns new rows and never changes
 * the rows that it was given.
 */
export interface Row extends Check {
  id: string
  /** The row that this row was made from; null for a source row. */
  parentId: string | null
  /** The source row at the root: all samples of one question share it. */
  originId: string
  /** SHA-256 of each image, in order. */
  images: readonly string[]
  question: string
  answer: string | null
  description: string | null
  /** The full text of a completion, tags included. */
  trace: string | null
  verdict: RowVerdict | null
  metadata: Readonly<Record<string, unknown>>
}

/** A row as stores return it. */
export const rowSchema = z.object({
  id: z.string(),
  parentId: z.string().nullable(),
  originId: z.string(),
  images: z.array(z.string()),
  question: z.string(),
  answer: z.string().nullable(),
  ...checkFields.shape,
  description: z.string().nullable(),
  trace: z.string().nullable(),
  verdict: z
    .object({
      verdict: z.enum(verdicts),
      reason: z.string(),
      extracted: z.string().nullable(),
      verifierVersion: z.string(),
    })
    .nullable(),
  metadata: z.record(z.string(), z.unknown()),
})

/**
 * What a data step says about one output row. A field without a change is inherited from the row
 * that the output was made from.
 */
export interface Outcome {
  status: 'kept' | 'dropped'
  /**
   * Why the row was dropped; null when kept. A short code, e.g. `truncated`, `not-shortest`,
   * `empty-description`.
   */
  reason: string | null
  /** The row that the output was made from. */
  parentId: string
  changes: Partial<Omit<Row, 'id' | 'parentId' | 'originId' | 'images'>>
  /** Content keys of the replies that the output was made from, in order of use. */
  requestKeys: readonly string[]
}

/** Types of written questions (WeThink): options to choose from, a short answer, a text. */
export const questionTypes = ['choice', 'fill-in', 'descriptive'] as const
export type QuestionType = (typeof questionTypes)[number]

/** Grades of a question's source (OpenVLThinker v3, RL curriculum). */
export const difficulties = ['easy', 'medium', 'hard'] as const
export type Difficulty = (typeof difficulties)[number]

const known = z.object({
  /** The data set that a row came from, where one file joins several. */
  source: z.string().optional().catch(undefined),
  type: z.enum(questionTypes).optional().catch(undefined),
  /** What a question asks of its reader, e.g. `reasoning`, `recognition`, `spatial`. */
  abilities: z.array(z.string()).optional().catch(undefined),
  category: z.string().optional().catch(undefined),
  reward: rewardFields.shape.reward.unwrap().optional().catch(undefined),
  difficulty: z.enum(difficulties).optional().catch(undefined),
  /** A rater's opinion of how hard a question is, 1 to 10. */
  rating: z.number().optional().catch(undefined),
})

/**
 * The fields of a row's metadata that steps know by name. A value of another form counts as absent.
 */
export const knownMetadata = (metadata: Row['metadata']): z.infer<typeof known> => known.parse(metadata)

/** Who rewards a row's answers; null where the row does not say, and the reward server decides. */
export const rewardOf = ({ metadata }: Pick<Row, 'metadata'>): RewardKind | null =>
  knownMetadata(metadata).reward ?? null

/**
 * What is known of a picture's looks, for finding it again in another file. The table `images`
 * keeps it; data/pictures/fingerprint.ts makes it.
 */
export interface Fingerprint {
  /**
   * 64-bit perceptual hashes, 16 hex digits each: DCT of 32×32 grey pixels, and differences of 9×8.
   */
  phash: string
  dhash: string
  /** SHA-256 of the decoded, upright sRGB pixels with their size: equal pictures in other files. */
  pixels: string
  /**
   * Standard deviation of the grey values, 0 to 128: a nearly blank picture looks like any other.
   */
  spread: number
}

/** A line of a source file: the simplest form of a user's own data. */
export const sourceLine = z.strictObject({
  id: z.union([z.string().min(1), z.number()]).transform(String),
  images: z.array(z.string().min(1)).min(1),
  /** Left out where questions are written from the picture, by `convert` or `synthesize`. */
  question: z.string().min(1).optional(),
  answer: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
  ...writtenCheck,
  metadata: z.record(z.string(), z.unknown()).optional(),
})

/** Fingerprints of many pictures at a time. */
export type FingerprintsOf = (hashes: readonly string[]) => Promise<ReadonlyMap<string, Fingerprint>>

/** A row of an earlier dataset as evidence. Dropped and failed rows are evidence too. */
export interface EvidenceRow extends Row {
  /** The dataset's name in the recipe. */
  from: string
  status: 'kept' | 'dropped' | 'failed'
  /** Why the row was dropped or failed. Null when it was kept. */
  reason: string | null
}

/**
 * The fields of a row that a dataset step sees: enough to choose, and small enough for hundreds of
 * thousands of rows.
 */
export interface RowRef {
  id: string
  originId: string
  /** Index into the step's `from`. */
  input: number
  /** The row's metadata under the step's option `by`. Null without it. */
  group: string | null
}
